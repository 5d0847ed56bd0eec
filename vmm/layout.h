#ifndef SITU_VMM_LAYOUT_H
#define SITU_VMM_LAYOUT_H

/*
 * Every fixed guest address, port and interrupt, in one table. Constants; any thread.
 *
 * Plain numbers and nothing but #define lines: the DSDT's source (vmm/boot/dsdt.asl) includes this
 * file too, so that the guest is told what the devices really use.
 */

/* Guest-physical memory, upwards. RAM but for what is named here. */
#define LAYOUT_PVH_INFO	    0x6000 /* hvm_start_info, module list, memory map: up to a page */
#define LAYOUT_ZERO_PAGE    0x7000 /* struct boot_params, one page */
#define LAYOUT_MULTIBOOT    0x8000 /* multiboot information, up to a page */
#define LAYOUT_PAGE_TABLES  0x10000 /* GDT, TSS, identity map of 4 GiB (accel/kvm_start.h) */
#define LAYOUT_CMDLINE	    0x20000
#define LAYOUT_CMDLINE_MAX  0x10000 /* bytes with the final NUL; kernels take less */
#define LAYOUT_LOAD	    0x30000 /* a kernel may lie from here on, but not over the tables */
#define LAYOUT_LOW_RAM_END  0x9fc00 /* from here to 1 MiB: reserved in the memory map */
#define LAYOUT_ACPI	    0xe0000 /* RSDP first: also where an old kernel searches for it */
#define LAYOUT_ACPI_END	    0xf0000
#define LAYOUT_HIGH_RAM	    0x100000
#define LAYOUT_HOLE	    0xc0000000 /* 3 GiB to 4 GiB: devices, no RAM */
#define LAYOUT_IOAPIC	    0xfec00000
#define LAYOUT_LAPIC	    0xfee00000
#define LAYOUT_IDENTITY_MAP 0xfffbc000 /* one page for KVM on old Intel CPUs */
#define LAYOUT_TSS	    0xfffbd000 /* three pages for the same */
#define LAYOUT_HOLE_END	    0x100000000

/* Ports. */
#define PORT_I8042_DATA	  0x60
#define PORT_I8042_CMD	  0x64
#define PORT_RTC	  0x70 /* index, data */
#define PORT_DEBUG_EXIT	  0xf4
#define PORT_COM1	  0x3f8 /* 8 registers */
#define PORT_PVPANIC	  0x505
#define PORT_ACPI	  0x600 /* the four registers of vmm/dev/power.h */
#define PORT_SLEEP_CTL	  0x600
#define PORT_SLEEP_STATUS 0x601
#define PORT_RESET	  0x602
#define PORT_EVENT	  0x603

/* Global system interrupts. */
#define GSI_COM1  4
#define GSI_RTC	  8
#define GSI_EVENT 9
#define NR_GSIS	  24 /* pins of the I/O APIC */

/* Values that the tables announce and the devices expect. */
#define SLEEP_TYPE_S5	   5
#define RESET_VALUE	   1
#define EVENT_POWER_BUTTON 1

#endif
