#include "accel/kvm_vcpu.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

static int call(const struct kvm_vcpu *vcpu, unsigned long request, void *arg)
{
	int ret = ioctl(vcpu->fd, request, arg);

	return ret < 0 ? -errno : ret;
}

static int create(struct kvm_vcpu *vcpu, const struct kvm *kvm, unsigned int id, struct err *err)
{
	if (id >= kvm->max_vcpu_id)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "vcpu %u: this host's KVM takes ids below %u", id, kvm->max_vcpu_id);
	vcpu->fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)id);
	if (vcpu->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return err_set(err, EXIT_INPUT, EEXIST,
			       "vcpu %u: the VM already has a vCPU of "
			       "this id",
			       id);
	return err_sys(err, EXIT_HOST, errno, "vcpu %u: KVM cannot create it", id);
}

int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm *kvm, unsigned int id, struct err *err)
{
	void *run;
	int ret;

	*vcpu = (struct kvm_vcpu){ .fd = -1 };
	ret = create(vcpu, kvm, id, err);
	if (ret)
		return ret;
	run = mmap(NULL, kvm->run_len, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return err_sys(err, EXIT_HOST, errno, "vcpu %u: cannot map its run area", id);
	vcpu->run = run;
	vcpu->run_len = kvm->run_len;
	return 0;
}

void kvm_vcpu_fini(struct kvm_vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_len);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	*vcpu = (struct kvm_vcpu){ .fd = -1 };
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	return ioctl(vcpu->fd, KVM_RUN, 0) ? -errno : 0;
}

int kvm_vcpu_complete(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELAXED);
	return kvm_vcpu_run(vcpu);
}

/* The calling thread's vCPU, for its signal handler: there is no other way to tell one. */
static _Thread_local struct kvm_run *volatile adopted;

static void on_kick(int signal)
{
	struct kvm_run *run = adopted;

	(void)signal;
	if (run)
		__atomic_store_n(&run->immediate_exit, 1, __ATOMIC_RELAXED);
}

/* No real-time signal: those are queued, and cannot be sent where the user's queue is full. */
#define KICK_SIGNAL SIGUSR1

int kvm_kick_setup(struct err *err)
{
	struct sigaction action = { .sa_handler = on_kick };

	if (sigaction(KICK_SIGNAL, &action, NULL))
		return err_sys(err, EXIT_HOST, errno, "kvm: cannot handle signal %d", KICK_SIGNAL);
	return 0;
}

void kvm_vcpu_adopt(struct kvm_vcpu *vcpu)
{
	sigset_t set;

	adopted = vcpu ? vcpu->run : NULL;
	sigemptyset(&set);
	sigaddset(&set, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void kvm_vcpu_kick(pthread_t thread)
{
	int ret = pthread_kill(thread, KICK_SIGNAL);

	assert(!ret); /* the thread is not joined yet */
}

void kvm_vcpu_clear_kick(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELAXED);
	/* The handler runs on this thread: keeping the compiler's order is enough. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

int kvm_vcpu_get_regs(const struct kvm_vcpu *vcpu, struct kvm_regs *regs)
{
	return call(vcpu, KVM_GET_REGS, regs);
}

int kvm_vcpu_set_regs(const struct kvm_vcpu *vcpu, const struct kvm_regs *regs)
{
	return call(vcpu, KVM_SET_REGS, (void *)regs);
}

int kvm_vcpu_get_sregs(const struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	return call(vcpu, KVM_GET_SREGS, sregs);
}

int kvm_vcpu_set_sregs(const struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs)
{
	return call(vcpu, KVM_SET_SREGS, (void *)sregs);
}

int kvm_vcpu_start(const struct kvm_vcpu *vcpu, const struct kvm_start *start, struct err *err)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int ret;

	if (start->mode == START_WAIT_SIPI) {
		ret = kvm_vcpu_set_mp_state(vcpu, KVM_MP_STATE_UNINITIALIZED);
		return ret ? err_sys(err, EXIT_HOST, -ret,
				     "cannot wait for a SIPI, which needs local APICs in the "
				     "kernel")
			   : 0;
	}
	ret = kvm_vcpu_get_sregs(vcpu, &sregs);
	if (!ret) {
		kvm_start_fill(start, &regs, &sregs);
		ret = kvm_vcpu_set_sregs(vcpu, &sregs);
	}
	if (!ret)
		ret = kvm_vcpu_set_regs(vcpu, &regs);
	return ret ? err_sys(err, EXIT_HOST, -ret, "cannot set the start state") : 0;
}

int kvm_vcpu_set_cpuid(const struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid, struct err *err)
{
	int ret = call(vcpu, KVM_SET_CPUID2, (void *)cpuid);

	return ret ? err_sys(err, EXIT_HOST, -ret, "KVM refuses the %u CPUID leaves", cpuid->nent)
		   : 0;
}

int kvm_vcpu_get_mp_state(const struct kvm_vcpu *vcpu, uint32_t *state)
{
	struct kvm_mp_state mp = { 0 };
	int ret = call(vcpu, KVM_GET_MP_STATE, &mp);

	*state = mp.mp_state;
	return ret;
}

int kvm_vcpu_set_mp_state(const struct kvm_vcpu *vcpu, uint32_t state)
{
	struct kvm_mp_state mp = { .mp_state = state };

	return call(vcpu, KVM_SET_MP_STATE, &mp);
}

int kvm_vcpu_get_lapic(const struct kvm_vcpu *vcpu, struct kvm_lapic_state *lapic)
{
	return call(vcpu, KVM_GET_LAPIC, lapic);
}

int kvm_vcpu_set_lapic(const struct kvm_vcpu *vcpu, const struct kvm_lapic_state *lapic)
{
	return call(vcpu, KVM_SET_LAPIC, (void *)lapic);
}

/* KVM returns how many MSRs it did; 0 means that it does not know this one. */
static int one_msr(const struct kvm_vcpu *vcpu, unsigned long request, uint32_t index,
		   uint64_t *value)
{
	size_t len = sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry);
	struct kvm_msrs *msrs AUTO_FREE = alloc_zeroed(1, len);
	int ret;

	msrs->nmsrs = 1;
	msrs->entries[0] = (struct kvm_msr_entry){ .index = index, .data = *value };
	ret = call(vcpu, request, msrs);
	*value = msrs->entries[0].data;
	if (ret < 0)
		return ret;
	return ret == 1 ? 0 : -ENOENT;
}

int kvm_vcpu_get_msr(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t *value)
{
	*value = 0;
	return one_msr(vcpu, KVM_GET_MSRS, index, value);
}

int kvm_vcpu_set_msr(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t value)
{
	return one_msr(vcpu, KVM_SET_MSRS, index, &value);
}

int kvm_vcpu_get_xsave(const struct kvm_vcpu *vcpu, const struct kvm *kvm, struct kvm_xsave **xsave)
{
	int len = kvm_check(kvm->vm_fd, KVM_CAP_XSAVE2);
	unsigned long request = len ? KVM_GET_XSAVE2 : KVM_GET_XSAVE;
	struct kvm_xsave *state;
	int ret;

	if (len < (int)sizeof(*state))
		len = (int)sizeof(*state);
	state = alloc_zeroed(1, (size_t)len);
	ret = call(vcpu, request, state);
	if (ret) {
		free(state);
		return ret;
	}
	*xsave = state;
	return 0;
}

int kvm_vcpu_set_xsave(const struct kvm_vcpu *vcpu, const struct kvm_xsave *xsave)
{
	return call(vcpu, KVM_SET_XSAVE, (void *)xsave);
}
