/* bzImage and the 64-bit entry of the Linux boot protocol (Documentation/arch/x86/boot.rst). */
#include <errno.h>
#include <string.h>

#include "vmm/boot/loader.h"
#include "vmm/layout.h"

#define HEADER_OFFSET  0x1f1 /* struct setup_header in the file and in the zero page */
#define HEADER_MAGIC   0x53726448 /* "HdrS" */
#define BOOT_FLAG      0xaa55
#define ENTRY_64       0x200 /* of the loaded part */
#define LEAST_VERSION  0x020c /* has xloadflags */
#define SECTOR	       512u
#define DEFAULT_SECTS  4
#define LOADER_UNKNOWN 0xff

_Static_assert(LAYOUT_PAGE_TABLES + START_TABLES_LEN(LAYOUT_HOLE_END) <= LAYOUT_CMDLINE,
	       "the page tables end before the command line");

static int read_header(const struct boot_image *image, struct setup_header *header)
{
	return boot_image_read(image, HEADER_OFFSET, header, sizeof(*header));
}

bool bzimage_probe(const struct boot_image *image)
{
	struct setup_header header;

	return !read_header(image, &header) && header.boot_flag == BOOT_FLAG &&
	       header.header == HEADER_MAGIC;
}

static int check_header(const struct boot_image *image, const struct setup_header *header,
			struct err *err)
{
	if (header->version < LEAST_VERSION || !(header->loadflags & LOADED_HIGH) ||
	    !(header->xloadflags & XLF_KERNEL_64))
		return err_set(err, EXIT_INPUT, ENOEXEC,
			       "%s: has no 64-bit entry (boot protocol %u.%u); use an x86-64 "
			       "kernel of Linux 3.8 or later",
			       image->path, header->version >> 8, header->version & 0xff);
	return 0;
}

int bzimage_load(struct boot_kernel *kernel, const struct boot_image *image,
		 const struct gmem *gmem, struct err *err)
{
	struct setup_header header;
	uint64_t setup, need;
	int ret = read_header(image, &header);

	if (ret)
		return err_sys(err, EXIT_INPUT, -ret, "%s: cannot read the header", image->path);
	ret = check_header(image, &header, err);
	if (ret)
		return ret;
	setup = ((header.setup_sects ? header.setup_sects : DEFAULT_SECTS) + UINT64_C(1)) * SECTOR;
	if (setup + ENTRY_64 >= image->len)
		return err_set(err, EXIT_INPUT, ENOEXEC, "%s: ends before its kernel; is it cut?",
			       image->path);
	need = header.init_size > image->len - setup ? header.init_size : image->len - setup;
	if (header.pref_address < LAYOUT_HIGH_RAM || header.pref_address >= LAYOUT_HOLE ||
	    boot_check_ram(gmem, header.pref_address, need))
		return err_set(err, EXIT_INPUT, EFAULT,
			       "%s: needs %llu MiB of RAM from 0x%llx on; give the guest more "
			       "memory",
			       image->path, (unsigned long long)(need >> 20) + 1,
			       (unsigned long long)header.pref_address);
	*kernel = (struct boot_kernel){ .protocol = BOOT_LINUX64,
					.entry = header.pref_address + ENTRY_64,
					.end = header.pref_address + need,
					.cmdline_max = header.cmdline_size,
					.initramfs_end = (gpa_t)header.initrd_addr_max + 1,
					.header = header };
	return boot_image_load(image, setup, image->len - setup, gmem, header.pref_address, err);
}

/* Of the header only the part that this version of the protocol defines is copied; its end is
 * stated by the jump at its start. */
static void copy_header(struct boot_params *params, const struct setup_header *header)
{
	size_t end = 0x202 + (size_t)(header->jump >> 8);
	size_t len = end - HEADER_OFFSET;

	memcpy(&params->hdr, header, len < sizeof(*header) ? len : sizeof(*header));
}

static void fill_map(struct boot_params *params, const struct ram_map *ram)
{
	struct memmap_entry entries[MEMMAP_MAX];
	unsigned int nr = memmap_build(ram, entries);

	for (unsigned int i = 0; i < nr; i++) {
		params->e820_table[i].addr = entries[i].gpa;
		params->e820_table[i].size = entries[i].len;
		params->e820_table[i].type = entries[i].type;
	}
	params->e820_entries = (uint8_t)nr;
}

/* The zero page, and identity tables for the entry in long mode. An ELF kernel has no header, but
 * it reads the same fields. */
int linux_start(struct kvm_start *start, const struct boot_info *info, const struct gmem *gmem)
{
	struct boot_params params = { 0 };
	void *tables = gmem_ptr(gmem, LAYOUT_PAGE_TABLES, START_TABLES_LEN(LAYOUT_HOLE_END));

	if (!tables)
		return -EFAULT;
	if (info->kernel->header.header == HEADER_MAGIC)
		copy_header(&params, &info->kernel->header);
	params.hdr.boot_flag = BOOT_FLAG;
	params.hdr.header = HEADER_MAGIC;
	params.hdr.type_of_loader = LOADER_UNKNOWN;
	params.hdr.cmd_line_ptr = LAYOUT_CMDLINE;
	params.hdr.ramdisk_image = (uint32_t)info->initramfs.gpa;
	params.hdr.ramdisk_size = (uint32_t)info->initramfs.len;
	params.acpi_rsdp_addr = info->has_acpi ? LAYOUT_ACPI : 0;
	fill_map(&params, info->ram);
	*start = (struct kvm_start){ .mode = START_LONG_KERNEL,
				     .ip = info->kernel->entry,
				     .sp = LAYOUT_PAGE_TABLES,
				     .rsi = LAYOUT_ZERO_PAGE };
	kvm_start_tables(start, tables, LAYOUT_PAGE_TABLES, LAYOUT_HOLE_END, LAYOUT_PAGE_TABLES);
	return boot_write(gmem, LAYOUT_ZERO_PAGE, &params, sizeof(params));
}
