#ifndef SITU_TESTS_FAKE_KVM_H
#define SITU_TESTS_FAKE_KVM_H

#include <linux/kvm.h>
#include <stdint.h>

#include "accel/kvm.h"

/*
 * A KVM that follows a script: stands in for accel/kvm.c, kvm_vcpu.c and kvm_irq.c in the unit
 * tests, so that exits which no test machine produces can be tried, and no /dev/kvm is needed.
 *
 * Each vCPU's run() hands out the script's next exit; behind its end it waits for a kick, like a
 * guest that spins. complete() ends the access at hand, or brings up the next exit where that is
 * marked as a continuation of the same instruction. State is the test's process: Criterion gives
 * each test its own.
 */
#define FAKE_EXITS 32u

struct fake_exit {
	uint32_t reason; /* KVM_EXIT_* */
	int ret; /* of KVM_RUN: 0, or -errno other than -EINTR */
	int continues; /* comes up when the exit before it is completed */
	uint64_t addr;
	uint32_t len, count;
	int is_write;
	uint64_t data;
	void (*prepare)(struct kvm_run *run); /* fills what else the exit needs; or NULL */
};

struct fake_kvm {
	struct fake_exit exits[FAKE_EXITS]; /* every vCPU's script */
	unsigned int nr_exits;
	unsigned int fail_vcpu; /* 1 + the id whose creation fails */
	unsigned int nr_completed, nr_vcpus_live, nr_slots_set;
	uint64_t last_read; /* what the last read exit was answered with */
};
extern struct fake_kvm fake_kvm;

#endif
