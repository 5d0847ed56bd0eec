#ifndef SITU_VMM_BOOT_BOOT_H
#define SITU_VMM_BOOT_BOOT_H

#include "accel/kvm_start.h"
#include "base/err.h"
#include "numa/memory.h"
#include "vmm/boot/acpi.h"
#include "vmm/ram.h"

/*
 * Puts a kernel, its initramfs, its command line and its tables into guest memory, and says how
 * vCPU 0 starts. Before vCPUs run; one thread. Formats and what the kernel is handed:
 *
 *   bzImage, or ELF64 without a note   Linux 64-bit protocol: long mode, zero page in rsi
 *   ELF with a PVH note                32-bit protected mode, hvm_start_info in ebx
 *   multiboot 1 (ELF32 or addresses)   32-bit protected mode, information in ebx
 *
 * (Documentation/arch/x86/boot.rst; Xen docs/misc/pvh.pandoc; Multiboot 0.6.96.)
 */
struct boot_request {
	const char *kernel, *initramfs, *cmdline; /* paths and text; the last two may be NULL */
	const struct ram_map *ram;
	const struct acpi_tables *acpi;
};

/* EXIT_INPUT for an image that cannot be booted, with the reason and the remedy. */
int boot_load(struct kvm_start *start, const struct boot_request *req, const struct gmem *gmem,
	      struct err *err);

#endif
