/* Multiboot 1 (Multiboot Specification 0.6.96): unikernels and kernel test programs. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "vmm/boot/loader.h"
#include "vmm/layout.h"

#define SEARCH_LEN   8192u
#define HEADER_MAGIC 0x1badb002u
#define START_MAGIC  0x2badb002u

/* Header flags. Of the lower 16 those that are not listed must be refused. */
#define WANTS_ALIGNED (1u << 0)
#define WANTS_MEMORY  (1u << 1)
#define HAS_ADDRESSES (1u << 16)
#define REQUIRED_MASK 0xffffu
#define CMDLINE_MAX   4095

/* Information flags. */
#define INFO_MEMORY  (1u << 0)
#define INFO_CMDLINE (1u << 2)
#define INFO_MODULES (1u << 3)
#define INFO_MAP     (1u << 6)
#define INFO_LOADER  (1u << 9)

struct header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

struct information {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t nr_modules, modules, symbols[4];
	uint32_t map_len, map, drives_len, drives, config_table, loader_name, apm_table;
};

struct module {
	uint32_t start, end, text, reserved;
};

struct map_entry {
	uint32_t size; /* of what follows */
	uint64_t gpa, len;
	uint32_t type;
} __attribute__((packed));

struct information_page {
	struct information info;
	struct module module;
	char loader[8];
	struct map_entry map[MEMMAP_MAX];
};
_Static_assert(sizeof(struct information_page) <= 4096, "the page has room for all of it");

bool multiboot_probe(const struct boot_image *image, uint32_t *offset)
{
	uint32_t words[SEARCH_LEN / 4];
	uint32_t len = image->len < SEARCH_LEN ? (uint32_t)image->len & ~3u : SEARCH_LEN;

	if (boot_image_read(image, 0, words, len))
		return false;
	for (uint32_t i = 0; i + 3 <= len / 4; i++)
		if (words[i] == HEADER_MAGIC && words[i] + words[i + 1] + words[i + 2] == 0) {
			*offset = i * 4;
			return true;
		}
	return false;
}

static int bad_addresses(const struct boot_image *image, struct err *err)
{
	return err_set(
		err, EXIT_INPUT, ENOEXEC,
		"%s: the addresses in its multiboot header contradict each other or the file",
		image->path);
}

/* The file from load_addr on, up to load_end_addr (0: its end), then memory up to bss_end_addr. */
static int load_by_addresses(struct boot_kernel *kernel, const struct boot_image *image,
			     uint32_t offset, const struct header *h, const struct gmem *gmem,
			     struct err *err)
{
	uint64_t before = (uint64_t)h->header_addr - h->load_addr, from, len, end;

	if (h->header_addr < h->load_addr || before > offset || h->load_addr < LAYOUT_HIGH_RAM)
		return bad_addresses(image, err);
	from = offset - before;
	len = image->len - from;
	if (h->load_end_addr) {
		if (h->load_end_addr < h->load_addr)
			return bad_addresses(image, err);
		len = h->load_end_addr - h->load_addr;
	}
	end = h->load_addr + len;
	if (h->bss_end_addr && h->bss_end_addr < end)
		return bad_addresses(image, err);
	if (h->bss_end_addr > end)
		end = h->bss_end_addr;
	if (h->entry_addr < h->load_addr || h->entry_addr >= end)
		return bad_addresses(image, err);
	if (boot_check_ram(gmem, h->load_addr, end - h->load_addr))
		return err_set(err, EXIT_INPUT, EFAULT,
			       "%s: needs RAM up to 0x%llx; give the guest more memory",
			       image->path, (unsigned long long)end);
	kernel->entry = h->entry_addr;
	kernel->end = end;
	return boot_image_load(image, from, len, gmem, h->load_addr, err);
}

int multiboot_load(struct boot_kernel *kernel, const struct boot_image *image, uint32_t offset,
		   const struct gmem *gmem, struct err *err)
{
	struct header header = { 0 };
	uint64_t len = offsetof(struct header, header_addr);
	int ret = boot_image_read(image, offset, &header, len);

	if (!ret && header.flags & HAS_ADDRESSES)
		ret = boot_image_read(image, offset, &header, sizeof(header));
	if (ret)
		return err_sys(err, EXIT_INPUT, -ret, "%s: cannot read its multiboot header",
			       image->path);
	if (header.flags & REQUIRED_MASK & ~(WANTS_ALIGNED | WANTS_MEMORY))
		return err_set(err, EXIT_INPUT, ENOTSUP,
			       "%s: its multiboot header requires what situ lacks (flags 0x%x: a "
			       "video mode, perhaps)",
			       image->path, header.flags & REQUIRED_MASK);
	if (header.flags & HAS_ADDRESSES) {
		*kernel = (struct boot_kernel){ 0 };
		ret = load_by_addresses(kernel, image, offset, &header, gmem, err);
	} else {
		ret = elf_load(kernel, image, gmem, err);
	}
	kernel->protocol = BOOT_MULTIBOOT;
	kernel->cmdline_max = CMDLINE_MAX;
	kernel->initramfs_end = LAYOUT_HOLE;
	return ret;
}

static unsigned int fill_map(struct information_page *page, const struct ram_map *ram)
{
	struct memmap_entry entries[MEMMAP_MAX];
	unsigned int nr = memmap_build(ram, entries);

	for (unsigned int i = 0; i < nr; i++)
		page->map[i] = (struct map_entry){ sizeof(struct map_entry) - 4, entries[i].gpa,
						   entries[i].len, entries[i].type };
	return nr;
}

int multiboot_start(struct kvm_start *start, const struct boot_info *info, const struct gmem *gmem)
{
	struct information_page page = { .loader = "situ" };
	gpa_t high_end = memmap_low_end(info->ram);
	unsigned int nr = fill_map(&page, info->ram);

	page.module = (struct module){ .start = (uint32_t)info->initramfs.gpa,
				       .end = (uint32_t)(info->initramfs.gpa + info->initramfs.len),
				       .text = 0 };
	page.info = (struct information){
		.flags = INFO_MEMORY | INFO_MAP | INFO_LOADER | INFO_CMDLINE |
			 (info->initramfs.len ? INFO_MODULES : 0),
		.mem_lower = LAYOUT_LOW_RAM_END >> 10,
		.mem_upper = (uint32_t)((high_end - LAYOUT_HIGH_RAM) >> 10),
		.cmdline = LAYOUT_CMDLINE,
		.nr_modules = info->initramfs.len ? 1 : 0,
		.modules = LAYOUT_MULTIBOOT + offsetof(struct information_page, module),
		.map_len = nr * (uint32_t)sizeof(struct map_entry),
		.map = LAYOUT_MULTIBOOT + offsetof(struct information_page, map),
		.loader_name = LAYOUT_MULTIBOOT + offsetof(struct information_page, loader),
	};
	*start = (struct kvm_start){ .mode = START_PROTECTED,
				     .ip = info->kernel->entry,
				     .rax = START_MAGIC,
				     .rbx = LAYOUT_MULTIBOOT };
	return boot_write(gmem, LAYOUT_MULTIBOOT, &page, sizeof(page));
}
