#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "accel/kvm_start.h"

#define PAGE 4096u

Test(start, real_mode_begins_at_the_linear_address_asked_for)
{
	const struct kvm_start start = { .mode = START_REAL, .ip = 0x12345, .sp = 0x8000 };
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs;

	kvm_start_fill(&start, &regs, &sregs);
	cr_expect_eq(sregs.cs.base + regs.rip, 0x12345);
	cr_expect_eq(sregs.cs.selector * 16u, sregs.cs.base);
	cr_expect_eq(sregs.cr0, 0);
	cr_expect_eq(regs.rflags, 2);
}

Test(start, protected_mode_is_flat_and_not_paged)
{
	const struct kvm_start start = { .mode = START_PROTECTED, .ip = 0x100000, .rbx = 0x7000 };
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs;

	kvm_start_fill(&start, &regs, &sregs);
	cr_expect_eq(sregs.cr0 & 0x80000001, 1);
	cr_expect_eq(sregs.cs.selector, 0x10);
	cr_expect_eq(sregs.ds.selector, 0x18);
	cr_expect_eq(sregs.cs.db, 1);
	cr_expect_eq(sregs.cs.l, 0);
	cr_expect_eq(sregs.cs.base, 0);
	cr_expect_eq(sregs.cs.limit, 0xffffffff);
	cr_expect_eq(regs.rbx, 0x7000);
}

Test(start, user_mode_has_ring_three_segments_and_iopl_three)
{
	const struct kvm_start start = { .mode = START_LONG_USER, .page_tables = 0x9000 };
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs;

	kvm_start_fill(&start, &regs, &sregs);
	cr_expect_eq(regs.rflags, 0x3002, "interrupts off, IOPL 3");
	cr_expect_eq(sregs.cs.dpl, 3);
	cr_expect_eq(sregs.ss.dpl, 3);
	cr_expect_eq(sregs.cs.selector & 3, 3);
	cr_expect_eq(sregs.cs.l, 1);
	cr_expect_eq(sregs.cs.db, 0, "L and D together are reserved");
	cr_expect_eq(sregs.tr.type, 0xb, "a busy TSS");
	cr_expect_eq(sregs.cr3, 0x9000);
	cr_expect_eq(sregs.efer & 0x500, 0x500);
}

/* Walks the tables as a CPU would; UINT64_MAX where there is no mapping for CPL 3. */
static uint64_t walk(const char *block, uint64_t gpa, uint64_t cr3, uint64_t addr)
{
	uint64_t table = cr3, entry = 0;

	for (int shift = 39; shift >= 21; shift -= 9) {
		memcpy(&entry, block + (table - gpa) + (addr >> shift & 511) * 8, 8);
		if ((entry & 7) != 7)
			return UINT64_MAX;
		table = entry & 0x000ffffffffff000;
	}
	return (entry & 0x80) ? table + (addr & 0x1fffff) : UINT64_MAX;
}

Test(start, the_identity_map_covers_what_was_asked_for_and_no_more)
{
	const uint64_t gpa = 0x200000, map_len = (UINT64_C(3) << 30) + (UINT64_C(4) << 20);
	size_t len = START_TABLES_LEN(map_len);
	char *block = aligned_alloc(PAGE, len + PAGE);
	struct kvm_start start = { .mode = START_LONG_USER };

	memset(block, 0x77, len + PAGE);
	kvm_start_tables(&start, block, gpa, map_len, 0x5000);
	for (uint64_t addr = 0; addr < map_len; addr += 0x1ff000)
		cr_assert_eq(walk(block, gpa, start.page_tables, addr), addr);
	cr_expect_eq(walk(block, gpa, start.page_tables, map_len - 1), map_len - 1);
	cr_expect_eq(walk(block, gpa, start.page_tables, map_len), UINT64_MAX);
	cr_expect_eq(walk(block, gpa, start.page_tables, UINT64_C(1) << 39), UINT64_MAX);
	cr_expect_eq(block[len], 0x77, "the block ends where it was said to");
	free(block);
}

Test(start, the_task_segment_has_its_stack_and_opens_every_port)
{
	size_t len = START_TABLES_LEN(UINT64_C(1) << 30);
	char *block = aligned_alloc(PAGE, len), *tss;
	struct kvm_start start = { .mode = START_LONG_USER };
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs;
	uint64_t rsp0, descriptor;
	uint16_t map;

	memset(block, 0x77, len);
	kvm_start_tables(&start, block, 0x10000, UINT64_C(1) << 30, 0xabc000);
	kvm_start_fill(&start, &regs, &sregs);
	tss = block + (start.tss - 0x10000);
	memcpy(&rsp0, tss + 4, sizeof(rsp0));
	memcpy(&map, tss + 102, sizeof(map));
	cr_expect_eq(rsp0, 0xabc000);
	for (unsigned int i = 0; i < 65536 / 8; i++)
		cr_assert_eq(tss[map + i], 0);
	cr_expect_eq(tss[map + 65536 / 8], (char)0xff);
	cr_expect_eq(sregs.tr.limit, map + 65536u / 8, "the closing byte is inside");
	memcpy(&descriptor, block + START_SEL_TSS, sizeof(descriptor));
	cr_expect_eq(descriptor & 0xffff, sregs.tr.limit);
	cr_expect_eq(descriptor >> 16 & 0xffffff, start.tss & 0xffffff);
	memcpy(&descriptor, block + (START_SEL_USER_CODE & ~7), sizeof(descriptor));
	cr_expect_eq(descriptor, 0x00affb000000ffff, "%lx", descriptor);
	free(block);
}
