#ifndef SITU_TESTS_KVM_NEED_KVM_H
#define SITU_TESTS_KVM_NEED_KVM_H

#include <criterion/criterion.h>

#include "tests/kvm/small_vm.h"

/* First statement of a test that runs a guest: skipped, and counted, without KVM. */
#define NEED_KVM()                                                 \
	do {                                                       \
		if (!small_have_kvm())                             \
			cr_skip_test("/dev/kvm cannot be opened"); \
	} while (0)

/* mov $0x500,%dx where operands are 16-bit by default, and where they are not. */
#define DX16 0xba, 0x00, 0x05
#define DX32 0x66, 0xba, 0x00, 0x05

#endif
