#include "affinity/place_slots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define NONE	  UINT32_MAX
#define CELLS_MAX 4000000u /* of the tables; beyond that the tree's answer stands */

static const struct tree_core *core_of(const struct slots *slots, unsigned int c)
{
	return &slots->job->tree.cores[c];
}

static bool has_rule(const struct place_job *job, enum place_level level)
{
	for (unsigned int i = 0; i < job->vm->nr_rules; i++)
		if (!job->vm->rules[i].other_vm && job->vm->rules[i].level <= level)
			return true;
	return false;
}

/* Two vCPUs of this VM on one core, or one on a core where somebody else is busy. */
static bool uses_siblings(const struct place_job *job)
{
	for (unsigned int c = 0; c < job->tree.nr_cores; c++)
		if (job->counts[c] > tree_core_idle(&job->tree.cores[c]))
			return true;
	return false;
}

static bool any_load(const struct place_job *job)
{
	for (unsigned int c = 0; c < job->tree.nr_cores; c++)
		if (job->tree.cores[c].load > 0)
			return true;
	return false;
}

static bool counts_rule(const struct place_job *job)
{
	return job->vm->cpu == PLACE_CPU_COMPACT || job->vm->cpu == PLACE_CPU_SPREAD;
}

/* Cost decides, or rules that the tree knows nothing of. */
static bool free_choice(const struct place_job *job)
{
	return job->communicates || has_rule(job, PLACE_PACKAGE);
}

/* Units that the search may put on this core. */
static unsigned int core_room(const struct slots *slots, unsigned int c)
{
	const struct place_job *job = slots->job;
	const struct tree_core *core = core_of(slots, c);
	unsigned int count = job->counts[c];

	if (slots->threads > 1)
		return core->base + (tree_core_room(core, PLACE_SMT_REQUIRE) > 0);
	if (job->vm->cpu == PLACE_CPU_COMPACT || count)
		return core->base + count;
	return core->base + (tree_core_idle(core) && core->nr_cpus);
}

/* Without traffic the rule has chosen the nodes already. */
static bool core_in_play(const struct slots *slots, const struct tree_domain *node, unsigned int c)
{
	const struct place_job *job = slots->job;

	if (!core_room(slots, c))
		return false;
	if (free_choice(job) && job->vm->cpu != PLACE_CPU_LOCAL)
		return true;
	for (unsigned int i = 0; i < node->nr_cores; i++)
		if (job->counts[node->first_core + i] || core_of(slots, node->first_core + i)->base)
			return true;
	return false;
}

static unsigned int slot_domain(const struct slots *slots, unsigned int parent, unsigned int core)
{
	return slots->by_core ? core : parent;
}

/* Slots in the order of the tree: for every core in play its own, or that of the domain above it.
 */
static unsigned int number_slots(struct slots *slots)
{
	const struct tree *tree = &slots->job->tree;
	const struct tree_domain *node = NULL;
	unsigned int nr = 0;
	AUTO_FREE unsigned int *of_core = alloc_zeroed(tree->nr_cores, sizeof(*of_core));

	for (unsigned int d = 0; d < tree->nr_domains; d++)
		for (unsigned int k = 0; k < tree->domains[d].nr_children; k++) {
			unsigned int child = tree->domains[d].first_child + k;

			if (tree->domains[child].level == TREE_CORE)
				of_core[tree->domains[child].first_core] =
					slot_domain(slots, d, child);
		}
	slots->domain = alloc_zeroed(tree->nr_cores, sizeof(*slots->domain));
	slots->first = alloc_zeroed(tree->nr_cores, sizeof(*slots->first));
	node = &tree->domains[tree->first_node];
	for (unsigned int c = 0; c < tree->nr_cores; c++) {
		while (c >= node->first_core + node->nr_cores)
			node++;
		slots->slot[c] = NONE;
		if (!core_in_play(slots, node, c))
			continue;
		if (!nr || slots->domain[nr - 1] != of_core[c]) {
			slots->domain[nr] = of_core[c];
			slots->first[nr++] = c;
		}
		slots->slot[c] = nr - 1;
	}
	return nr;
}

static const struct tree_core *first_core(const struct slots *slots, unsigned int slot)
{
	return core_of(slots, slots->first[slot]);
}

/* A CPU of the core, for latencies; cores that hold only pinned vCPUs have no usable one left. */
static unsigned int some_cpu(const struct slots *slots, const struct tree_core *core)
{
	const struct topology *topo = slots->job->host->topo;
	const struct cpuset *cpus = &topo->cores[core->core].cpus;

	if (core->nr_cpus)
		return core->cpus[0];
	return (unsigned int)(topology_cpu(topo, (unsigned int)cpuset_next(cpus, 0)) - topo->cpus);
}

static double inside_ns(const struct slots *slots, unsigned int slot)
{
	const struct tree_domain *domain = &slots->job->tree.domains[slots->domain[slot]];
	const struct tree_core *core = first_core(slots, slot);

	if (!slots->by_core)
		return domain->split_ns;
	if (core->nr_cpus < 2)
		return slots->job->host->model.class_ns[REL_SMT];
	return cost_c2c_ns(&slots->job->host->model, core->cpus[0], core->cpus[1], -1);
}

static void fill_ns(struct slots *slots)
{
	struct search *search = &slots->search;

	for (unsigned int a = 0; a < search->nr_slots; a++) {
		unsigned int x = some_cpu(slots, first_core(slots, a));

		for (unsigned int b = 0; b < a; b++) {
			unsigned int y = some_cpu(slots, first_core(slots, b));
			double ns = cost_c2c_ns(&slots->job->host->model, x, y, -1);

			search->ns[(size_t)a * search->nr_slots + b] = ns;
			search->ns[(size_t)b * search->nr_slots + a] = ns;
		}
		search->ns[(size_t)a * search->nr_slots + a] = inside_ns(slots, a);
	}
}

/* Zones are nodes, whose memory limits them; or, where the rule fixes counts, L3s. */
static void fill_zones(struct slots *slots)
{
	const struct place_job *job = slots->job;
	const struct tree *tree = &job->tree;
	struct search *search = &slots->search;
	const struct tree_domain *node = &tree->domains[tree->first_node];
	unsigned int zone = 0, last = NONE, level = counts_rule(job) ? PLACE_L3 : PLACE_NODE;

	search->keep_zones = counts_rule(job) || !free_choice(job);
	for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
		unsigned int at = slots->level_of[level][slot];

		if (last != NONE && at != last)
			zone++;
		last = at;
		while (first_core(slots, slot) >= &tree->cores[node->first_core + node->nr_cores])
			node++;
		search->zone[slot] = zone;
		search->zone_room[zone] = job->nodes[node - &tree->domains[tree->first_node]].most;
		if (slots->threads > 1 || search->keep_zones)
			search->zone_room[zone] = NONE; /* counted in vCPUs, by the tree */
		else if (search->zone_room[zone] != NONE)
			search->zone_room[zone] += node->base;
	}
}

static void fill_levels(struct slots *slots)
{
	const struct topology *topo = slots->job->host->topo;
	unsigned int nr = slots->search.nr_slots;

	for (int level = 0; level < NR_PLACE_LEVELS; level++)
		slots->level_of[level] = alloc_zeroed(nr, sizeof(*slots->level_of[level]));
	for (unsigned int slot = 0; slot < nr; slot++) {
		const struct topo_cpu *cpu = &topo->cpus[some_cpu(slots, first_core(slots, slot))];

		slots->level_of[PLACE_CORE][slot] = cpu->core;
		slots->level_of[PLACE_NODE][slot] =
			(unsigned int)(cpu->node + 1) * (topo->nr_packages + 1) +
			(unsigned int)(cpu->package + 1);
		slots->level_of[PLACE_L3][slot] =
			cpu->l3 >= 0 ? (unsigned int)cpu->l3
				     : topo->nr_caches + slots->level_of[PLACE_NODE][slot];
		slots->level_of[PLACE_PACKAGE][slot] = (unsigned int)(cpu->package + 1);
	}
	if (topo->nr_nodes > 1) /* one L3 over several nodes is several domains */
		for (unsigned int slot = 0; slot < nr; slot++)
			slots->level_of[PLACE_L3][slot] +=
				slots->level_of[PLACE_NODE][slot] * (2 * topo->nr_caches + 1);
}

static bool unit_allowed(const struct slots *slots, unsigned int vcpu, unsigned int slot)
{
	const struct place_job *job = slots->job;
	const struct tree_domain *nodes = &job->tree.domains[job->tree.first_node];
	unsigned int core = slots->first[slot];

	if (!job->group_node || job->pinned[vcpu])
		return true;
	for (unsigned int g = 0; g < job->vm->nr_guest_nodes; g++)
		if (cpuset_has(&job->vm->guest_nodes[g].vcpus, vcpu) && job->group_node[g] >= 0)
			return core >= nodes[job->group_node[g]].first_core &&
			       core < nodes[job->group_node[g]].first_core +
					       nodes[job->group_node[g]].nr_cores;
	return true;
}

static void fill_own(struct slots *slots)
{
	const struct place_job *job = slots->job;
	struct search *search = &slots->search;
	const struct tree_domain *nodes = &job->tree.domains[job->tree.first_node];

	for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
		const struct tree_core *core = first_core(slots, slot);
		unsigned int n = 0;
		double ns;

		while (core >= &job->tree.cores[nodes[n].first_core + nodes[n].nr_cores])
			n++;
		ns = job->nodes[n].ns * job->dp.unit + cost_smt_ns(0, core->load);
		for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
			double *own =
				&search->own[(size_t)slots->unit[vcpu] * search->nr_slots + slot];

			*own += unit_allowed(slots, vcpu, slot) ? ns : INFINITY;
		}
	}
}

static void fill_rooms(struct slots *slots)
{
	for (unsigned int c = 0; c < slots->job->tree.nr_cores; c++)
		if (slots->slot[c] != NONE)
			slots->search.room[slots->slot[c]] += core_room(slots, c);
}

static unsigned int core_at(const struct slots *slots, unsigned int topo_core)
{
	for (unsigned int c = 0; c < slots->job->tree.nr_cores; c++)
		if (core_of(slots, c)->core == topo_core)
			return c;
	return 0;
}

static void fill_start(struct slots *slots)
{
	const struct place_job *job = slots->job;

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		unsigned int core = job->host->topo->cpus[job->cpu[vcpu]].core;

		slots->search.at[slots->unit[vcpu]] = slots->slot[core_at(slots, core)];
		if (job->pinned[vcpu])
			slots->search.fixed[slots->unit[vcpu]] = true;
	}
}

/* Units: the vCPUs that the tree put on one core together; else each vCPU is one. */
static void number_units(struct slots *slots)
{
	const struct place_job *job = slots->job;

	slots->unit = alloc_zeroed(job->vm->nr_vcpus, sizeof(*slots->unit));
	slots->threads = job->rule->smt == PLACE_SMT_REQUIRE ? 2 : 1;
	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++) {
		unsigned int with = vcpu;

		for (unsigned int i = 0; slots->threads > 1 && !job->pinned[vcpu] && i < vcpu; i++)
			if (!job->pinned[i] && job->host->topo->cpus[job->cpu[i]].core ==
						       job->host->topo->cpus[job->cpu[vcpu]].core)
				with = i;
		slots->unit[vcpu] = with == vcpu ? slots->nr_units++ : slots->unit[with];
	}
}

/* Heaviest partners first become siblings; what is left over keeps its order. */
static void pair_by_traffic(struct slots *slots)
{
	struct place_job *job = slots->job;
	const struct traffic *traffic = &job->traffic;
	unsigned int n = job->vm->nr_vcpus;
	AUTO_FREE bool *done = alloc_zeroed(n, sizeof(*done));
	AUTO_FREE int *cpu = alloc_zeroed(n, sizeof(*cpu));
	unsigned int at = 0;

	if (slots->threads < 2 || !traffic->start || job->vm->nr_pins || job->group_node)
		return;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int best = n;
		double most = 0;

		if (done[i])
			continue;
		for (unsigned int e = traffic->start[i]; e < traffic->start[i + 1]; e++)
			if (!done[traffic->edges[e].to] && traffic->edges[e].lines_per_s > most) {
				most = traffic->edges[e].lines_per_s;
				best = traffic->edges[e].to;
			}
		done[i] = true;
		cpu[i] = job->cpu[at++];
		if (best < n && at < n) {
			done[best] = true;
			cpu[best] = job->cpu[at++];
		} else {
			for (best = i + 1; best < n && done[best]; best++)
				;
			if (best < n && at < n) {
				done[best] = true;
				cpu[best] = job->cpu[at++];
			}
		}
	}
	memcpy(job->cpu, cpu, n * sizeof(*cpu));
}

static unsigned int count_edges(const struct slots *slots)
{
	const struct place_job *job = slots->job;
	unsigned int n = job->vm->nr_vcpus, nr;

	nr = job->traffic.start ? job->traffic.start[n] : n * (n - 1);
	for (unsigned int i = 0; i < job->vm->nr_rules; i++) {
		unsigned int k = cpuset_count(&job->vm->rules[i].vcpus);

		nr += k * (k ? k - 1 : 0);
	}
	return nr;
}

static void add_edge(struct slots *slots, unsigned int i, unsigned int j, double lines,
		     const struct place_rule *rule)
{
	struct search *search = &slots->search;
	struct search_edge *edge = NULL;
	unsigned int to = slots->unit[j];

	if (slots->unit[i] == to)
		return;
	for (unsigned int e = search->start[slots->unit[i]];
	     slots->threads > 1 && e < search->start[slots->unit[i] + 1] && !rule; e++)
		if (search->edges[e].to == to && search->edges[e].rule == SEARCH_NO_RULE)
			edge = &search->edges[e];
	if (!edge) {
		edge = &search->edges[search->start[slots->unit[i] + 1]++];
		*edge = (struct search_edge){ .to = to };
	}
	edge->lines += lines;
	if (rule) {
		edge->rule = rule->kind == PLACE_TOGETHER ? SEARCH_TOGETHER : SEARCH_APART;
		edge->domain = slots->level_of[rule->level];
	}
}

static void add_edges_of(struct slots *slots, unsigned int i)
{
	const struct place_job *job = slots->job;
	const struct traffic *traffic = &job->traffic;

	if (traffic->start)
		for (unsigned int e = traffic->start[i]; e < traffic->start[i + 1]; e++)
			add_edge(slots, i, traffic->edges[e].to, traffic->edges[e].lines_per_s,
				 NULL);
	else
		for (unsigned int j = 0; j < traffic->nr; j++)
			if (j != i)
				add_edge(slots, i, j, traffic->uniform, NULL);
	for (unsigned int r = 0; r < job->vm->nr_rules; r++) {
		const struct place_rule *rule = &job->vm->rules[r];

		if (rule->other_vm || !cpuset_has(&rule->vcpus, i))
			continue;
		cpuset_for_each (j, &rule->vcpus)
			if ((unsigned int)j != i)
				add_edge(slots, i, (unsigned int)j, 0, rule);
	}
}

/* Units ascend with their first vCPU, so edges are written unit by unit. */
static void fill_edges(struct slots *slots)
{
	struct search *search = &slots->search;

	for (unsigned int unit = 0; unit < slots->nr_units; unit++) {
		search->start[unit + 1] = search->start[unit];
		for (unsigned int vcpu = 0; vcpu < slots->job->vm->nr_vcpus; vcpu++)
			if (slots->unit[vcpu] == unit)
				add_edges_of(slots, vcpu);
	}
}

/* The tree has the best answer already where all pairs are alike and latencies go by class. */
static bool worth_it(const struct place_job *job)
{
	if (!job->nr_free || !job->counts || job->doubled || job->vm->nr_vcpus < 2)
		return false;
	return job->traffic.start || job->host->request->latency || has_rule(job, PLACE_PACKAGE);
}

bool slots_init(struct slots *slots, struct place_job *job)
{
	unsigned int nr;

	memset(slots, 0, sizeof(*slots));
	slots->job = job;
	if (!worth_it(job))
		return false;
	number_units(slots);
	pair_by_traffic(slots);
	slots->by_core = job->host->request->latency || slots->threads > 1 || counts_rule(job) ||
			 uses_siblings(job) || any_load(job) || has_rule(job, PLACE_CORE);
	slots->slot = alloc_zeroed(job->tree.nr_cores, sizeof(*slots->slot));
	nr = number_slots(slots);
	if (!nr || (size_t)nr * nr > CELLS_MAX || (size_t)nr * slots->nr_units > CELLS_MAX ||
	    count_edges(slots) > CELLS_MAX)
		return false;
	search_init(&slots->search, slots->nr_units, nr, count_edges(slots), nr);
	fill_rooms(slots);
	fill_levels(slots);
	fill_zones(slots);
	fill_ns(slots);
	fill_own(slots);
	fill_edges(slots);
	fill_start(slots);
	return true;
}

void slots_fini(struct slots *slots)
{
	search_fini(&slots->search);
	free(slots->unit);
	free(slots->slot);
	free(slots->domain);
	free(slots->first);
	for (int level = 0; level < NR_PLACE_LEVELS; level++)
		free(slots->level_of[level]);
	memset(slots, 0, sizeof(*slots));
}

/* The next CPU in the slot for a vCPU: cores in the order of the tree. */
static int next_cpu(const struct slots *slots, unsigned int slot, bool *taken)
{
	for (int usable = PLACE_FREE; usable <= PLACE_SHARED; usable++)
		for (unsigned int c = 0; c < slots->job->tree.nr_cores; c++) {
			const struct tree_core *core = core_of(slots, c);

			if (slots->slot[c] != slot)
				continue;
			for (unsigned int k = 0; k < core->nr_cpus; k++) {
				if (taken[core->cpus[k]] ||
				    slots->job->usable[core->cpus[k]] != usable)
					continue;
				if (!slots->by_core && !tree_core_idle(core))
					continue;
				if (!slots->by_core && k)
					continue;
				taken[core->cpus[k]] = true;
				return (int)core->cpus[k];
			}
		}
	return -1;
}

void slots_give_out(struct slots *slots)
{
	struct place_job *job = slots->job;
	AUTO_FREE bool *taken = alloc_zeroed(job->host->topo->nr_cpus, sizeof(*taken));

	for (unsigned int vcpu = 0; vcpu < job->vm->nr_vcpus; vcpu++)
		if (!job->pinned[vcpu])
			job->cpu[vcpu] =
				next_cpu(slots, slots->search.at[slots->unit[vcpu]], taken);
}
