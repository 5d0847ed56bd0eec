#include <criterion/criterion.h>
#include <stdlib.h>

#include "accel/kvm_cpuid.h"
#include "base/alloc.h"

static struct kvm_cpuid2 *some_leaves(void)
{
	struct kvm_cpuid2 *cpuid = alloc_zeroed(1, sizeof(*cpuid));
	const struct kvm_cpuid_entry2 leaves[] = {
		{ .function = 1, .ebx = 0x00010800, .ecx = 0xff },
		{ .function = 4,
		  .index = 0,
		  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		  .eax = 0x40 },
		{ .function = 4,
		  .index = 1,
		  .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		  .eax = 0x41 },
		{ .function = 0xb, .index = 0, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX },
		{ .function = 0xb, .index = 1, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX },
		{ .function = 0x8000001e },
	};

	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++)
		kvm_cpuid_set(&cpuid, &leaves[i]);
	return cpuid;
}

Test(cpuid, leaves_are_found_by_subleaf_where_subleaves_count)
{
	struct kvm_cpuid2 *cpuid = some_leaves();

	cr_expect_eq(cpuid->nent, 6);
	cr_expect_eq(kvm_cpuid_find(cpuid, 4, 1)->eax, 0x41);
	cr_expect_null(kvm_cpuid_find(cpuid, 4, 2));
	cr_expect_eq(kvm_cpuid_find(cpuid, 1, 99)->ecx, 0xff, "leaf 1 has no subleaves");
	cr_expect_null(kvm_cpuid_find(cpuid, 7, 0));
	free(cpuid);
}

Test(cpuid, setting_replaces_and_removing_takes_every_subleaf)
{
	struct kvm_cpuid2 *cpuid = some_leaves();
	const struct kvm_cpuid_entry2 leaf = { .function = 1, .ecx = 1 };

	kvm_cpuid_set(&cpuid, &leaf);
	cr_expect_eq(cpuid->nent, 6);
	cr_expect_eq(kvm_cpuid_find(cpuid, 1, 0)->ecx, 1);
	kvm_cpuid_remove(cpuid, 4);
	cr_expect_eq(cpuid->nent, 4);
	cr_expect_null(kvm_cpuid_find(cpuid, 4, 0));
	cr_expect_not_null(kvm_cpuid_find(cpuid, 0x8000001e, 0));
	free(cpuid);
}

Test(cpuid, masks_clear_then_set_and_leave_absent_leaves_absent)
{
	struct kvm_cpuid2 *cpuid = some_leaves();

	kvm_cpuid_mask(cpuid, 1, 0, CPUID_ECX, 0x0f, 0x101);
	cr_expect_eq(kvm_cpuid_find(cpuid, 1, 0)->ecx, 0x1f1);
	kvm_cpuid_mask(cpuid, 7, 0, CPUID_EBX, 0, 1);
	cr_expect_null(kvm_cpuid_find(cpuid, 7, 0));
	free(cpuid);
}

Test(cpuid, an_apic_id_is_written_wherever_the_leaves_state_one)
{
	struct kvm_cpuid2 *cpuid = some_leaves(), *copy;

	kvm_cpuid_set_apic_id(cpuid, 0x123);
	cr_expect_eq(kvm_cpuid_find(cpuid, 1, 0)->ebx, 0x23010800);
	cr_expect_eq(kvm_cpuid_find(cpuid, 0xb, 0)->edx, 0x123);
	cr_expect_eq(kvm_cpuid_find(cpuid, 0xb, 1)->edx, 0x123);
	cr_expect_eq(kvm_cpuid_find(cpuid, 0x8000001e, 0)->eax, 0x123);
	copy = kvm_cpuid_copy(cpuid);
	cr_expect_eq(copy->nent, cpuid->nent);
	cr_expect_eq(kvm_cpuid_find(copy, 0x8000001e, 0)->eax, 0x123);
	free(copy);
	free(cpuid);
}
