#include "affinity/place_cpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/place_nodes.h"
#include "affinity/place_rules.h"
#include "base/alloc.h"

uint64_t place_vm_bytes(const struct place_vm *vm)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < vm->nr_guest_nodes; i++)
		bytes += vm->guest_nodes[i].bytes;
	return vm->nr_guest_nodes ? bytes : vm->memory;
}

uint64_t place_page_size(const struct place_vm *vm, const struct place_guest_node *guest)
{
	uint64_t size = guest && guest->page_size ? guest->page_size : vm->page_size;

	return size ? size : PLACE_SMALL_PAGE;
}

/* The latency that a vCPU on this node will see: its own node where that has room for its share,
 * else the nearest with room; the mean over the nodes that the request binds memory to. */
static double memory_ns(const struct place_job *job, unsigned int node)
{
	const struct place_vm *vm = job->vm;
	const struct place_host *host = job->host;
	bool bound = vm->mem >= PLACE_MEM_INTERLEAVE && vm->nr_nodes;
	uint64_t share = place_vm_bytes(vm) / vm->nr_vcpus;
	double nearest = INFINITY, sum = 0;

	for (unsigned int to = 0; to < host->topo->nr_nodes; to++) {
		int rank = place_node_rank(host->topo, vm, to);
		double ns = cost_mem_ns(&host->model, node, to);

		if (bound && rank >= 0)
			sum += ns;
		if (rank == 0 && bound && vm->mem == PLACE_MEM_PREFERRED)
			return ns;
		if (rank >= 0 && place_host_room(host, to, place_page_size(vm, NULL)) >= share)
			nearest = fmin(nearest, ns);
	}
	if (bound)
		return sum / vm->nr_nodes;
	return isinf(nearest) ? cost_mem_ns(&host->model, node, node) : nearest;
}

static double devices_ns(const struct place_job *job, unsigned int node)
{
	const struct topology *topo = job->host->topo;
	double sum = 0;

	for (unsigned int i = 0; i < job->vm->nr_devices; i++) {
		const struct place_device *wanted = &job->vm->devices[i];
		int device = place_find_device(topo, wanted->name);

		if (device >= 0 && topo->devices[device].node >= 0)
			sum += place_device_rate(wanted) *
			       cost_mem_ns(&job->host->model, node,
					   (unsigned int)topo->devices[device].node);
	}
	return sum / job->vm->nr_vcpus;
}

/* How many vCPUs find their share of the memory on the node, where memory is to be on their node.
 */
static unsigned int most_by_memory(const struct place_job *job, unsigned int node)
{
	const struct place_vm *vm = job->vm;
	uint64_t bytes = place_vm_bytes(vm), size = place_page_size(vm, NULL);
	bool local = vm->mem == PLACE_MEM_AUTO || vm->mem == PLACE_MEM_LOCAL ||
		     (vm->mem == PLACE_MEM_BIND && !vm->nr_nodes);
	double most;

	if (!bytes || !local || job->far_memory || vm->nr_guest_nodes > 1)
		return UINT32_MAX;
	most = (double)place_host_room(job->host, node, size) / (double)bytes * vm->nr_vcpus;
	return most < vm->nr_vcpus ? (unsigned int)(most * (1 + 1e-12)) : UINT32_MAX;
}

/* A CPU that belongs to no node is far from all memory. */
static double worst_ns(const struct cost_model *model)
{
	size_t nr = (size_t)model->topo->nr_nodes * model->topo->nr_nodes;
	double worst = 0;

	for (size_t i = 0; i < nr; i++)
		worst = fmax(worst, model->mem_ns[i]);
	return worst;
}

static void fill_nodes(struct place_job *job)
{
	job->nodes = alloc_zeroed(job->tree.nr_nodes, sizeof(*job->nodes));
	for (unsigned int i = 0; i < job->tree.nr_nodes; i++) {
		int node = job->tree.domains[job->tree.first_node + i].node;
		struct dp_node *at = &job->nodes[i];

		at->most = UINT32_MAX;
		at->ns = job->misses_per_s * worst_ns(&job->host->model) / job->dp.unit;
		if (node < 0)
			continue;
		at->rank = place_node_rank(job->host->topo, job->vm, (unsigned int)node);
		at->ns = (job->misses_per_s * memory_ns(job, (unsigned int)node) +
			  devices_ns(job, (unsigned int)node)) /
			 job->dp.unit;
		at->most = most_by_memory(job, (unsigned int)node);
	}
}

static void start_dp(struct place_job *job)
{
	const struct traffic *traffic = &job->traffic;
	double sum = 0, n = traffic->nr;

	job->dp.unit = traffic->uniform;
	if (traffic->start) { /* the mean pair stands for all */
		for (unsigned int e = 0; e < traffic->start[traffic->nr]; e++)
			sum += traffic->edges[e].lines_per_s;
		job->dp.unit = sum > 0 ? sum / (n * (n - 1)) : PLACE_LINES_PER_S;
	}
	fill_nodes(job);
	job->dp.tree = &job->tree;
	job->dp.rule = job->rule;
	job->dp.wanted = job->nr_free;
	job->dp.nodes = job->nodes;
	job->dp.working_set = (double)job->vm->working_set;
	job->dp.miss_ns = job->misses_per_s * cost_mem_ns(&job->host->model, 0, 0);
	dp_solve(&job->dp);
}

static void counts_from_nodes(struct place_job *job, const unsigned int *vcpus)
{
	memset(job->counts, 0, job->tree.nr_cores * sizeof(*job->counts));
	for (unsigned int i = 0; i < job->tree.nr_nodes; i++)
		dp_counts(&job->dp, job->tree.first_node + i, vcpus[i], job->counts);
}

static unsigned int nodes_with(const struct place_job *job)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < job->tree.nr_nodes; i++) {
		const struct tree_domain *domain = &job->tree.domains[job->tree.first_node + i];
		unsigned int used = domain->base;

		for (unsigned int c = 0; c < domain->nr_cores; c++)
			used += job->counts[domain->first_core + c];
		nr += used > 0;
	}
	return nr;
}

/* The tree's own answer where it is exact; else sets of nodes are weighed. */
static bool choose_by_rule(struct place_job *job)
{
	AUTO_FREE unsigned int *vcpus = alloc_zeroed(job->tree.nr_nodes, sizeof(*vcpus));
	struct node_split split = { .vcpus = vcpus };

	dp_counts(&job->dp, 0, job->nr_free, job->counts);
	job->counts_exact = job->tree.uniform || (nodes_with(job) == 1 && !job->communicates);
	if (job->counts_exact)
		return true;
	nodes_split(job, 0, &split);
	if (split.found)
		counts_from_nodes(job, split.vcpus);
	job->counts_exact = split.found && split.exact;
	return true;
}

static bool refuse_local(struct place_job *job)
{
	uint64_t size = place_page_size(job->vm, NULL), most_bytes = 0;
	unsigned int most = 0;

	for (unsigned int i = 0; i < job->tree.nr_nodes; i++) {
		const struct tree_domain *domain = &job->tree.domains[job->tree.first_node + i];
		unsigned int room = tree_room(&job->tree, domain, job->rule->smt);
		uint64_t bytes =
			domain->node < 0
				? 0
				: place_host_room(job->host, (unsigned int)domain->node, size);

		most = room > most ? room : most;
		most_bytes = bytes > most_bytes ? bytes : most_bytes;
	}
	return plan_refuse(
		job->plan, "local",
		"no single node has %u free CPUs and %llu MiB of free memory (the most on "
		"one: %u CPUs, %llu MiB); make the VM smaller or set placement.cpu: auto",
		job->nr_free, (unsigned long long)(place_vm_bytes(job->vm) >> 20), most,
		(unsigned long long)(most_bytes >> 20));
}

static bool choose_local(struct place_job *job)
{
	AUTO_FREE unsigned int *vcpus = alloc_zeroed(job->tree.nr_nodes, sizeof(*vcpus));
	struct node_split split = { .vcpus = vcpus };

	nodes_split(job, 1, &split);
	if (!split.found)
		return refuse_local(job);
	counts_from_nodes(job, split.vcpus);
	job->counts_exact = split.exact;
	return true;
}

static bool choose_counts(struct place_job *job)
{
	AUTO_FREE unsigned int *vcpus = alloc_zeroed(job->tree.nr_nodes, sizeof(*vcpus));

	job->counts_exact = true;
	if (job->vm->nr_guest_nodes > 1 && groups_to_nodes(job, vcpus)) {
		counts_from_nodes(job, vcpus);
		return true;
	}
	if (job->vm->cpu == PLACE_CPU_LOCAL)
		return choose_local(job);
	if (job->vm->cpu == PLACE_CPU_SPREAD)
		return spread_counts(&job->tree, job->rule->smt, job->nr_free, job->counts);
	return choose_by_rule(job);
}

/* CPUs of a core in the order in which they are given out: free ones, then shared ones. */
static unsigned int nth_cpu(const struct place_job *job, const struct tree_core *core,
			    unsigned int nth)
{
	for (int usable = PLACE_FREE; usable <= PLACE_SHARED; usable++)
		for (unsigned int i = 0; i < core->nr_cpus; i++)
			if (job->usable[core->cpus[i]] == usable && nth-- == 0)
				return core->cpus[i];
	return core->cpus[0];
}

static bool in_group_of(const struct place_job *job, unsigned int vcpu, unsigned int node)
{
	if (!job->group_node)
		return true;
	for (unsigned int g = 0; g < job->vm->nr_guest_nodes; g++)
		if (cpuset_has(&job->vm->guest_nodes[g].vcpus, vcpu))
			return job->group_node[g] == (int)node;
	return true;
}

static int next_vcpu(const struct place_job *job, unsigned int node)
{
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (job->cpu[vcpu] < 0 && in_group_of(job, vcpu, node))
			return (int)vcpu;
	return -1;
}

/* vCPUs in rising order take the CPUs in the order of the tree, so neighbours are near. */
static void give_out(struct place_job *job)
{
	for (unsigned int i = 0; i < job->tree.nr_nodes; i++) {
		const struct tree_domain *domain = &job->tree.domains[job->tree.first_node + i];

		for (unsigned int c = 0; c < domain->nr_cores; c++) {
			const struct tree_core *core = &job->tree.cores[domain->first_core + c];

			for (unsigned int k = 0; k < job->counts[domain->first_core + c]; k++) {
				int vcpu = next_vcpu(job, i);

				if (vcpu >= 0)
					job->cpu[vcpu] = (int)nth_cpu(job, core, k);
			}
		}
	}
}

/* More vCPUs than CPUs: every CPU once, then each again in turn. */
static void double_up(struct place_job *job, unsigned int nr_placed)
{
	AUTO_FREE int *used = alloc_zeroed(job->vm->nr_vcpus, sizeof(*used));
	unsigned int nr = 0, turn = 0;

	job->doubled = true;
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (job->cpu[vcpu] >= 0 && !job->pinned[vcpu])
			used[nr++] = job->cpu[vcpu];
	for (unsigned int vcpu = 0; nr && vcpu < job->vm->nr_vcpus; vcpu++)
		if (job->cpu[vcpu] < 0)
			job->cpu[vcpu] = used[turn++ % nr];
	plan_warn(job->plan, "oversubscribed",
		  "give the VM fewer vCPUs, or let it use more CPUs of the host",
		  "%u vCPUs share %u CPUs", job->vm->nr_vcpus, nr_placed);
}

static bool refuse_cpus(struct place_job *job, unsigned int room)
{
	const char *what = job->rule->smt == PLACE_SMT_REQUIRE	 ? "CPUs of whole free cores"
			   : job->rule->smt == PLACE_SMT_ISOLATE ? "whole free cores"
								 : "free CPUs";
	const char *name =
		job->rule->smt == PLACE_SMT_REQUIRE || job->rule->smt == PLACE_SMT_ISOLATE ? "smt"
											   : "cpus";

	return plan_refuse(job->plan, name,
			   "%u %s are needed, %u may be used; free CPUs, widen placement.nodes and "
			   "placement.avoid, or give the VM fewer vCPUs",
			   job->nr_free, what, room);
}

static bool choose_for(struct place_job *job, const struct dp_rule *rule, bool may_double)
{
	unsigned int wanted = job->nr_free, room;
	bool ok;

	job->rule = rule;
	room = job->tree.nr_cores ? tree_room(&job->tree, &job->tree.domains[0], rule->smt) : 0;
	if (room < wanted && (!may_double || !room))
		return refuse_cpus(job, room);
	if (room < wanted)
		job->nr_free = room;
	job->counts = alloc_zeroed(job->tree.nr_cores, sizeof(*job->counts));
	job->far_memory = false;
	start_dp(job);
	if (job->dp.tables[0].room < job->nr_free && job->vm->cpu != PLACE_CPU_LOCAL) {
		dp_fini(&job->dp); /* not all memory can be near its vCPUs */
		free(job->nodes);
		job->far_memory = true;
		start_dp(job);
	}
	ok = choose_counts(job);
	if (ok)
		give_out(job);
	if (ok && room < wanted)
		double_up(job, room);
	job->nr_free = wanted;
	return ok;
}

void cpus_reset(struct place_job *job)
{
	dp_fini(&job->dp);
	tree_fini(&job->tree);
	free(job->nodes);
	free(job->counts);
	free(job->group_node);
	job->nodes = NULL;
	job->counts = NULL;
	job->group_node = NULL;
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (!job->pinned[vcpu])
			job->cpu[vcpu] = -1;
}

/* Share falls back to auto where not all vCPUs find a whole core. */
static bool attempt(struct place_job *job, const struct place_filter *filter)
{
	const struct place_vm *vm = job->vm;
	bool may_double = filter->shared && vm->smt == PLACE_SMT_AUTO &&
			  (filter->kind < 0 || vm->exclusive == PLACE_EXCLUSIVE_NO);
	bool ok;

	cpus_reset(job);
	place_host_usable(job->host, vm, filter, job->usable);
	tree_init(&job->tree, job->host, job->usable, vm, job->pinned_cpu);
	if (!job->nr_free)
		return true;
	if (filter->whole && (!job->tree.nr_cores ||
			      tree_idle_cores(&job->tree, &job->tree.domains[0]) < job->nr_free))
		return false;
	ok = choose_for(job, place_rule(vm->cpu, vm->smt, job->communicates), may_double);
	if (ok || vm->smt != PLACE_SMT_SHARE)
		return ok;
	cpus_reset(job);
	tree_init(&job->tree, job->host, job->usable, vm, job->pinned_cpu);
	ok = choose_for(job, place_rule(vm->cpu, PLACE_SMT_AUTO, job->communicates), may_double);
	if (ok)
		plan_warn(job->plan, "smt-not-shared",
			  "free whole cores, or set placement.smt: auto",
			  "siblings are not together: too few whole cores are free");
	return ok;
}

/* Of several CPU kinds the most able that fits: with whole cores first. */
static bool try_kinds(struct place_job *job, bool shared)
{
	unsigned int nr_kinds = job->host->topo->nr_kinds;
	struct place_filter filter = { .kind = -1, .shared = shared };

	if (nr_kinds <= 1 || job->vm->mix_kinds)
		return attempt(job, &filter);
	for (int whole = job->vm->smt == PLACE_SMT_AUTO && !shared; whole >= 0; whole--)
		for (filter.kind = (int)nr_kinds - 1; filter.kind >= 0; filter.kind--) {
			filter.whole = whole;
			if (attempt(job, &filter))
				return true;
		}
	return false;
}

/* Shared CPUs only where the free ones do not do. */
bool cpus_choose(struct place_job *job)
{
	bool may_share = job->vm->exclusive != PLACE_EXCLUSIVE_YES;

	if (!try_kinds(job, false) && !(may_share && try_kinds(job, true)))
		return false;
	free(job->plan->why);
	job->plan->why = NULL;
	job->plan->constraint = NULL;
	return true;
}
