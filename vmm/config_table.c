#include "vmm/config_table.h"

#include "base/size.h"
#include "vmm/config.h"

#define VCPUS_MAX 1024

static const struct schema_row payload_rows[] = {
	ROW(vm_payload, kernel, STRING, "kernel image: bzImage or ELF", .min = 1, .flag = "kernel"),
	ROW(vm_payload, initramfs, STRING, "initial RAM file system", .min = 1,
	    .flag = "initramfs"),
	ROW(vm_payload, cmdline, STRING, "kernel command line", .flag = "cmdline"),
	LATER("firmware", STRING, "firmware to boot in place of a kernel", .flag = "firmware"),
	LATER("igvm", STRING, "IGVM image", .flag = "igvm"),
	LATER("host_data", STRING, "host data of a confidential VM", .flag = "host-data"),
	LATER("fw_cfg_config", OBJECT, "fw_cfg device", .table = &vm_later_fw_cfg,
	      .flag = "fw-cfg-config"),
};
static const struct schema_table payload = { SCHEMA_ROWS(payload_rows),
					     .size = sizeof(struct vm_payload) };

static const struct schema_row topology_rows[] = {
	ROW(vm_cpu_topology, threads_per_core, UINT, "threads of a core", .min = 1,
	    .max = VCPUS_MAX, .required = true),
	ROW(vm_cpu_topology, cores_per_die, UINT, "cores of a die", .min = 1, .max = VCPUS_MAX,
	    .required = true),
	ROW(vm_cpu_topology, dies_per_package, UINT, "dies of a package", .min = 1,
	    .max = VCPUS_MAX, .required = true),
	ROW(vm_cpu_topology, packages, UINT, "packages (sockets)", .min = 1, .max = VCPUS_MAX,
	    .required = true),
};
static const struct schema_table topology = { SCHEMA_ROWS(topology_rows),
					      .size = sizeof(struct vm_cpu_topology),
					      .separator = ':' };

static const struct schema_row affinity_rows[] = {
	ROW(vm_cpu_affinity, vcpu, UINT, "the vCPU", .max = VCPUS_MAX - 1, .required = true),
	ROW(vm_cpu_affinity, host_cpus, CPUS, "host CPUs that it may run on", .required = true),
};
static const struct schema_table affinity = { SCHEMA_ROWS(affinity_rows),
					      .size = sizeof(struct vm_cpu_affinity),
					      .separator = '@' };

static const struct schema_row feature_rows[] = {
	ROW(vm_cpu_features, amx, BOOL, "let the guest use AMX tiles", .fallback = "false"),
};
static const struct schema_table features = { SCHEMA_ROWS(feature_rows),
					      .size = sizeof(struct vm_cpu_features) };

static const struct schema_row cpu_rows[] = {
	ROW(vm_cpus, boot_vcpus, UINT, "vCPUs that the guest starts with", .min = 1,
	    .max = VCPUS_MAX, .fallback = "1", .alias = "boot"),
	ROW(vm_cpus, max_vcpus, UINT, "vCPUs that it may ever have; default: boot_vcpus", .min = 1,
	    .max = VCPUS_MAX, .alias = "max"),
	ROW(vm_cpus, topology, OBJECT,
	    "what the guest is told; without it, what its placement gives", .table = &topology),
	LIST(vm_cpus, affinity, OBJECT, "vCPUs bound by hand; the others are placed",
	     .table = &affinity, .max = VCPUS_MAX),
	ROW(vm_cpus, features, OBJECT, "CPU features that are off unless asked for",
	    .table = &features),
	LATER("kvm_hyperv", BOOL, "Hyper-V enlightenments"),
	LATER("max_phys_bits", UINT, "bits of a guest-physical address"),
	LATER("nested", BOOL, "let the guest run VMs of its own"),
	LATER("core_scheduling", STRING, "core scheduling of the vCPU threads"),
};
static const struct schema_table cpus = { SCHEMA_ROWS(cpu_rows), .size = sizeof(struct vm_cpus),
					  .bare = "boot_vcpus" };

static const struct schema_row zone_rows[] = {
	ROW(vm_memory_zone, id, STRING, "name, for numa.memory_zones", .min = 1, .max = 64,
	    .required = true),
	ROW(vm_memory_zone, size, SIZE, "bytes", .min = (int64_t)MIB, .required = true),
	ROW(vm_memory_zone, host_numa_node, UINT, "host node that it comes from",
	    .max = CPUSET_MAX - 1),
	ROW(vm_memory_zone, hugepages, TRI, "huge pages; auto: as memory.hugepages",
	    .fallback = "auto"),
	ROW(vm_memory_zone, hugepage_size, SIZE,
	    "size of its huge pages; default: memory.hugepage_size", .min = 2 << 20),
	ROW(vm_memory_zone, prefault, TRI, "touch all pages at start; auto: as memory.prefault",
	    .fallback = "auto"),
	ROW(vm_memory_zone, shared, BOOL, "shared mapping", .fallback = "false"),
	LATER("file", STRING, "back the zone by a file"),
	LATER("mergeable", BOOL, "let KSM merge pages"),
	LATER("reserve", BOOL, "reserve swap for the mapping"),
	LATER("hotplug_size", SIZE, "memory that can be plugged"),
	LATER("hotplugged_size", SIZE, "memory that is plugged at start"),
};
static const struct schema_table zone = { SCHEMA_ROWS(zone_rows),
					  .size = sizeof(struct vm_memory_zone) };

static const struct schema_row memory_rows[] = {
	ROW(vm_memory, size, SIZE, "bytes; default: the sum of the zones, else 512M",
	    .min = (int64_t)MIB),
	ROW(vm_memory, hugepages, BOOL, "back it by huge pages", .fallback = "false"),
	ROW(vm_memory, hugepage_size, SIZE, "2M or 1G; default with hugepages: 2M", .min = 2 << 20),
	ROW(vm_memory, prefault, TRI,
	    "touch all pages at start; auto: with placement.strict, huge pages or tune latency",
	    .fallback = "auto"),
	ROW(vm_memory, thp, BOOL, "ask for transparent huge pages", .fallback = "true"),
	ROW(vm_memory, mlock, BOOL, "lock the pages in host memory", .fallback = "false"),
	ROW(vm_memory, shared, BOOL, "shared mapping, for devices in other processes",
	    .fallback = "false"),
	LIST(vm_memory, zones, OBJECT, "pieces of it, each from one host node", .table = &zone,
	     .max = 1024, .flag = "memory-zone"),
	LATER("mergeable", BOOL, "let KSM merge pages"),
	LATER("reserve", BOOL, "reserve swap for the mapping"),
	LATER("hotplug_method", STRING, "Acpi or VirtioMem"),
	LATER("hotplug_size", SIZE, "memory that can be plugged"),
	LATER("hotplugged_size", SIZE, "memory that is plugged at start"),
};
static const struct schema_table memory = { SCHEMA_ROWS(memory_rows),
					    .size = sizeof(struct vm_memory), .bare = "size" };

static const struct schema_row distance_rows[] = {
	ROW(vm_numa_distance, destination, UINT, "the other guest node", .max = CPUSET_MAX - 1,
	    .required = true),
	ROW(vm_numa_distance, distance, UINT, "as in the ACPI SLIT: 10 is local", .min = 10,
	    .max = 255, .required = true),
};
static const struct schema_table distance = { SCHEMA_ROWS(distance_rows),
					      .size = sizeof(struct vm_numa_distance),
					      .separator = '@' };

static const struct schema_row numa_rows[] = {
	ROW(vm_numa_node, guest_numa_id, UINT, "the guest node's number", .max = 1023,
	    .required = true),
	ROW(vm_numa_node, cpus, CPUS, "its vCPUs"),
	LIST(vm_numa_node, distances, OBJECT, "from it to other nodes", .table = &distance,
	     .max = 1024),
	LIST(vm_numa_node, memory_zones, STRING, "ids of its memory zones", .max = 1024),
	LATER("pci_segments", LIST, "its PCI segments", .items = SCHEMA_UINT),
	LATER("sgx_epc_sections", LIST, "its SGX sections", .items = SCHEMA_STRING),
};
static const struct schema_table numa = { SCHEMA_ROWS(numa_rows),
					  .size = sizeof(struct vm_numa_node) };

static const char *const console_modes[] = { "Off", "Pty", "Tty", "File", "Socket", "Null", NULL };
#define MODE_BIT(mode) (UINT32_C(1) << VM_CONSOLE_##mode)

#define CONSOLE_ROWS(modes_later)                                                       \
	ROW(vm_console, mode, ENUM, "where its output goes", .names = console_modes,    \
	    .names_later = (modes_later)),                                              \
		ROW(vm_console, file, STRING, "output file; sets mode File", .min = 1), \
		LATER("socket", STRING, "Unix socket; sets mode Socket"),               \
		LATER("iommu", BOOL, "behind the virtual IOMMU")

static const struct schema_row serial_rows[] = { CONSOLE_ROWS(MODE_BIT(PTY) | MODE_BIT(SOCKET)) };
static const struct schema_table serial = { SCHEMA_ROWS(serial_rows),
					    .size = sizeof(struct vm_console), .bare = "mode" };

static const struct schema_row console_rows[] = {
	ROW(vm_console, mode, ENUM, "where the virtio console's output goes",
	    .names = console_modes, .names_later = ~MODE_BIT(OFF), .fallback = "Off"),
	LATER("file", STRING, "output file; sets mode File"),
	LATER("socket", STRING, "Unix socket; sets mode Socket"),
	LATER("iommu", BOOL, "behind the virtual IOMMU"),
	LATER("id", STRING, "name"),
	LATER("pci_segment", UINT, "PCI segment"),
	LATER("pci_device_id", UINT, "PCI slot"),
};
static const struct schema_table console = { SCHEMA_ROWS(console_rows),
					     .size = sizeof(struct vm_console), .bare = "mode" };

static const char *const cpu_placements[] = { "auto", "compact", "spread", "local", NULL };
static const char *const memory_placements[] = { "auto", "local",     "interleave",
						 "bind", "preferred", NULL };
static const char *const smt_uses[] = { "auto", "share", "isolate", "require", NULL };
static const char *const patterns[] = { "none", "pairs", "ring", "pipeline", "all", NULL };
static const char *const profiles[] = { "none", "latency", "throughput", NULL };

static const struct schema_row traffic_rows[] = {
	ROW(vm_traffic, pattern, ENUM, "which vCPUs talk to each other", .names = patterns,
	    .fallback = "none"),
	ROW(vm_traffic, file, STRING, "n x n weights as CSV, path relative to the configuration",
	    .min = 1, .relative = true),
};
static const struct schema_table traffic = { SCHEMA_ROWS(traffic_rows),
					     .size = sizeof(struct vm_traffic), .bare = "pattern" };

static const struct schema_row placement_rows[] = {
	ROW(vm_placement, cpu, ENUM, "how vCPUs spread over the host", .names = cpu_placements,
	    .fallback = "auto"),
	ROW(vm_placement, memory, ENUM, "how memory spreads over host nodes",
	    .names = memory_placements, .fallback = "auto"),
	LIST(vm_placement, nodes, UINT, "host nodes allowed, in order of preference", .max = 1024),
	ROW(vm_placement, smt, ENUM, "siblings together, one vCPU per core, or siblings required",
	    .names = smt_uses, .fallback = "auto"),
	ROW(vm_placement, exclusive, TRI, "share no CPU with other VMs; auto: while CPUs suffice",
	    .fallback = "auto"),
	ROW(vm_placement, avoid, CPUS, "host CPUs never used (housekeeping)"),
	ROW(vm_placement, traffic, OBJECT, "traffic between vCPUs that the placement favours",
	    .table = &traffic),
	ROW(vm_placement, strict, BOOL, "refuse to run unless everything is where the plan says",
	    .fallback = "false"),
};
static const struct schema_table placement = { SCHEMA_ROWS(placement_rows),
					       .size = sizeof(struct vm_placement), .bare = "cpu" };

static const struct schema_row tune_rows[] = {
	ROW(vm_tune, profile, ENUM, "tuning of the host while the VM runs", .names = profiles,
	    .names_later = ~(UINT32_C(1) << VM_TUNE_NONE), .fallback = "none"),
	LATER("file", STRING, "tuning configuration"),
};
static const struct schema_table tune = { SCHEMA_ROWS(tune_rows), .size = sizeof(struct vm_tune),
					  .bare = "profile" };

static const struct schema_row rows[] = {
	ROW(vm_config, name, STRING, "the VM's name; without it, the command picks one", .min = 1,
	    .max = 64, .flag = "name"),
	ROW(vm_config, payload, OBJECT, "what to boot", .table = &payload),
	ROW(vm_config, cpus, OBJECT, "vCPUs", .table = &cpus, .flag = "cpus"),
	ROW(vm_config, memory, OBJECT, "guest memory", .table = &memory, .flag = "memory"),
	LIST(vm_config, numa, OBJECT, "guest NUMA nodes; without it, what the placement gives",
	     .table = &numa, .max = 1024, .flag = "numa"),
	ROW(vm_config, serial, OBJECT, "the serial port", .table = &serial, .flag = "serial"),
	ROW(vm_config, console, OBJECT, "the virtio console", .table = &console, .flag = "console"),
	ROW(vm_config, pvpanic, BOOL, "device that reports a guest's panic", .fallback = "true",
	    .flag = "pvpanic"),
	ROW(vm_config, placement, OBJECT, "where things go on the host", .table = &placement,
	    .flag = "placement"),
	ROW(vm_config, tune, OBJECT, "tuning of the host, undone when the VM ends", .table = &tune,
	    .flag = "tune"),
	LATER("disks", LIST, "disks", .items = SCHEMA_OBJECT, .table = &vm_later_disk,
	      .flag = "disk"),
	LATER("net", LIST, "network devices", .items = SCHEMA_OBJECT, .table = &vm_later_net,
	      .flag = "net"),
	LATER("rng", OBJECT, "entropy device", .table = &vm_later_rng, .flag = "rng"),
	LATER("balloon", OBJECT, "balloon device", .table = &vm_later_balloon, .flag = "balloon"),
	LATER("fs", LIST, "virtio-fs devices", .items = SCHEMA_OBJECT, .table = &vm_later_fs,
	      .flag = "fs"),
	LATER("generic-vhost-user", LIST, "vhost-user devices of any type", .items = SCHEMA_OBJECT,
	      .table = &vm_later_vhost_user, .flag = "generic-vhost-user"),
	LATER("rtc", OBJECT, "virtio-rtc device", .table = &vm_later_rtc, .flag = "rtc"),
	LATER("pmem", LIST, "persistent memory devices", .items = SCHEMA_OBJECT,
	      .table = &vm_later_pmem, .flag = "pmem"),
	LATER("debug_console", OBJECT, "debug port", .table = &vm_later_debug_console,
	      .flag = "debug-console"),
	LATER("devices", LIST, "VFIO devices", .items = SCHEMA_OBJECT, .table = &vm_later_device,
	      .flag = "device"),
	LATER("user_devices", LIST, "vfio-user devices", .items = SCHEMA_OBJECT,
	      .table = &vm_later_user_device, .flag = "user-device"),
	LATER("vdpa", LIST, "vDPA devices", .items = SCHEMA_OBJECT, .table = &vm_later_vdpa,
	      .flag = "vdpa"),
	LATER("vsock", OBJECT, "vsock device", .table = &vm_later_vsock, .flag = "vsock"),
	LATER("pvmemcontrol", OBJECT, "pvmemcontrol device", .flag = "pvmemcontrol"),
	LATER("iommu", BOOL, "virtual IOMMU"),
	LATER("watchdog", BOOL, "watchdog device", .flag = "watchdog"),
	LATER("gdb", STRING, "debugger's socket", .flag = "gdb"),
	LATER("pci_segments", LIST, "PCI segments", .items = SCHEMA_OBJECT,
	      .table = &vm_later_pci_segment, .flag = "pci-segment"),
	LATER("platform", OBJECT, "identity of the machine", .table = &vm_later_platform,
	      .flag = "platform"),
	LATER("tpm", OBJECT, "TPM device", .table = &vm_later_tpm, .flag = "tpm"),
	LATER("landlock_enable", BOOL, "restrict the monitor's own file access",
	      .flag = "landlock"),
	LATER("landlock_rules", LIST, "files that it may still open", .items = SCHEMA_OBJECT,
	      .table = &vm_later_landlock, .flag = "landlock-rules"),
	LATER("rate_limit_groups", LIST, "rate limits that devices share", .items = SCHEMA_OBJECT,
	      .table = &vm_later_rate_group, .flag = "rate-limit-group"),
	LATER("ivshmem", OBJECT, "shared memory device", .table = &vm_later_ivshmem,
	      .flag = "ivshmem"),
	LATER("sgx_epc", LIST, "SGX sections", .items = SCHEMA_OBJECT, .table = &vm_later_sgx,
	      .flag = "sgx-epc"),
};

const struct schema_table vm_config_table = { SCHEMA_ROWS(rows), .size = sizeof(struct vm_config) };
