/* A running VM under control: pause and resume, work on a vCPU's thread, moving a vCPU. */
#include <errno.h>

#include "vmm/vm.h"

void vm_pause(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->pauses++;
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].state == VCPU_RUNNING)
			vcpu_call(&vm->vcpus[i]);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		while (vm->vcpus[i].state == VCPU_RUNNING)
			pthread_cond_wait(&vm->changed, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
}

void vm_resume(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->pauses--;
	pthread_cond_broadcast(&vm->orders);
	pthread_mutex_unlock(&vm->lock);
}

struct vcpu *vm_vcpu(struct vm *vm, unsigned int id)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].spec.id == id)
			return &vm->vcpus[i];
	return NULL;
}

static struct vcpu *need_vcpu(struct vm *vm, unsigned int id, struct err *err)
{
	struct vcpu *vcpu = vm_vcpu(vm, id);

	if (!vcpu)
		err_set(err, EXIT_INPUT, ESRCH, "vcpu %u: the VM has no such vCPU", id);
	else if (!vcpu->has_thread)
		err_set(err, EXIT_NO, ESRCH, "vcpu %u: its thread does not run", id);
	return vcpu && vcpu->has_thread ? vcpu : NULL;
}

int vm_vcpu_do(struct vcpu *vcpu, struct vcpu_work *work)
{
	struct vm *vm = vcpu->vm;

	work->done = false;
	pthread_mutex_lock(&vm->lock);
	while (vcpu->work && vcpu->state != VCPU_ENDED)
		pthread_cond_wait(&vm->changed, &vm->lock);
	if (vcpu->state != VCPU_ENDED && vcpu->has_thread) {
		vcpu->work = work;
		vcpu_call(vcpu);
		pthread_cond_broadcast(&vm->orders);
		while (!work->done && vcpu->state != VCPU_ENDED)
			pthread_cond_wait(&vm->changed, &vm->lock);
		if (!work->done)
			vcpu->work = NULL;
	}
	pthread_mutex_unlock(&vm->lock);
	return work->done ? work->ret : -ESRCH;
}

/* The kernel moves a thread from outside, in the guest or not. */
static int move(struct vcpu *vcpu, const struct cpuset *cpus, struct err *err)
{
	struct vm *vm = vcpu->vm;
	int ret;

	pthread_mutex_lock(&vm->lock);
	if (vcpu->state == VCPU_ENDED)
		ret = err_set(err, EXIT_NO, ESRCH, "vcpu %u: its thread has ended", vcpu->spec.id);
	else
		ret = pin_thread(vcpu->tid, cpus, err);
	if (!ret)
		cpuset_copy(&vcpu->spec.cpus, cpus);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

int vm_vcpu_pin(struct vm *vm, unsigned int id, const struct cpuset *cpus, struct err *err)
{
	struct vcpu *vcpu = need_vcpu(vm, id, err);

	return vcpu ? move(vcpu, cpus, err) : -ESRCH;
}

struct prefer_work {
	struct vcpu_work work; /* first: the callback gets its address */
	int node;
	struct err err;
};

static int prefer(struct vcpu_work *work)
{
	struct prefer_work *prefer_work = (struct prefer_work *)work;

	return pin_prefer_node(prefer_work->node, &prefer_work->err);
}

/* A memory policy can be set by the thread itself alone. */
static int prefer_node(struct vcpu *vcpu, unsigned int node, struct err *err)
{
	struct prefer_work work = { .work.fn = prefer, .node = (int)node };
	int ret = vm_vcpu_do(vcpu, &work.work);

	if (ret == -ESRCH)
		return err_set(err, EXIT_NO, ESRCH, "vcpu %u: its thread has ended", vcpu->spec.id);
	if (ret)
		*err = work.err;
	else
		vcpu->spec.mem_node = (int)node;
	return ret;
}

int vm_vcpu_bind_node(struct vm *vm, unsigned int id, const struct topology *topo,
		      unsigned int node, struct err *err)
{
	const struct topo_node *place = topology_node(topo, node);
	struct vcpu *vcpu = need_vcpu(vm, id, err);
	int ret;

	if (!vcpu)
		return -ESRCH;
	if (!place)
		return err_set(err, EXIT_INPUT, ENOENT, "node %u: the host has no such node", node);
	if (cpuset_empty(&place->cpus))
		return err_set(err, EXIT_INPUT, EINVAL,
			       "node %u: it has no CPUs for vCPU %u; choose one that has", node,
			       id);
	ret = pin_check(topo, &place->cpus, err);
	if (!ret)
		ret = move(vcpu, &place->cpus, err);
	if (!ret)
		ret = prefer_node(vcpu, node, err);
	return ret;
}

int vm_vcpu_node(struct vm *vm, unsigned int id, const struct topology *topo, struct err *err)
{
	struct cpuset cpus AUTO_CPUSET = { 0 };
	struct vcpu *vcpu = need_vcpu(vm, id, err);
	int ret;

	if (!vcpu)
		return -ESRCH;
	ret = pin_read(vcpu->tid, &cpus, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (cpuset_subset(&cpus, &topo->nodes[i].cpus))
			return (int)topo->nodes[i].os;
	return err_set(err, EXIT_NO, ENOENT, "vcpu %u: it may run on several nodes", id);
}
