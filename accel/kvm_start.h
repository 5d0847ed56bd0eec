#ifndef SITU_ACCEL_KVM_START_H
#define SITU_ACCEL_KVM_START_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The states in which a vCPU can begin, and the tables that protected and long mode need in guest
 * memory. Pure; any thread. (Intel SDM volume 3, chapters 3, 4 and 8; AMD APM volume 2.)
 *
 * Segments are flat. Their selectors are those of the Linux boot protocol
 * (Documentation/arch/x86/boot.rst: __BOOT_CS 0x10, __BOOT_DS 0x18), so that one GDT serves a
 * kernel, and a payload that takes faults through an IDT of its own.
 */
enum start_mode {
	START_WAIT_SIPI, /* another vCPU starts it; needs in-kernel local APICs */
	START_REAL, /* 16-bit; ip below 1 MiB */
	START_PROTECTED, /* 32-bit, paging off */
	START_LONG_KERNEL, /* 64-bit, CPL 0 */
	START_LONG_USER, /* 64-bit, CPL 3, IOPL 3: IN and OUT work, CLI and HLT fault or not by mode
			  */
};

enum {
	START_SEL_CODE = 0x10, /* CPL 0, 64-bit in long mode, 32-bit in protected mode */
	START_SEL_DATA = 0x18,
	START_SEL_USER_CODE = 0x20 | 3,
	START_SEL_USER_DATA = 0x28 | 3,
	START_SEL_TSS = 0x30,
};

struct kvm_start {
	enum start_mode mode;
	uint64_t ip, sp;
	uint64_t rdi, rsi, rdx, rcx, rbx, rax; /* what the code at ip expects there */
	uint64_t page_tables; /* physical address of the PML4; long modes */
	uint64_t gdt; /* physical address; 0: none, the segments work until reloaded */
	uint64_t idt; /* physical address; 0: none, a fault is a triple fault */
	uint16_t idt_len; /* bytes */
	uint64_t tss; /* physical address of the 64-bit TSS of kvm_start_tables(); 0: none */
};

/* Turns what KVM has after reset into the start state. Not for START_WAIT_SIPI. */
void kvm_start_fill(const struct kvm_start *start, struct kvm_regs *regs, struct kvm_sregs *sregs);

/*
 * Tables for the long modes, in one block of guest memory: an identity map of [0, map_len) in
 * 2 MiB pages, writable and executable from CPL 3 too; a GDT; and a TSS whose RSP0 and IST1 are
 * fault_stack and whose I/O map allows every port. (IOPL 3 ought to be enough for port I/O at
 * CPL 3; a KVM that runs guest kernel mode in software loses it and asks the map.)
 *
 * The block is page-aligned, START_TABLES_LEN(map_len) bytes long, mapped here at hva. map_len: at
 * most 512 GiB. Sets page_tables, gdt and tss of *start.
 */
#define START_TABLES_LEN(map_len) \
	(UINT64_C(4096) * (5 + ((map_len) + (UINT64_C(1) << 30) - 1) / (UINT64_C(1) << 30)))
void kvm_start_tables(struct kvm_start *start, void *hva, uint64_t gpa, uint64_t map_len,
		      uint64_t fault_stack);

#endif
