/* The PVH boot protocol: 32-bit entry, hvm_start_info (Xen public/arch-x86/hvm/start_info.h). */
#include <errno.h>

#include "vmm/boot/loader.h"
#include "vmm/layout.h"

#define START_MAGIC 0x336ec578

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct start_module {
	uint64_t gpa, len, cmdline, reserved;
};

struct start_memmap {
	uint64_t gpa, len;
	uint32_t type, reserved;
};

/* One page: the structure, one module, the memory map. */
struct start_page {
	struct start_info info;
	struct start_module module;
	struct start_memmap map[MEMMAP_MAX];
};
_Static_assert(sizeof(struct start_page) <= 4096, "the page has room for all of it");

int pvh_start(struct kvm_start *start, const struct boot_info *info, const struct gmem *gmem)
{
	struct start_page page = { 0 };
	struct memmap_entry entries[MEMMAP_MAX];
	unsigned int nr = memmap_build(info->ram, entries);

	for (unsigned int i = 0; i < nr; i++)
		page.map[i] =
			(struct start_memmap){ entries[i].gpa, entries[i].len, entries[i].type, 0 };
	page.module.gpa = info->initramfs.gpa;
	page.module.len = info->initramfs.len;
	page.info = (struct start_info){
		.magic = START_MAGIC,
		.version = 1, /* the first with a memory map */
		.nr_modules = info->initramfs.len ? 1 : 0,
		.modules = LAYOUT_PVH_INFO + offsetof(struct start_page, module),
		.cmdline = LAYOUT_CMDLINE,
		.rsdp = info->has_acpi ? LAYOUT_ACPI : 0,
		.memmap = LAYOUT_PVH_INFO + offsetof(struct start_page, map),
		.memmap_entries = nr,
	};
	*start = (struct kvm_start){ .mode = START_PROTECTED,
				     .ip = info->kernel->entry,
				     .rbx = LAYOUT_PVH_INFO };
	return boot_write(gmem, LAYOUT_PVH_INFO, &page, sizeof(page));
}
