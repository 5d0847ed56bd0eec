/*
 * Threads that are no vCPUs go beside the vCPUs: to an idle core in an L3 of the VM, else in a node
 * of the VM, two of them to one core; then to spare siblings; last they share the vCPUs' own CPUs.
 * Idle cores are taken where the fewest are left, which keeps whole L3s for later VMs.
 */
#include "affinity/place_threads.h"

#include <stdlib.h>

#include "base/alloc.h"

struct spots {
	struct place_job *job;
	bool *vcpu_cpu; /* per CPU: a vCPU of this VM is on it */
	bool *thread_cpu; /* per CPU: given to a thread already */
	bool *vcpu_core, *thread_core; /* per core of the topology */
	bool *vcpu_node, *vcpu_l3;
};

static bool is_free(const struct spots *spots, unsigned int cpu)
{
	const struct topology *topo = spots->job->host->topo;

	return spots->job->host->holder[cpu] < 0 && !spots->vcpu_cpu[cpu] &&
	       !spots->thread_cpu[cpu] && !topo->cpus[cpu].isolated &&
	       !cpuset_has(&spots->job->vm->avoid, topo->cpus[cpu].os) &&
	       !cpuset_has(&spots->job->plan->reserved, topo->cpus[cpu].os);
}

static bool core_idle(const struct spots *spots, unsigned int core)
{
	const struct topology *topo = spots->job->host->topo;

	cpuset_for_each (os, &topo->cores[core].cpus) {
		const struct topo_cpu *cpu = topology_cpu(topo, (unsigned int)os);

		if (cpu && !is_free(spots, (unsigned int)(cpu - topo->cpus)))
			return false;
	}
	return true;
}

static unsigned int idle_in_l3(const struct spots *spots, int l3)
{
	const struct topology *topo = spots->job->host->topo;
	unsigned int idle = 0;

	for (unsigned int cpu = 0; l3 >= 0 && cpu < topo->nr_cpus; cpu++)
		idle += topo->cpus[cpu].l3 == l3 && topo->cpus[cpu].smt == 0 &&
			core_idle(spots, topo->cpus[cpu].core);
	return idle;
}

/* How good a free CPU is for a thread, less is better; negative: not at all. */
static int grade(const struct spots *spots, unsigned int cpu, int node)
{
	const struct topo_cpu *at = &spots->job->host->topo->cpus[cpu];
	int other_l3 = at->l3 < 0 || !spots->vcpu_l3[at->l3];

	if (!is_free(spots, cpu) || at->node < 0)
		return -1;
	if (node >= 0 ? at->node != node : !spots->vcpu_node[at->node])
		return -1;
	if (spots->thread_core[at->core])
		return spots->vcpu_core[at->core] ? 3 : 0;
	if (core_idle(spots, at->core))
		return 1 + other_l3;
	return 3;
}

/* The best free CPU on `node`, or on any node of the vCPUs for -1; -1: none. */
static int best_cpu(const struct spots *spots, int node)
{
	const struct topology *topo = spots->job->host->topo;
	unsigned int best_left = 0;
	int best = -1, best_grade = 0;

	for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++) {
		int is = grade(spots, cpu, node);
		unsigned int left = 0;

		if (is < 0 || (best >= 0 && is > best_grade))
			continue;
		if (is == 2)
			left = idle_in_l3(spots, topo->cpus[cpu].l3);
		if (best >= 0 && is == best_grade &&
		    (left > best_left ||
		     (left == best_left && topo->cpus[cpu].os > topo->cpus[best].os)))
			continue;
		best = (int)cpu;
		best_grade = is;
		best_left = left;
	}
	return best;
}

static struct place_thread *add_thread(struct place_job *job, enum place_thread_kind kind,
				       unsigned int id)
{
	struct place_vm_plan *plan = job->plan;
	struct place_thread *thread;

	plan->threads = alloc_resize(plan->threads, plan->nr_threads + 1, sizeof(*thread));
	thread = &plan->threads[plan->nr_threads++];
	*thread = (struct place_thread){ .kind = kind, .id = id, .node = -1 };
	return thread;
}

static void take_cpu(struct spots *spots, struct place_thread *thread, unsigned int cpu)
{
	const struct topology *topo = spots->job->host->topo;

	spots->thread_cpu[cpu] = true;
	spots->thread_core[topo->cpus[cpu].core] = true;
	cpuset_add(&thread->cpus, topo->cpus[cpu].os);
	thread->node = (int)topo->nodes[topo->cpus[cpu].node].os;
}

/* No CPU of its own: those of the other threads, or of the vCPUs. */
static void share_cpus(struct spots *spots, struct place_thread *thread)
{
	const struct place_job *job = spots->job;
	const struct topology *topo = job->host->topo;
	int node = topo->cpus[job->cpu[0]].node;

	thread->node = node < 0 ? -1 : (int)topo->nodes[node].os;
	if (!cpuset_empty(&job->plan->io_cpus)) {
		cpuset_copy(&thread->cpus, &job->plan->io_cpus);
		return;
	}
	thread->shared = true;
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (topo->cpus[job->cpu[vcpu]].node == node)
			cpuset_add(&thread->cpus, topo->cpus[job->cpu[vcpu]].os);
}

static bool place_io(struct spots *spots, unsigned int id)
{
	struct place_job *job = spots->job;
	const struct place_vm *vm = job->vm;
	const struct place_device *device =
		vm->nr_devices ? &vm->devices[id % vm->nr_devices] : NULL;
	const struct topology *topo = job->host->topo;
	struct place_thread *thread = add_thread(job, PLACE_THREAD_IO, id);
	int node = -1, cpu;

	if (device) {
		thread->device = device->name;
		if (device->strict)
			node = topo->devices[place_find_device(topo, device->name)].node;
	}
	cpu = best_cpu(spots, node);
	if (cpu >= 0)
		take_cpu(spots, thread, (unsigned int)cpu);
	else if (node >= 0)
		return plan_refuse(
			job->plan, "device",
			"no CPU is free on node %u for the I/O thread of %s; free one, or "
			"let the device be used from another node",
			topo->nodes[node].os, device->name);
	else
		share_cpus(spots, thread);
	cpuset_or(&job->plan->io_cpus, &thread->cpus);
	return true;
}

/* The emulator's threads sleep most of the time: one CPU does for all. */
static void place_emulator(struct spots *spots, unsigned int id)
{
	struct place_vm_plan *plan = spots->job->plan;
	struct place_thread *thread = add_thread(spots->job, PLACE_THREAD_EMULATOR, id);
	int cpu = id ? -1 : best_cpu(spots, -1);

	if (id) {
		cpuset_copy(&thread->cpus, &plan->emulator_cpus);
		thread->node = plan->threads[plan->nr_threads - 2].node;
		thread->shared = plan->threads[plan->nr_threads - 2].shared;
	} else if (cpu >= 0) {
		take_cpu(spots, thread, (unsigned int)cpu);
	} else {
		share_cpus(spots, thread);
	}
	cpuset_or(&plan->emulator_cpus, &thread->cpus);
}

static void warn_shared(struct place_job *job)
{
	unsigned int shared = 0;

	for (unsigned int i = 0; i < job->plan->nr_threads; i++)
		shared += job->plan->threads[i].shared;
	if (shared)
		plan_warn(job->plan, "threads-share-cpus",
			  "leave a CPU free on the VM's node, or give the VM one vCPU less",
			  "%u I/O and emulator threads share CPUs with vCPUs", shared);
}

bool threads_place(struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	AUTO_FREE bool *marks =
		alloc_zeroed(2 * (size_t)topo->nr_cpus + 2 * (size_t)topo->nr_cores +
				     topo->nr_nodes + topo->nr_caches,
			     sizeof(*marks));
	struct spots spots = { .job = job };
	bool ok = true;

	spots.vcpu_cpu = marks;
	spots.thread_cpu = spots.vcpu_cpu + topo->nr_cpus;
	spots.vcpu_core = spots.thread_cpu + topo->nr_cpus;
	spots.thread_core = spots.vcpu_core + topo->nr_cores;
	spots.vcpu_node = spots.thread_core + topo->nr_cores;
	spots.vcpu_l3 = spots.vcpu_node + topo->nr_nodes;
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		const struct topo_cpu *cpu = &topo->cpus[job->cpu[vcpu]];

		spots.vcpu_cpu[job->cpu[vcpu]] = true;
		spots.vcpu_core[cpu->core] = true;
		if (cpu->node >= 0)
			spots.vcpu_node[cpu->node] = true;
		if (cpu->l3 >= 0)
			spots.vcpu_l3[cpu->l3] = true;
	}
	for (unsigned int id = 0; ok && id < job->vm->nr_io_threads; id++)
		ok = place_io(&spots, id);
	for (unsigned int id = 0; ok && id < job->vm->nr_emulator_threads; id++)
		place_emulator(&spots, id);
	if (ok)
		warn_shared(job);
	return ok;
}
