#include "vmm/vcpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "accel/kvm_cpuid.h"
#include "vmm/vm.h"

/*
 * Theory: how a vCPU is stopped without losing an exit.
 *
 * A thread is in the guest, in an exit, or parked. Whoever wants it parked says so under vm->lock,
 * sets vcpu->attention and kicks; the thread clears its kick, then looks at attention, then enters
 * the guest. A kick that comes before the clearing is covered by the look; one that comes after
 * makes KVM_RUN return at once, even if it comes before KVM_RUN. So no kick is lost, and none has
 * to be sent twice.
 *
 * A port or MMIO access is completed by the next KVM_RUN. Before it parks, the thread therefore
 * enters with immediate_exit set until nothing is pending: that may bring up further accesses of
 * the same instruction, which are handled as ever. Parked thus means: between two instructions.
 */

void vcpu_init(struct vcpu *vcpu, struct vm *vm, unsigned int index, const struct vcpu_spec *spec)
{
	*vcpu = (struct vcpu){ .vm = vm, .index = index, .spec = *spec, .kvm.fd = -1 };
	vcpu->spec.cpus = (struct cpuset){ 0 };
	cpuset_copy(&vcpu->spec.cpus, &spec->cpus);
	vcpu->spec.cpuid = spec->cpuid ? kvm_cpuid_copy(spec->cpuid) : NULL;
}

void vcpu_fini(struct vcpu *vcpu)
{
	kvm_vcpu_fini(&vcpu->kvm);
	cpuset_fini(&vcpu->spec.cpus);
	free((void *)vcpu->spec.cpuid);
}

void vcpu_call(struct vcpu *vcpu)
{
	atomic_store(&vcpu->attention, true);
	if (vcpu->has_thread && vcpu->state != VCPU_ENDED)
		kvm_vcpu_kick(vcpu->thread);
}

/* The main thread asks KVM while vCPUs are created; NULL if the VM is stopped meanwhile. */
static const struct kvm_cpuid2 *await_cpuid(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	while (!vm->cpuid && !vm->stopping)
		pthread_cond_wait(&vm->orders, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
	return vm->cpuid;
}

static int set_cpuid(struct vcpu *vcpu, struct err *err)
{
	const struct kvm_cpuid2 *supported;
	struct kvm_cpuid2 *list;
	int ret;

	if (vcpu->spec.cpuid)
		return kvm_vcpu_set_cpuid(&vcpu->kvm, vcpu->spec.cpuid, err);
	supported = await_cpuid(vcpu->vm);
	if (!supported)
		return err_set(err, EXIT_NO, ECANCELED, "stopped before it started");
	list = kvm_cpuid_copy(supported);
	kvm_cpuid_set_apic_id(list, vcpu->spec.id);
	ret = kvm_vcpu_set_cpuid(&vcpu->kvm, list, err);
	free(list);
	return ret;
}

/* First the thread's place, then what KVM allocates on its behalf. */
static int take_place(const struct vcpu *vcpu, struct err *err)
{
	const struct vcpu_spec *spec = &vcpu->spec;
	int ret = 0;

	if (!cpuset_empty(&spec->cpus))
		ret = pin_thread(0, &spec->cpus, err);
	if (!ret && spec->mem_node >= 0)
		ret = pin_prefer_node(spec->mem_node, err);
	if (!ret)
		ret = pin_set_priority(0, &spec->priority, err);
	return ret;
}

static int create(struct vcpu *vcpu, struct err *err)
{
	int ret = kvm_vcpu_init(&vcpu->kvm, &vcpu->vm->kvm, vcpu->spec.id, err);

	if (ret)
		return ret;
	kvm_vcpu_adopt(&vcpu->kvm);
	ret = set_cpuid(vcpu, err);
	if (!ret)
		ret = kvm_vcpu_start(&vcpu->kvm, &vcpu->spec.start, err);
	if (ret)
		err_context(err, "vcpu %u", vcpu->spec.id);
	return ret;
}

/* Between two instructions of the guest, or the VM has ended. */
static bool complete_pending(struct vcpu *vcpu)
{
	while (vcpu->pending) {
		int ret = kvm_vcpu_complete(&vcpu->kvm);

		vcpu->pending = false;
		if (ret == -EINTR)
			break;
		if (ret && ret != -EAGAIN) {
			vcpu_run_failed(vcpu, -ret);
			return false;
		}
		if (!ret) {
			vcpu->pending = true;
			if (!vcpu_handle_exit(vcpu))
				return false;
		}
	}
	kvm_vcpu_clear_kick(&vcpu->kvm);
	return true;
}

static void do_work(struct vcpu *vcpu)
{
	struct vcpu_work *work = vcpu->work;

	pthread_mutex_unlock(&vcpu->vm->lock);
	work->ret = work->fn(work);
	pthread_mutex_lock(&vcpu->vm->lock);
	work->done = true;
	vcpu->work = NULL;
	pthread_cond_broadcast(&vcpu->vm->changed);
}

static bool must_wait(const struct vcpu *vcpu)
{
	return !vcpu->vm->started || vcpu->vm->pauses || vcpu->state == VCPU_HALTED;
}

/* Does what others want of this thread. False: the VM ends. Lock held. */
static bool attend_locked(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	atomic_store(&vcpu->attention, false);
	while (!vm->stopping && (vcpu->work || must_wait(vcpu))) {
		if (vcpu->work) {
			do_work(vcpu);
			continue;
		}
		if (vcpu->state != VCPU_HALTED)
			vcpu->state = VCPU_PARKED;
		pthread_cond_broadcast(&vm->changed);
		pthread_cond_wait(&vm->orders, &vm->lock);
	}
	if (!vm->stopping)
		vcpu->state = VCPU_RUNNING;
	return !vm->stopping;
}

static bool attend(struct vcpu *vcpu)
{
	bool goes_on;

	if (!complete_pending(vcpu))
		return false;
	pthread_mutex_lock(&vcpu->vm->lock);
	goes_on = attend_locked(vcpu);
	pthread_mutex_unlock(&vcpu->vm->lock);
	return goes_on;
}

static void run(struct vcpu *vcpu)
{
	for (;;) {
		int ret;

		kvm_vcpu_clear_kick(&vcpu->kvm);
		if (atomic_load(&vcpu->attention) && !attend(vcpu))
			return;
		ret = kvm_vcpu_run(&vcpu->kvm);
		if (ret == -EINTR || ret == -EAGAIN) /* a signal; a vCPU that waits for its SIPI */
			continue;
		vcpu->pending = true;
		if (ret) {
			vcpu_run_failed(vcpu, -ret);
			return;
		}
		if (!vcpu_handle_exit(vcpu))
			return;
	}
}

static void end(struct vcpu *vcpu, const struct err *err)
{
	struct vm *vm = vcpu->vm;

	kvm_vcpu_adopt(NULL);
	pthread_mutex_lock(&vm->lock);
	if (err->status != EXIT_OK && vm->start_err.status == EXIT_OK)
		vm->start_err = *err;
	vcpu->state = VCPU_ENDED;
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
}

void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	struct err err = { 0 };
	char name[16];

	vcpu->tid = gettid();
	snprintf(name, sizeof(name), "vcpu%u", vcpu->spec.id);
	pthread_setname_np(pthread_self(), name);
	if (!take_place(vcpu, &err) && !create(vcpu, &err)) {
		atomic_store(&vcpu->attention, true); /* the start is waited for like a pause */
		run(vcpu);
	}
	end(vcpu, &err);
	return NULL;
}
