#include "affinity/place_account.h"

#include <math.h>
#include <stdlib.h>

#include "affinity/place_cpus.h"
#include "base/alloc.h"

#define LINE_BYTES 64.0
#define MB	   1e6

static int by_number(const void *a, const void *b)
{
	const struct place_vcpu *x = a, *y = b;

	return (x->vcpu > y->vcpu) - (x->vcpu < y->vcpu);
}

static unsigned int vcpus_on_cpu(const struct place_job *job, int cpu)
{
	unsigned int nr = 0;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		nr += job->cpu[vcpu] == cpu;
	return nr;
}

static bool keeps_siblings(const struct place_job *job)
{
	return job->vm->smt == PLACE_SMT_ISOLATE || job->vm->smt == PLACE_SMT_REQUIRE;
}

void account_vcpus(struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	struct place_vm_plan *plan = job->plan;

	plan->nr_vcpus = job->vm->nr_vcpus;
	plan->vcpus = alloc_zeroed(plan->nr_vcpus, sizeof(*plan->vcpus));
	for (unsigned int vcpu = 0; vcpu < plan->nr_vcpus; vcpu++) {
		const struct topo_cpu *cpu = &topo->cpus[job->cpu[vcpu]];

		plan->vcpus[vcpu] = (struct place_vcpu){
			.vcpu = vcpu,
			.cpu = cpu->os,
			.node = cpu->node < 0 ? -1 : (int)topo->nodes[cpu->node].os,
			.pinned = job->pinned[vcpu],
			.shared = job->host->holder[job->cpu[vcpu]] >= 0 ||
				  vcpus_on_cpu(job, job->cpu[vcpu]) > 1,
		};
		if (keeps_siblings(job))
			cpuset_or(&plan->reserved, &topo->cores[cpu->core].cpus);
	}
	qsort(plan->vcpus, plan->nr_vcpus, sizeof(*plan->vcpus), by_number);
	for (unsigned int vcpu = 0; vcpu < plan->nr_vcpus; vcpu++)
		cpuset_remove(&plan->reserved, plan->vcpus[vcpu].cpu);
}

/* The node among those with the VM's memory that is best for a line between the two, -1: one of
 * their own. */
static double line_ns(const struct place_job *job, const bool *holds, unsigned int a,
		      unsigned int b)
{
	const struct topology *topo = job->host->topo;
	int x = topo->cpus[a].node, y = topo->cpus[b].node;
	double best = INFINITY;

	if (!holds || (x >= 0 && holds[x]) || (y >= 0 && holds[y]))
		return cost_c2c_ns(&job->host->model, a, b, -1);
	for (unsigned int node = 0; node < topo->nr_nodes; node++)
		if (holds[node])
			best = fmin(best, cost_c2c_ns(&job->host->model, a, b, (int)node));
	return best;
}

double account_comm(const struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	const struct place_vm_plan *plan = job->plan;
	const struct traffic *traffic = &job->traffic;
	AUTO_FREE bool *holds = alloc_zeroed(topo->nr_nodes, sizeof(*holds));
	const bool *homes = plan->nr_memory ? holds : NULL;
	double sum = 0;

	for (unsigned int i = 0; i < plan->nr_memory; i++)
		holds[topology_node(topo, plan->memory[i].host_node) - topo->nodes] = true;
	for (unsigned int i = 0; i < traffic->nr; i++) {
		unsigned int a = (unsigned int)job->cpu[i];

		if (traffic->start)
			for (unsigned int e = traffic->start[i]; e < traffic->start[i + 1]; e++) {
				const struct traffic_edge *edge = &traffic->edges[e];

				if (edge->to < i)
					sum += edge->lines_per_s *
					       line_ns(job, homes, a,
						       (unsigned int)job->cpu[edge->to]);
			}
		else
			for (unsigned int j = 0; j < i; j++)
				sum += traffic->uniform *
				       line_ns(job, homes, a, (unsigned int)job->cpu[j]);
	}
	return sum;
}

/* The share of a vCPU's memory that lies on each host node: its guest node's, or the VM's. */
static void memory_shares(const struct place_job *job, unsigned int vcpu, double *share)
{
	const struct topology *topo = job->host->topo;
	const struct place_vm_plan *plan = job->plan;
	int own = -1;
	double sum = 0;

	for (unsigned int g = 0; g < plan->nr_guest_nodes; g++)
		if (plan->guest_nodes[g].bytes && cpuset_has(&plan->guest_nodes[g].vcpus, vcpu))
			own = (int)plan->guest_nodes[g].id;
	for (unsigned int node = 0; node < topo->nr_nodes; node++)
		share[node] = 0;
	for (unsigned int i = 0; i < plan->nr_memory; i++) {
		const struct place_memory *memory = &plan->memory[i];

		if (own >= 0 && memory->guest_node != (unsigned int)own)
			continue;
		share[topology_node(topo, memory->host_node) - topo->nodes] +=
			(double)memory->bytes;
		sum += (double)memory->bytes;
	}
	for (unsigned int node = 0; node < topo->nr_nodes && sum > 0; node++)
		share[node] /= sum;
	if (sum <= 0 && topo->cpus[job->cpu[vcpu]].node >= 0)
		share[topo->cpus[job->cpu[vcpu]].node] = 1;
}

/* Misses per second between every two nodes. */
static void fill_demand(const struct place_job *job, double *demand)
{
	const struct topology *topo = job->host->topo;
	AUTO_FREE double *share = alloc_zeroed(topo->nr_nodes, sizeof(*share));

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		int from = topo->cpus[job->cpu[vcpu]].node;

		memory_shares(job, vcpu, share);
		for (unsigned int to = 0; from >= 0 && to < topo->nr_nodes; to++)
			demand[(unsigned int)from * topo->nr_nodes + to] +=
				job->misses_per_s * share[to];
	}
}

static void account_memory(const struct place_job *job, struct cost *cost)
{
	const struct topology *topo = job->host->topo;
	const struct cost_model *model = &job->host->model;
	size_t nr = (size_t)topo->nr_nodes * topo->nr_nodes;
	AUTO_FREE double *demand = alloc_zeroed(nr, sizeof(*demand));

	fill_demand(job, demand);
	for (size_t i = 0; i < nr; i++) {
		double used = demand[i] * LINE_BYTES / MB +
			      job->host->nodes[i % topo->nr_nodes].bandwidth_used;
		double load = isnan(model->mem_bw[i]) ? 0 : used / model->mem_bw[i];

		if (demand[i] <= 0)
			continue;
		cost->term[COST_MEMORY] += demand[i] * model->mem_ns[i];
		cost->term[COST_LINKS] +=
			demand[i] * model->mem_ns[i] * (cost_load_factor(load) - 1);
	}
}

static double llc_of(const struct place_job *job, unsigned int l3)
{
	const struct topology *topo = job->host->topo;
	double mine = 0;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		mine += topo->cpus[job->cpu[vcpu]].l3 == (int)l3;
	if (mine <= 0)
		return 0;
	return mine * cost_llc_ns(mine * (double)job->vm->working_set,
				  job->host->l3_working_set[l3], (double)topo->caches[l3].size,
				  job->misses_per_s, cost_mem_ns(&job->host->model, 0, 0));
}

/* Threads that keep this vCPU's core busy beside it: other vCPUs, other VMs. */
static unsigned int busy_beside(const struct place_job *job, unsigned int vcpu)
{
	const struct topology *topo = job->host->topo;
	unsigned int core = topo->cpus[job->cpu[vcpu]].core, busy = 0;

	for (unsigned int other = 0; other < job->vm->nr_vcpus; other++)
		busy += other != vcpu && topo->cpus[job->cpu[other]].core == core;
	cpuset_for_each (os, &topo->cores[core].cpus) {
		const struct topo_cpu *cpu = topology_cpu(topo, (unsigned int)os);

		busy += cpu && job->host->holder[cpu - topo->cpus] >= 0;
	}
	return busy;
}

static double smt_cost(const struct place_job *job)
{
	const double *load = job->host->request->host.cpu_load;
	double sum = 0;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		sum += cost_smt_ns(busy_beside(job, vcpu), load ? load[job->cpu[vcpu]] : 0);
	return sum;
}

/* What sharing cores costs any placement that keeps the rule, which says how many share. */
static double smt_bound(const struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	AUTO_FREE unsigned int *on_core = alloc_zeroed(topo->nr_cores, sizeof(*on_core));
	unsigned int share = 0;

	if (!job->nr_free || job->vm->cpu == PLACE_CPU_SPREAD)
		return 0;
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		on_core[topo->cpus[job->cpu[vcpu]].core]++;
	for (unsigned int core = 0; core < topo->nr_cores; core++)
		if (on_core[core] > 1)
			share += job->rule->pack ? on_core[core] : on_core[core] - 1;
	return share * cost_smt_ns(1, 0);
}

static double device_cost(const struct place_job *job)
{
	const struct topology *topo = job->host->topo;
	const struct place_vm_plan *plan = job->plan;
	double sum = 0;

	for (unsigned int i = 0; i < plan->nr_threads; i++) {
		const struct place_thread *thread = &plan->threads[i];
		int device = place_find_device(topo, thread->device);

		if (device < 0 || topo->devices[device].node < 0 || thread->node < 0)
			continue;
		sum += place_device_rate(&job->vm->devices[thread->id % job->vm->nr_devices]) *
		       cost_mem_ns(&job->host->model,
				   (unsigned int)(topology_node(topo, (unsigned int)thread->node) -
						  topo->nodes),
				   (unsigned int)topo->devices[device].node);
	}
	return sum;
}

/* Room lost in every L3 and node that the VM takes cores of. */
static double fragmentation(const struct place_job *job)
{
	const struct tree *tree = &job->tree;
	const struct topology *topo = job->host->topo;
	AUTO_FREE bool *taken = alloc_zeroed(topo->nr_cores, sizeof(*taken));
	double sum = 0;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		taken[topo->cpus[job->cpu[vcpu]].core] = true;
	for (unsigned int i = 0; i < tree->nr_domains; i++) {
		const struct tree_domain *domain = &tree->domains[i];
		unsigned int before = 0, after = 0;

		if (domain->level != TREE_NODE && domain->level != TREE_L3)
			continue;
		for (unsigned int c = 0; c < domain->nr_cores; c++) {
			const struct tree_core *core = &tree->cores[domain->first_core + c];
			bool idle = !core->busy && !core->shared;

			before += idle;
			after += idle && !taken[core->core];
		}
		sum += cost_room(before) - cost_room(after);
	}
	return sum;
}

static double nearest_memory(const struct place_job *job, unsigned int from)
{
	double best = INFINITY;

	for (unsigned int to = 0; to < job->host->topo->nr_nodes; to++)
		best = fmin(best, cost_mem_ns(&job->host->model, from, to));
	return best;
}

/* No vCPU reads memory faster than the best node of all lets it. */
static double memory_bound(const struct place_job *job)
{
	double best = INFINITY;

	for (unsigned int from = 0; from < job->host->topo->nr_nodes; from++)
		best = fmin(best, nearest_memory(job, from));
	return job->vm->nr_vcpus * job->misses_per_s * (isinf(best) ? 0 : best);
}

/* Every vCPU has the memory that the choice of its CPU assumed, the nearest there is. */
static bool memory_as_assumed(const struct place_job *job)
{
	double assumed = 0;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		int node = job->host->topo->cpus[job->cpu[vcpu]].node;

		if (node >= 0)
			assumed += job->misses_per_s * nearest_memory(job, (unsigned int)node);
	}
	return job->plan->cost.term[COST_MEMORY] <= assumed * (1 + 1e-9);
}

void account_cost(struct place_job *job)
{
	struct place_vm_plan *plan = job->plan;
	double *term = plan->cost.term;
	double bound;

	term[COST_COMM] = account_comm(job);
	account_memory(job, &plan->cost);
	for (unsigned int l3 = 0; job->vm->working_set && l3 < job->host->topo->nr_caches; l3++)
		if (job->host->topo->caches[l3].level == 3)
			term[COST_LLC] += llc_of(job, l3);
	term[COST_SMT] = smt_cost(job);
	term[COST_DEVICES] = device_cost(job);
	term[COST_FRAGMENTATION] = fragmentation(job);
	plan->total = cost_total(&plan->cost);
	bound = memory_bound(job);
	if (bound > term[COST_MEMORY]) /* rounding of sums */
		bound = term[COST_MEMORY];
	plan->lower_bound = fmin(fmax(job->bound, bound) + smt_bound(job), plan->total);
	plan->exact = job->counts_exact && memory_as_assumed(job);
	if (plan->exact)
		plan->lower_bound = plan->total;
}
