#ifndef SITU_ACCEL_KVM_VCPU_H
#define SITU_ACCEL_KVM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "accel/kvm.h"
#include "accel/kvm_start.h"
#include "base/err.h"

/*
 * One vCPU's file descriptor and its run area. All calls but kvm_vcpu_kick() come from the one
 * thread that runs it, or from any other while that thread is known to be parked.
 *
 * Nothing is cached: what a getter returns is what KVM holds. After an exit for a port or MMIO
 * access KVM finishes the instruction only at the next run; kvm_vcpu_complete() does that and no
 * more, and state read before it is that of an instruction half done.
 */
struct kvm_vcpu {
	int fd; /* -1: not created */
	struct kvm_run *run;
	size_t run_len;
};

/* KVM_CREATE_VCPU (4.7): id is the vCPU's APIC id. -EEXIST: taken, -EINVAL: too high. */
int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm *kvm, unsigned int id, struct err *err);
void kvm_vcpu_fini(struct kvm_vcpu *vcpu);

/* Runs the guest until it needs us. 0: run->exit_reason says why; -EINTR: kicked, or another
 * signal; any other -errno: KVM cannot go on. */
int kvm_vcpu_run(struct kvm_vcpu *vcpu);
/* Finishes a pending access without running the guest on. -EINTR: nothing is pending any more;
 * 0: the instruction goes on with another access, which run->exit_reason describes. */
int kvm_vcpu_complete(struct kvm_vcpu *vcpu);

/*
 * Kicking: whoever wants a vCPU's attention leaves word where its thread will look, then kicks
 * the thread. The signal's handler sets immediate_exit in the run area of the thread's own vCPU,
 * so that a kick between the look and KVM_RUN is not lost. kvm_vcpu_adopt() names that vCPU (NULL:
 * none) for the calling thread; kvm_kick_setup() installs the handler, once per process or more.
 */
int kvm_kick_setup(struct err *err);
void kvm_vcpu_adopt(struct kvm_vcpu *vcpu);
void kvm_vcpu_kick(pthread_t thread);
/* The kick was seen: the next run is a real one. Call before looking for word, never after. */
void kvm_vcpu_clear_kick(struct kvm_vcpu *vcpu);

/* Registers, segments and start state; 0 or -errno. */
int kvm_vcpu_get_regs(const struct kvm_vcpu *vcpu, struct kvm_regs *regs);
int kvm_vcpu_set_regs(const struct kvm_vcpu *vcpu, const struct kvm_regs *regs);
int kvm_vcpu_get_sregs(const struct kvm_vcpu *vcpu, struct kvm_sregs *sregs);
int kvm_vcpu_set_sregs(const struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs);
int kvm_vcpu_start(const struct kvm_vcpu *vcpu, const struct kvm_start *start, struct err *err);
int kvm_vcpu_set_cpuid(const struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid,
		       struct err *err);

/* Wait-for-SIPI, halted, runnable (4.38); in-kernel local APICs only. */
int kvm_vcpu_get_mp_state(const struct kvm_vcpu *vcpu, uint32_t *state);
int kvm_vcpu_set_mp_state(const struct kvm_vcpu *vcpu, uint32_t state);
int kvm_vcpu_get_lapic(const struct kvm_vcpu *vcpu, struct kvm_lapic_state *lapic);
int kvm_vcpu_set_lapic(const struct kvm_vcpu *vcpu, const struct kvm_lapic_state *lapic);
int kvm_vcpu_get_msr(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t *value);
int kvm_vcpu_set_msr(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t value);
/* The whole extended state, of the size that KVM_CAP_XSAVE2 gives; the caller frees *xsave. */
int kvm_vcpu_get_xsave(const struct kvm_vcpu *vcpu, const struct kvm *kvm,
		       struct kvm_xsave **xsave);
int kvm_vcpu_set_xsave(const struct kvm_vcpu *vcpu, const struct kvm_xsave *xsave);

#endif
