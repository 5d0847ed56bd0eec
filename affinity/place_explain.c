#include "affinity/place_explain.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/size.h"

#define ALTERNATIVES_MAX 16u

/* Codes: cpu-rule, nodes, smt, memory, threads, bound. */

static void list_cpus(const struct place_vm_plan *plan, struct cpuset *cpus, struct cpuset *nodes)
{
	for (unsigned int i = 0; i < plan->nr_vcpus; i++) {
		cpuset_add(cpus, plan->vcpus[i].cpu);
		if (plan->vcpus[i].node >= 0)
			cpuset_add(nodes, (unsigned int)plan->vcpus[i].node);
	}
}

static void explain_cpus(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;
	AUTO_CPUSET struct cpuset cpus = { 0 }, nodes = { 0 };
	AUTO_FREE char *cpu_list = NULL, *node_list = NULL;

	list_cpus(plan, &cpus, &nodes);
	cpu_list = cpuset_string(&cpus);
	node_list = cpuset_string(&nodes);
	plan_reason(plan, "nodes", "%u vCPUs on CPU %s, node %s", plan->nr_vcpus, cpu_list,
		    node_list);
	if (!job->nr_free)
		plan_reason(plan, "cpu-rule", "every vCPU is pinned by the request");
	else if (job->vm->cpu == PLACE_CPU_SPREAD)
		plan_reason(plan, "cpu-rule",
			    "spread: counts per node, L3 and core differ by one at most");
	else
		plan_reason(plan, "cpu-rule", "minimised in this order: %s", job->rule->text);
}

static unsigned int siblings_used(const struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	AUTO_FREE bool *used = alloc_zeroed(topo->nr_cores, sizeof(*used));
	unsigned int nr = 0;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		unsigned int core = topo->cpus[job->cpu[vcpu]].core;

		nr += used[core];
		used[core] = true;
	}
	return nr;
}

static void explain_smt(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;
	unsigned int nr = siblings_used(job);

	if (!cpuset_empty(&plan->reserved)) {
		AUTO_FREE char *list = cpuset_string(&plan->reserved);

		plan_reason(plan, "smt", "CPU %s stay empty: siblings of vCPUs", list);
	}
	if (!nr)
		return;
	plan_reason(plan, "smt", "%u vCPUs share a core with another vCPU of the VM", nr);
	if (job->vm->smt == PLACE_SMT_AUTO && job->vm->cpu != PLACE_CPU_COMPACT && job->nr_free)
		plan_warn(plan, "smt-shared",
			  "free whole cores, give the VM fewer vCPUs, or accept it with "
			  "placement.smt: "
			  "share",
			  "%u vCPUs run on SMT siblings of others: too few whole cores are free",
			  nr);
}

static void explain_shared(struct place_job *job)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };
	const struct topology *topo = job->host->topo;
	AUTO_FREE char *list = NULL;
	const char *name = NULL;
	bool several = false;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		int holder = job->host->holder[job->cpu[vcpu]];

		if (holder < 0)
			continue;
		cpuset_add(&cpus, topo->cpus[job->cpu[vcpu]].os);
		several = several || (name && name != job->host->holder_names[holder]);
		name = job->host->holder_names[holder];
	}
	if (!name)
		return;
	list = cpuset_string(&cpus);
	plan_warn(job->plan, "cpus-shared", "stop a VM, or set placement.exclusive: true to refuse",
		  "CPU %s are shared with %s%s: too few CPUs are free", list, name,
		  several ? " and others" : "");
}

static void explain_memory(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;
	char size[SIZE_TEXT], page[SIZE_TEXT];
	AUTO_CPUSET struct cpuset cpus = { 0 }, nodes = { 0 };
	uint64_t remote = 0, all = 0;

	list_cpus(plan, &cpus, &nodes);
	for (unsigned int i = 0; i < plan->nr_memory; i++) {
		const struct place_memory *memory = &plan->memory[i];

		plan_reason(plan, "memory", "guest node %u: %s on node %u, %s, pages of %s",
			    memory->guest_node, size_format(memory->bytes, size), memory->host_node,
			    place_mem_policy_names[memory->policy],
			    size_format(memory->page_size, page));
		all += memory->bytes;
		if (!cpuset_has(&nodes, memory->host_node))
			remote += memory->bytes;
	}
	if (remote && job->vm->mem <= PLACE_MEM_LOCAL)
		plan_warn(plan, "memory-remote",
			  "free memory on the vCPUs' node, or let the VM use more nodes",
			  "%s of %s lie on nodes without a vCPU of the VM",
			  size_format(remote, size), size_format(all, page));
	if (job->vm->mem == PLACE_MEM_INTERLEAVE && plan->nr_memory == 1)
		plan_warn(plan, "interleave-one-node", "name several nodes in placement.nodes",
			  "memory is to be interleaved, but only node %u may hold it",
			  plan->memory[0].host_node);
}

static void explain_threads(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;

	for (unsigned int i = 0; i < plan->nr_threads; i++) {
		const struct place_thread *thread = &plan->threads[i];
		AUTO_FREE char *list = cpuset_string(&thread->cpus);

		plan_reason(plan, "threads", "%s thread %u on CPU %s%s%s",
			    thread->kind == PLACE_THREAD_IO ? "I/O" : "emulator", thread->id, list,
			    thread->device ? ", for " : "", thread->device ? thread->device : "");
	}
}

static void explain_bound(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;
	double gap = plan->total > 0 ? (plan->total - plan->lower_bound) / plan->total * 100 : 0;

	if (plan->exact)
		plan_reason(plan, "bound", "proven: nothing that fits is better by this rule");
	else
		plan_reason(plan, "bound",
			    "searched: at most %.1f %% above the least possible cost", gap);
}

static bool all_on(const struct place_vm_plan *plan, unsigned int node)
{
	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		if (plan->vcpus[i].node != (int)node)
			return false;
	return true;
}

/* The whole VM on each node, from the tables of the tree: what was weighed by the rule. */
static void weigh_nodes(struct place_job *job)
{
	unsigned int cost = dp_position(job->rule, DP_COST), nr = job->tree.nr_nodes;

	for (unsigned int i = 0; i < nr && i < ALTERNATIVES_MAX; i++) {
		const struct tree_domain *domain = &job->tree.domains[job->tree.first_node + i];
		const struct dp_table *table = &job->dp.tables[job->tree.first_node + i];
		unsigned int os = domain->node < 0 ? 0 : job->host->topo->nodes[domain->node].os;
		bool fits = table->room >= job->nr_free, chosen = all_on(job->plan, os);
		AUTO_FREE char *why = NULL;

		if (domain->node < 0)
			continue;
		if (!fits)
			why = alloc_printf("it has CPUs and memory for %u of the %u vCPUs",
					   table->room, job->nr_free);
		plan_alternative(job->plan, "nodes",
				 fits ? table->best[job->nr_free].v[cost] * job->dp.unit : NAN,
				 chosen,
				 chosen ? NULL
				 : fits ? "not better by the rule"
					: why,
				 "all vCPUs on node %u", os);
	}
}

void explain(struct place_job *job)
{
	if (job->nr_free == job->vm->nr_vcpus && !job->communicates && !job->doubled &&
	    job->vm->cpu != PLACE_CPU_SPREAD)
		weigh_nodes(job);
	job->plan->rule = job->nr_free ? job->rule->text : "pinned";
	explain_cpus(job);
	explain_smt(job);
	explain_shared(job);
	explain_memory(job);
	explain_threads(job);
	explain_bound(job);
}
