#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "accel/kvm.h"
#include "tests/fake/kvm.h"

struct slot_case {
	uint64_t gpa, len, hva;
	int ret;
};

/* Beside one slot at 0x10000, 0x2000 long. */
ParameterizedTestParameters(slots, a_bad_slot_is_refused_before_kvm_sees_it)
{
	static struct slot_case cases[] = {
		{ 0xf000, 0x1000, 0x1000, 1 },
		{ 0x12000, 0x1000, 0x1000, 1 },
		{ 0xf000, 0x2000, 0x1000, -EEXIST },
		{ 0x11000, 0x1000, 0x1000, -EEXIST },
		{ 0, UINT64_C(1) << 40, 0x1000, -EEXIST },
		{ 0x20000, 0, 0x1000, -EINVAL },
		{ 0x20001, 0x1000, 0x1000, -EINVAL },
		{ 0x20000, 0x1001, 0x1000, -EINVAL },
		{ 0x20000, 0x1000, 0x1001, -EINVAL },
		{ UINT64_MAX - 0xfff, 0x2000, 0x1000, -EINVAL },
	};
	return cr_make_param_array(struct slot_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct slot_case *param, slots, a_bad_slot_is_refused_before_kvm_sees_it)
{
	struct kvm_slot slot = { .gpa = 0x10000, .len = 0x2000, .hva = (void *)0x100000 };
	struct err err = { 0 };
	struct kvm kvm = { 0 };

	cr_assert_eq(kvm_slot_add(&kvm, &slot, &err), 0, "%s", err.text);
	slot = (struct kvm_slot){ .gpa = param->gpa, .len = param->len, .hva = (void *)param->hva };
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), param->ret, "%s", err.text);
	cr_expect_eq(fake_kvm.nr_slots_set, param->ret < 0 ? 1 : 2);
	kvm_slots_fini(&kvm.slots);
}

Test(slots, a_slot_is_deleted_by_its_exact_range_and_its_number_used_again)
{
	struct kvm_slot slot = { .gpa = 0x10000, .len = 0x2000, .hva = (void *)0x100000 };
	struct err err = { 0 };
	struct kvm kvm = { 0 };

	cr_expect_eq(kvm_slot_delete(&kvm, 0, 0, &err), -ENOENT);
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 0);
	cr_expect_eq(kvm_slot_delete(&kvm, 0x10000, 0x1000, &err), -ENOENT);
	cr_expect_eq(kvm_slot_delete(&kvm, 0x11000, 0x2000, &err), -ENOENT);
	cr_expect_str_eq(err.text, "kvm: no memory slot is at 0x11000 of 0x2000 bytes");
	cr_expect_eq(kvm_slot_delete(&kvm, 0x10000, 0x2000, &err), 0);
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 0);
	kvm_slots_fini(&kvm.slots);
}

Test(slots, a_slot_that_kvm_refuses_is_not_kept)
{
	struct kvm_slot slot = { .len = 0x1000, .hva = (void *)0x1000, .flags = 0x80 };
	struct err err = { 0 };
	struct kvm kvm = { 0 };

	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), -EINVAL);
	slot.flags = 0;
	cr_expect_eq(kvm_slot_add(&kvm, &slot, &err), 0);
	kvm_slots_fini(&kvm.slots);
}
