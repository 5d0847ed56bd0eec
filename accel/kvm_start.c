#include "accel/kvm_start.h"

#include <string.h>

#define CR0_PE	    0x1u
#define CR0_MP	    0x2u
#define CR0_ET	    0x10u
#define CR0_NE	    0x20u
#define CR0_PG	    0x80000000u
#define CR4_PAE	    0x20u
#define CR4_SSE	    0x600u /* OSFXSR, OSXMMEXCPT */
#define EFER_LONG   0x500u /* LME, LMA */
#define EFER_NX	    0x800u
#define RFLAGS_ONE  0x2u
#define RFLAGS_IOPL 0x3000u

#define TYPE_CODE 0xbu /* execute, read, accessed */
#define TYPE_DATA 0x3u /* read, write, accessed */
#define TYPE_TSS  0xbu /* 64- or 32-bit TSS, busy: VM entry wants it so */

/* Where things lie in the block of kvm_start_tables(). */
#define GDT_LEN	  64u /* 8 entries, the last two are one TSS descriptor */
#define TSS_OFF	  0x100u
#define TSS_LEN	  (TSS_FIXED + IO_MAP + 1)
#define TSS_FIXED 104u
#define IO_MAP	  8192u /* one bit for each port; 0 allows it from CPL 3 */
#define PML4_OFF  0x3000u
#define PDPT_OFF  0x4000u
#define PD_OFF	  0x5000u
#define TABLE_LEN 0x1000u

#define PTE_TABLE 0x7u /* present, writable, user */
#define PTE_LARGE 0x87u

static struct kvm_segment flat(uint16_t selector, uint8_t type, uint8_t dpl, int is_long)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = 0xffffffff,
		.type = type,
		.dpl = dpl,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = is_long && type == TYPE_CODE,
		.db = !(is_long && type == TYPE_CODE),
	};
}

static void fill_segments(struct kvm_sregs *sregs, struct kvm_segment code, struct kvm_segment data)
{
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
}

/* The code segment begins at the 16 bytes that ip lies in; data segments begin at 0. */
static void fill_real(const struct kvm_start *start, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	sregs->cs.base = start->ip & ~UINT64_C(0xf);
	sregs->cs.selector = (uint16_t)(start->ip >> 4);
	regs->rip = start->ip & 0xf;
}

static void fill_tables(const struct kvm_start *start, struct kvm_sregs *sregs)
{
	sregs->gdt.base = start->gdt;
	sregs->gdt.limit = start->gdt ? GDT_LEN - 1 : 0;
	sregs->idt.base = start->idt;
	sregs->idt.limit = start->idt_len ? (uint16_t)(start->idt_len - 1) : 0;
	sregs->tr = (struct kvm_segment){
		.selector = START_SEL_TSS,
		.base = start->tss,
		.limit = TSS_LEN - 1,
		.type = TYPE_TSS,
		.present = 1,
	};
}

static void fill_protected(const struct kvm_start *start, struct kvm_sregs *sregs)
{
	fill_segments(sregs, flat(START_SEL_CODE, TYPE_CODE, 0, 0),
		      flat(START_SEL_DATA, TYPE_DATA, 0, 0));
	fill_tables(start, sregs);
	sregs->cr0 = CR0_PE | CR0_ET;
}

static void fill_long(const struct kvm_start *start, struct kvm_sregs *sregs)
{
	fill_segments(sregs, flat(START_SEL_CODE, TYPE_CODE, 0, 1),
		      flat(START_SEL_DATA, TYPE_DATA, 0, 1));
	if (start->mode == START_LONG_USER)
		fill_segments(sregs, flat(START_SEL_USER_CODE, TYPE_CODE, 3, 1),
			      flat(START_SEL_USER_DATA, TYPE_DATA, 3, 1));
	fill_tables(start, sregs);
	sregs->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG;
	sregs->cr4 = CR4_PAE | CR4_SSE;
	sregs->efer = EFER_LONG | EFER_NX;
	sregs->cr3 = start->page_tables;
}

void kvm_start_fill(const struct kvm_start *start, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	*regs = (struct kvm_regs){
		.rip = start->ip,
		.rsp = start->sp,
		.rdi = start->rdi,
		.rsi = start->rsi,
		.rdx = start->rdx,
		.rcx = start->rcx,
		.rbx = start->rbx,
		.rax = start->rax,
		.rflags = RFLAGS_ONE,
	};
	if (start->mode == START_LONG_USER)
		regs->rflags |= RFLAGS_IOPL;
	if (start->mode == START_REAL)
		fill_real(start, regs, sregs);
	else if (start->mode == START_PROTECTED)
		fill_protected(start, sregs);
	else
		fill_long(start, sregs);
}

/* A flat descriptor as the CPU stores it; access and flags as in the SDM's figure 3-8. */
static uint64_t descriptor(unsigned int access, unsigned int flags)
{
	return UINT64_C(0x000f00000000ffff) | (uint64_t)access << 40 | (uint64_t)flags << 52;
}

static void write_gdt(void *gdt, uint64_t tss)
{
	const uint64_t entries[GDT_LEN / sizeof(uint64_t)] = {
		[START_SEL_CODE / 8] = descriptor(0x9b, 0xa),
		[START_SEL_DATA / 8] = descriptor(0x93, 0xc),
		[START_SEL_USER_CODE / 8] = descriptor(0xfb, 0xa),
		[START_SEL_USER_DATA / 8] = descriptor(0xf3, 0xc),
		[START_SEL_TSS / 8] = (TSS_LEN - 1) | (tss & 0xffffff) << 16 |
				      UINT64_C(0x8b) << 40 | (tss >> 24 & 0xff) << 56,
		[START_SEL_TSS / 8 + 1] = tss >> 32,
	};

	memcpy(gdt, entries, sizeof(entries));
}

/* RSP0 at 4, IST1 at 36, the offset of the I/O map at 102; a byte of ones ends the map. */
static void write_tss(char *tss, uint64_t fault_stack)
{
	const uint16_t io_map = TSS_FIXED;

	memset(tss, 0, TSS_LEN);
	memcpy(tss + 4, &fault_stack, sizeof(fault_stack));
	memcpy(tss + 36, &fault_stack, sizeof(fault_stack));
	memcpy(tss + 102, &io_map, sizeof(io_map));
	tss[TSS_LEN - 1] = (char)0xff;
}

static void write_map(char *hva, uint64_t gpa, uint64_t map_len)
{
	uint64_t *pml4 = (uint64_t *)(hva + PML4_OFF);
	uint64_t *pdpt = (uint64_t *)(hva + PDPT_OFF);
	uint64_t *pd = (uint64_t *)(hva + PD_OFF);
	uint64_t nr_large = (map_len + (UINT64_C(1) << 21) - 1) >> 21;

	memset(hva + PML4_OFF, 0, START_TABLES_LEN(map_len) - PML4_OFF);
	pml4[0] = (gpa + PDPT_OFF) | PTE_TABLE;
	for (uint64_t i = 0; i < (nr_large + 511) / 512; i++)
		pdpt[i] = (gpa + PD_OFF + i * TABLE_LEN) | PTE_TABLE;
	for (uint64_t i = 0; i < nr_large; i++)
		pd[i] = i << 21 | PTE_LARGE;
}

void kvm_start_tables(struct kvm_start *start, void *hva, uint64_t gpa, uint64_t map_len,
		      uint64_t fault_stack)
{
	write_gdt(hva, gpa + TSS_OFF);
	write_tss((char *)hva + TSS_OFF, fault_stack);
	write_map(hva, gpa, map_len);
	start->gdt = gpa;
	start->tss = gpa + TSS_OFF;
	start->page_tables = gpa + PML4_OFF;
}
