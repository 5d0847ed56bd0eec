#ifndef SITU_ACCEL_KVM_PROBE_H
#define SITU_ACCEL_KVM_PROBE_H

#include "base/err.h"

/*
 * What a host's KVM is worth, found out by running a loop in a throw-away VM. Any thread; it takes
 * some 0.1 s.
 */
struct kvm_speed {
	double kernel, user; /* iterations of a two-instruction loop per second, at CPL 0 and 3 */
};

/* Where KVM is nested in software, guest kernel mode is emulated and thousands of times slower
 * than user mode; elsewhere the two are alike. EXIT_HOST if the loop does not run at all. */
int kvm_probe_speed(struct kvm_speed *speed, struct err *err);

#endif
