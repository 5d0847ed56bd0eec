#include <criterion/criterion.h>

#include "accel/kvm_probe.h"
#include "tests/kvm/need_kvm.h"

Test(probe, user_mode_runs_at_the_speed_of_a_cpu_and_never_slower_than_kernel_mode)
{
	struct kvm_speed speed;
	struct err err = { 0 };

	NEED_KVM();
	cr_assert_eq(kvm_probe_speed(&speed, &err), 0, "%s", err.text);
	cr_expect_gt(speed.kernel, 1e3);
	cr_expect_gt(speed.user, 1e6);
	cr_expect_gt(speed.user, speed.kernel / 4);
}
