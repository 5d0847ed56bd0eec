/*
 * Cloud Hypervisor's device keys that are known by name and not supported yet. When a device comes,
 * its table moves to config_table.c and its rows get fields.
 */
#include "vmm/config_table.h"

#define TABLE(name)	       const struct schema_table vm_later_##name = { SCHEMA_ROWS(name) }
#define TEXT(key)	       LATER(key, STRING, "text")
#define TRUTH(key)	       LATER(key, BOOL, "true or false")
#define PCI_PLACE	       NUMBER("pci_segment"), NUMBER("pci_device_id")
#define NUMBER(key)	       LATER(key, UINT, "number")
#define BYTES(key)	       LATER(key, SIZE, "bytes")
#define OBJECT_OF(key, table_) LATER(key, OBJECT, "keys", .table = (table_))
#define LIST_OF(key, table_)   LATER(key, LIST, "list", .items = SCHEMA_OBJECT, .table = (table_))

static const struct schema_row bucket_rows[] = { BYTES("size"), BYTES("one_time_burst"),
						 NUMBER("refill_time") };
static const struct schema_table bucket = { SCHEMA_ROWS(bucket_rows) };
static const struct schema_row limiter_rows[] = { OBJECT_OF("bandwidth", &bucket),
						  OBJECT_OF("ops", &bucket) };
static const struct schema_table limiter = { SCHEMA_ROWS(limiter_rows) };
static const struct schema_row rate_group[] = { TEXT("id"),
						OBJECT_OF("rate_limiter_config", &limiter) };
TABLE(rate_group);

static const struct schema_row queue_rows[] = { NUMBER("queue_index"),
						LATER("host_cpus", CPUS, "host CPUs") };
static const struct schema_table queue = { SCHEMA_ROWS(queue_rows), .separator = '@' };

static const struct schema_row disk[] = {
	TEXT("path"),
	TRUTH("readonly"),
	TRUTH("direct"),
	TRUTH("iommu"),
	NUMBER("num_queues"),
	NUMBER("queue_size"),
	TRUTH("vhost_user"),
	TEXT("vhost_socket"),
	TEXT("rate_limit_group"),
	OBJECT_OF("rate_limiter_config", &limiter),
	TEXT("id"),
	TRUTH("disable_io_uring"),
	TRUTH("disable_aio"),
	PCI_PLACE,
	TEXT("serial"),
	LIST_OF("queue_affinity", &queue),
	LIST_OF("affinity", &queue),
	TRUTH("backing_files"),
	TRUTH("sparse"),
	TEXT("image_type"),
	TEXT("lock_granularity"),
};
TABLE(disk);

static const struct schema_row user_rows[] = {
	LATER("hostfwd", LIST, "forwarded ports", .items = SCHEMA_STRING),
};
static const struct schema_table user = { SCHEMA_ROWS(user_rows) };

static const struct schema_row net[] = {
	TEXT("tap"),
	OBJECT_OF("user", &user),
	TEXT("ip"),
	TEXT("mask"),
	TEXT("mac"),
	TEXT("host_mac"),
	NUMBER("mtu"),
	TRUTH("iommu"),
	NUMBER("num_queues"),
	NUMBER("queue_size"),
	TRUTH("vhost_user"),
	TEXT("vhost_socket"),
	TEXT("vhost_mode"),
	TEXT("id"),
	LATER("fds", LIST, "open tap descriptors", .items = SCHEMA_UINT),
	OBJECT_OF("rate_limiter_config", &limiter),
	PCI_PLACE,
	TRUTH("offload_tso"),
	TRUTH("offload_ufo"),
	TRUTH("offload_csum"),
};
TABLE(net);

static const struct schema_row rng[] = { TEXT("src"), TRUTH("iommu"), TEXT("id"), PCI_PLACE };
TABLE(rng);

static const struct schema_row balloon[] = { BYTES("size"),
					     TRUTH("deflate_on_oom"),
					     TRUTH("free_page_reporting"),
					     TRUTH("iommu"),
					     TEXT("id"),
					     PCI_PLACE };
TABLE(balloon);

static const struct schema_row fs[] = { TEXT("tag"),	      TEXT("socket"), NUMBER("num_queues"),
					NUMBER("queue_size"), TEXT("id"),     PCI_PLACE };
TABLE(fs);

static const struct schema_row vhost_user[] = {
	TEXT("socket"), LATER("queue_sizes", LIST, "numbers", .items = SCHEMA_UINT),
	NUMBER("device_type"), TEXT("id"), PCI_PLACE
};
TABLE(vhost_user);

static const struct schema_row rtc[] = { TEXT("id"), TRUTH("iommu"), PCI_PLACE };
TABLE(rtc);

static const struct schema_row pmem[] = { TEXT("file"),	  BYTES("size"),
					  TRUTH("iommu"), TRUTH("discard_writes"),
					  TEXT("id"),	  PCI_PLACE };
TABLE(pmem);

static const struct schema_row debug_console[] = { TEXT("mode"), TEXT("file"), NUMBER("iobase") };
TABLE(debug_console);

static const struct schema_row device[] = { TEXT("path"),
					    TRUTH("iommu"),
					    TEXT("id"),
					    PCI_PLACE,
					    NUMBER("x_nv_gpudirect_clique"),
					    LATER("x_exclude_mmap_bars", LIST, "numbers",
						  .items = SCHEMA_UINT) };
TABLE(device);

static const struct schema_row user_device[] = { TEXT("socket"), TEXT("id"), PCI_PLACE };
TABLE(user_device);

static const struct schema_row vdpa[] = { TEXT("path"), NUMBER("num_queues"), TRUTH("iommu"),
					  TEXT("id"), PCI_PLACE };
TABLE(vdpa);

static const struct schema_row vsock[] = { NUMBER("cid"), TEXT("socket"), TRUTH("iommu"),
					   TEXT("id"), PCI_PLACE };
TABLE(vsock);

static const struct schema_row platform[] = {
	NUMBER("num_pci_segments"),
	LATER("iommu_segments", LIST, "segments behind the IOMMU", .items = SCHEMA_UINT),
	NUMBER("iommu_address_width_bits"),
	TEXT("serial_number"),
	TEXT("uuid"),
	LATER("oem_strings", LIST, "SMBIOS strings", .items = SCHEMA_STRING),
	TRUTH("tdx"),
	TRUTH("sev_snp"),
};
TABLE(platform);

static const struct schema_row pci_segment[] = { NUMBER("pci_segment"),
						 NUMBER("mmio32_aperture_weight"),
						 NUMBER("mmio64_aperture_weight") };
TABLE(pci_segment);

static const struct schema_row tpm[] = { TEXT("socket") };
TABLE(tpm);

static const struct schema_row landlock[] = { TEXT("path"), TEXT("access") };
TABLE(landlock);

static const struct schema_row ivshmem[] = { TEXT("path"), BYTES("size") };
TABLE(ivshmem);

static const struct schema_row sgx[] = { TEXT("id"), BYTES("size"), TRUTH("prefault") };
TABLE(sgx);

static const struct schema_row item_rows[] = { TEXT("name"), TEXT("file") };
static const struct schema_table fw_item = { SCHEMA_ROWS(item_rows) };
static const struct schema_row items_rows[] = { LIST_OF("item_list", &fw_item) };
static const struct schema_table fw_items = { SCHEMA_ROWS(items_rows) };
static const struct schema_row fw_cfg[] = {
	TRUTH("e820"),	    TRUTH("kernel"),	  TRUTH("cmdline"),
	TRUTH("initramfs"), TRUTH("acpi_tables"), OBJECT_OF("items", &fw_items),
};
TABLE(fw_cfg);
