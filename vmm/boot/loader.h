#ifndef SITU_VMM_BOOT_LOADER_H
#define SITU_VMM_BOOT_LOADER_H

#include <asm/bootparam.h>
#include <stdbool.h>
#include <stdint.h>

#include "accel/kvm_start.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/image.h"
#include "vmm/boot/memmap.h"

/* Between boot.c and the loader of each format. Before vCPUs run; one thread. */
enum boot_protocol { BOOT_LINUX64, BOOT_PVH, BOOT_MULTIBOOT };

/* A kernel that lies in guest memory. */
struct boot_kernel {
	enum boot_protocol protocol;
	uint64_t entry;
	gpa_t end; /* the first address behind it */
	uint64_t cmdline_max; /* bytes, without the final NUL */
	gpa_t initramfs_end; /* the initramfs must end here or below */
	struct setup_header header; /* BOOT_LINUX64: what the image says; else zeros */
};

struct boot_module {
	gpa_t gpa;
	uint64_t len; /* 0: none */
};

/* What the protocols' structures say. */
struct boot_info {
	const struct boot_kernel *kernel;
	const struct ram_map *ram;
	struct boot_module initramfs;
	bool has_acpi; /* at LAYOUT_ACPI; the command line always is at LAYOUT_CMDLINE */
};

/* Whether the file is of this format; all bytes are looked at in a copy. */
bool bzimage_probe(const struct boot_image *image);
bool elf_probe(const struct boot_image *image);
/* Finds the multiboot header; *offset: where in the file. */
bool multiboot_probe(const struct boot_image *image, uint32_t *offset);

/* Each loads the image and fills *kernel; err filled on failure. */
int bzimage_load(struct boot_kernel *kernel, const struct boot_image *image,
		 const struct gmem *gmem, struct err *err);
int elf_load(struct boot_kernel *kernel, const struct boot_image *image, const struct gmem *gmem,
	     struct err *err);
int multiboot_load(struct boot_kernel *kernel, const struct boot_image *image, uint32_t offset,
		   const struct gmem *gmem, struct err *err);

/* Each writes its protocol's structure into guest memory and fills *start. -EFAULT. */
int linux_start(struct kvm_start *start, const struct boot_info *info, const struct gmem *gmem);
int pvh_start(struct kvm_start *start, const struct boot_info *info, const struct gmem *gmem);
int multiboot_start(struct kvm_start *start, const struct boot_info *info, const struct gmem *gmem);

#endif
