#include "vmm/vm.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int check_ids(const struct vm_spec *spec, struct err *err)
{
	if (!spec->nr_vcpus)
		return err_set(err, EXIT_INPUT, EINVAL,
			       "vm: no vCPU is asked for; at least one is "
			       "needed");
	for (unsigned int i = 0; i < spec->nr_vcpus; i++)
		for (unsigned int j = 0; j < i; j++)
			if (spec->vcpus[i].id == spec->vcpus[j].id)
				return err_set(err, EXIT_INPUT, EEXIST,
					       "vcpu %u: the id is given to two vCPUs, %u and %u",
					       spec->vcpus[i].id, j, i);
	return 0;
}

static int check_places(const struct vm_spec *spec, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; spec->topology && !ret && i < spec->nr_vcpus; i++) {
		if (cpuset_empty(&spec->vcpus[i].cpus))
			continue;
		ret = pin_check(spec->topology, &spec->vcpus[i].cpus, err);
		if (ret)
			err_context(err, "vcpu %u", spec->vcpus[i].id);
	}
	return ret;
}

static int add_slots(struct vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->gmem.nr_regions; i++) {
		struct gmem_region *region = &vm->gmem.regions[i];
		const struct kvm_slot slot = {
			.gpa = region->spec.gpa,
			.len = region->spec.len,
			.hva = region->hva,
		};

		region->slot = kvm_slot_add(&vm->kvm, &slot, err);
		if (region->slot < 0)
			return region->slot;
	}
	return 0;
}

static void init_vcpus(struct vm *vm, const struct vm_spec *spec)
{
	vm->vcpus = alloc_zeroed(spec->nr_vcpus, sizeof(*vm->vcpus));
	for (; vm->nr_vcpus < spec->nr_vcpus; vm->nr_vcpus++)
		vcpu_init(&vm->vcpus[vm->nr_vcpus], vm, vm->nr_vcpus, &spec->vcpus[vm->nr_vcpus]);
}

/* A state that vm_fini() accepts. */
static void init_empty(struct vm *vm)
{
	*vm = (struct vm){ .kvm = { .sys_fd = -1, .vm_fd = -1 },
			   .loop = { .epoll_fd = -1, .stopper.fd = -1 },
			   .end.vcpu = -1 };
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->changed, NULL);
	pthread_cond_init(&vm->orders, NULL);
	bus_init(&vm->pio, "port");
	bus_init(&vm->mmio, "mmio");
}

int vm_init(struct vm *vm, const struct vm_spec *spec, struct err *err)
{
	int ret;

	init_empty(vm);
	ret = check_ids(spec, err);
	if (!ret)
		ret = check_places(spec, err);
	if (!ret)
		ret = kvm_kick_setup(err);
	if (!ret)
		ret = kvm_init(&vm->kvm, &spec->kvm, err);
	if (ret)
		return ret;
	irq_map_init(&vm->irqs, &vm->kvm);
	ret = loop_init(&vm->loop, err);
	if (!ret)
		ret = gmem_init(&vm->gmem, spec->regions, spec->nr_regions, spec->memory, err);
	if (!ret)
		ret = add_slots(vm, err);
	if (!ret)
		init_vcpus(vm, spec);
	return ret;
}

/* Signals are for the main thread: a vCPU's thread takes none but its kick. */
static int create_thread(struct vcpu *vcpu, struct err *err)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&vcpu->vm->lock); /* whoever stops the VM now looks at has_thread */
	ret = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	vcpu->has_thread = !ret;
	pthread_mutex_unlock(&vcpu->vm->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		return 0;
	return err_sys(err, EXIT_HOST, ret, "vcpu %u: cannot create its thread", vcpu->spec.id);
}

/* Waits until each thread that exists is ready or has failed. Lock held. */
static void wait_until_ready(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		while (vm->vcpus[i].has_thread && vm->vcpus[i].state == VCPU_NEW)
			pthread_cond_wait(&vm->changed, &vm->lock);
}

static void call_all(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		vcpu_call(&vm->vcpus[i]);
	pthread_cond_broadcast(&vm->orders);
}

static void join_threads(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->stopping = true;
	call_all(vm);
	pthread_mutex_unlock(&vm->lock);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		if (vm->vcpus[i].has_thread)
			pthread_join(vm->vcpus[i].thread, NULL);
		vm->vcpus[i].has_thread = false;
	}
}

/* Asking costs KVM one trap per leaf on a nested host, as long as creating a vCPU: so it is done
 * while the threads do that, and they wait for the answer. */
static int learn_cpuid(struct vm *vm, struct err *err)
{
	struct kvm_cpuid2 *cpuid = NULL;
	bool needed = false;
	int ret = 0;

	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		needed |= !vm->vcpus[i].spec.cpuid;
	if (needed)
		ret = kvm_supported_cpuid(&vm->kvm, &cpuid, err);
	pthread_mutex_lock(&vm->lock);
	vm->cpuid = cpuid;
	vm->stopping |= ret != 0;
	pthread_cond_broadcast(&vm->orders);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

static int create_threads(struct vm *vm, struct err *err)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		int ret = create_thread(&vm->vcpus[i], err);

		if (ret)
			return ret;
	}
	return learn_cpuid(vm, err);
}

static int let_go(struct vm *vm, struct err *err)
{
	int ret = 0;

	pthread_mutex_lock(&vm->lock);
	wait_until_ready(vm);
	if (vm->start_err.status != EXIT_OK) {
		*err = vm->start_err;
		ret = -err->errnum;
	}
	vm->started = !ret;
	pthread_cond_broadcast(&vm->orders);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

int vm_start(struct vm *vm, struct err *err)
{
	int ret = create_threads(vm, err);

	if (!ret)
		ret = let_go(vm, err);
	if (ret)
		join_threads(vm);
	return ret;
}

int vm_join(struct vm *vm, struct vm_end *end, struct err *err)
{
	int ret = loop_run(&vm->loop, err);

	join_threads(vm);
	*end = vm->end;
	return ret;
}

void vm_fini(struct vm *vm)
{
	join_threads(vm);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		vcpu_fini(&vm->vcpus[i]);
	free(vm->vcpus);
	free(vm->cpuid);
	irq_map_fini(&vm->irqs);
	kvm_fini(&vm->kvm);
	gmem_fini(&vm->gmem);
	loop_fini(&vm->loop);
	bus_fini(&vm->pio);
	bus_fini(&vm->mmio);
	pthread_cond_destroy(&vm->changed);
	pthread_cond_destroy(&vm->orders);
	pthread_mutex_destroy(&vm->lock);
}

/* Lock held. */
static void stop_locked(struct vm *vm, const struct vm_end *end)
{
	if (!vm->end.ended)
		vm->end = *end;
	vm->stopping = true;
	call_all(vm);
	loop_stop(&vm->loop);
}

static void stop(struct vm *vm, const struct vm_end *end)
{
	pthread_mutex_lock(&vm->lock);
	stop_locked(vm, end);
	pthread_mutex_unlock(&vm->lock);
}

void vm_stop(struct vm *vm, enum exit_status status, const char *fmt, ...)
{
	struct vm_end end = { .ended = true, .status = status, .vcpu = -1 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(end.reason, sizeof(end.reason), fmt, ap);
	va_end(ap);
	stop(vm, &end);
}

void vm_stop_vcpu(struct vcpu *vcpu, enum exit_status status, const char *fmt, ...)
{
	struct vm_end end = { .ended = true, .status = status, .vcpu = (int)vcpu->index };
	int used = snprintf(end.reason, sizeof(end.reason), "vcpu %u: ", vcpu->spec.id);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(end.reason + used, sizeof(end.reason) - (size_t)used, fmt, ap);
	va_end(ap);
	end.regs_known = !kvm_vcpu_get_regs(&vcpu->kvm, &end.regs);
	stop(vcpu->vm, &end);
}

void vm_vcpu_halted(struct vcpu *vcpu)
{
	struct vm_end end = { .ended = true, .status = EXIT_OK, .vcpu = -1 };
	struct vm *vm = vcpu->vm;
	unsigned int nr_halted = 0;

	snprintf(end.reason, sizeof(end.reason), "every vCPU has halted");
	pthread_mutex_lock(&vm->lock);
	vcpu->state = VCPU_HALTED;
	atomic_store(&vcpu->attention, true); /* so that it waits instead of going on */
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		nr_halted += vm->vcpus[i].state == VCPU_HALTED;
	if (nr_halted == vm->nr_vcpus)
		stop_locked(vm, &end);
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
}
