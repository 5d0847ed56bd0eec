#include "affinity/place_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Where a core sits, level by level; each number is the lowest CPU number of that domain on the
 * host, so sorting by keys gives the tree's order. */
struct core_key {
	unsigned int at[TREE_CORE + 1];
	unsigned int core;
};

static int by_key(const void *a, const void *b)
{
	const struct core_key *x = a, *y = b;

	for (int level = 0; level <= TREE_CORE; level++)
		if (x->at[level] != y->at[level])
			return x->at[level] < y->at[level] ? -1 : 1;
	return 0;
}

/* Two CPUs' domains at a level are the same. */
static bool share(const struct topo_cpu *x, const struct topo_cpu *y, enum tree_level level)
{
	switch (level) {
	case TREE_HOST:
		return true;
	case TREE_PACKAGE:
		return x->package == y->package;
	case TREE_NODE:
		return share(x, y, TREE_PACKAGE) && x->node == y->node;
	case TREE_L3:
		return share(x, y, TREE_NODE) && x->l3 == y->l3;
	case TREE_L2:
		return share(x, y, TREE_L3) &&
		       (x->core == y->core || (x->l2 >= 0 && x->l2 == y->l2));
	default:
		return x->core == y->core;
	}
}

/* first[cpu]: the lowest number of a CPU in the same domain. CPUs come in tree order, so each is
 * compared with the head of its run; runs of one domain that other domains interrupt are joined by
 * looking back over the heads. */
static void lowest_at_level(const struct topology *topo, enum tree_level level,
			    unsigned int *lowest)
{
	unsigned int nr_heads = 0;
	AUTO_FREE unsigned int *head = alloc_zeroed(topo->nr_cpus, sizeof(*head));
	AUTO_FREE unsigned int *of = alloc_zeroed(topo->nr_cpus, sizeof(*of));

	for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++) {
		unsigned int h = nr_heads;

		while (h && !share(&topo->cpus[head[h - 1]], &topo->cpus[cpu], level))
			h--;
		if (!h) {
			head[nr_heads++] = cpu;
			lowest[cpu] = topo->cpus[cpu].os;
			h = nr_heads;
		}
		of[cpu] = head[h - 1];
		if (topo->cpus[cpu].os < lowest[of[cpu]])
			lowest[of[cpu]] = topo->cpus[cpu].os;
	}
	for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++)
		lowest[cpu] = lowest[of[cpu]];
}

/* Keys of all cores of the topology, sorted; those without a usable CPU among them. */
static struct core_key *sorted_keys(const struct topology *topo)
{
	struct core_key *keys = alloc_zeroed(topo->nr_cores, sizeof(*keys));
	AUTO_FREE unsigned int *lowest = alloc_zeroed(topo->nr_cpus, sizeof(*lowest));

	for (int level = TREE_PACKAGE; level <= TREE_CORE; level++) {
		lowest_at_level(topo, (enum tree_level)level, lowest);
		for (unsigned int cpu = 0; cpu < topo->nr_cpus; cpu++) {
			keys[topo->cpus[cpu].core].core = topo->cpus[cpu].core;
			keys[topo->cpus[cpu].core].at[level] = lowest[cpu];
		}
	}
	qsort(keys, topo->nr_cores, sizeof(*keys), by_key);
	return keys;
}

static void add_cpu(struct tree_core *core, const struct place_host *host, unsigned int cpu,
		    enum place_usable usable)
{
	const double *load = host->request->host.cpu_load;
	unsigned int at = core->nr_cpus;

	if (at == TREE_MAX_THREADS)
		return;
	while (at && host->topo->cpus[core->cpus[at - 1]].os > host->topo->cpus[cpu].os) {
		core->cpus[at] = core->cpus[at - 1];
		at--;
	}
	core->cpus[at] = cpu;
	core->nr_cpus++;
	core->shared += usable == PLACE_SHARED;
	if (load && load[cpu] > core->load)
		core->load = load[cpu];
}

static void fill_core(struct tree_core *core, const struct place_host *host, const uint8_t *usable,
		      const struct place_vm *vm, const uint8_t *taken_by_vm)
{
	const struct topo_core *from = &host->topo->cores[core->core];

	cpuset_for_each (os, &from->cpus) {
		const struct topo_cpu *found = topology_cpu(host->topo, (unsigned int)os);
		unsigned int cpu = found ? (unsigned int)(found - host->topo->cpus) : 0;

		if (!found)
			continue;
		if (taken_by_vm && taken_by_vm[cpu])
			core->base++;
		else if (usable[cpu])
			add_cpu(core, host, cpu, (enum place_usable)usable[cpu]);
		else if (host->holder[cpu] >= 0 || cpuset_has(&vm->avoid, (unsigned int)os))
			core->busy++;
	}
}

static struct tree_domain *add_domain(struct tree *tree, enum tree_level level,
				      unsigned int first_core, unsigned int nr_cores)
{
	struct tree_domain *domain = &tree->domains[tree->nr_domains++];
	const struct topology *topo = tree->host->topo;
	unsigned int core = tree->cores[first_core].core;
	const struct topo_cpu *cpu =
		topology_cpu(topo, (unsigned int)cpuset_next(&topo->cores[core].cpus, 0));

	memset(domain, 0, sizeof(*domain));
	domain->level = level;
	domain->first_core = first_core;
	domain->nr_cores = nr_cores;
	domain->package = level >= TREE_PACKAGE ? cpu->package : -1;
	domain->node = level >= TREE_NODE ? cpu->node : -1;
	domain->l3 = level >= TREE_L3 ? cpu->l3 : -1;
	for (unsigned int i = 0; i < nr_cores; i++)
		domain->base += tree->cores[first_core + i].base;
	return domain;
}

/* Children of domains[parent]: runs of cores with the same key. An L2 that holds one core is passed
 * over: the core itself is the child then. */
static void add_children(struct tree *tree, unsigned int parent, const struct core_key *keys)
{
	enum tree_level level = tree->domains[parent].level + 1;
	unsigned int first = tree->domains[parent].first_core;
	unsigned int end = first + tree->domains[parent].nr_cores;

	tree->domains[parent].first_child = tree->nr_domains;
	while (first < end) {
		unsigned int nr = 1;

		while (first + nr < end && keys[first + nr].at[level] == keys[first].at[level])
			nr++;
		add_domain(tree, level == TREE_L2 && nr == 1 ? TREE_CORE : level, first, nr);
		tree->domains[parent].nr_children++;
		first += nr;
	}
}

double tree_pair_ns(const struct tree *tree, const struct tree_domain *a,
		    const struct tree_domain *b)
{
	const struct cost_model *model = &tree->host->model;

	if (a->node < 0 || b->node < 0 || a->node == b->node)
		return model->class_ns[a->package == b->package ? REL_PACKAGE : REL_CROSS];
	return model->node_c2c_ns[(size_t)(unsigned int)a->node * model->topo->nr_nodes +
				  (unsigned int)b->node];
}

/* The mean over pairs of node domains that meet here; notes whether it stands for all of them. */
static double mean_split(struct tree *tree, const struct tree_domain *at)
{
	double sum = 0, least = 0, most = 0;
	unsigned int nr = 0, end = at->first_core + at->nr_cores;

	for (unsigned int i = 0; i < tree->nr_nodes; i++)
		for (unsigned int j = 0; j < i; j++) {
			const struct tree_domain *a = &tree->domains[tree->first_node + i];
			const struct tree_domain *b = &tree->domains[tree->first_node + j];
			double ns;

			if (b->first_core < at->first_core || a->first_core >= end)
				continue;
			if (at->level == TREE_HOST && a->package == b->package)
				continue;
			ns = tree_pair_ns(tree, a, b);
			least = nr && least < ns ? least : ns;
			most = most > ns ? most : ns;
			sum += ns;
			nr++;
		}
	if (most > least)
		tree->uniform = false;
	return nr ? sum / nr : 0;
}

static void fill_splits(struct tree *tree)
{
	const double *class_ns = tree->host->model.class_ns;

	while (tree->domains[tree->first_node].level < TREE_NODE)
		tree->first_node++;
	while (tree->first_node + tree->nr_nodes < tree->nr_domains &&
	       tree->domains[tree->first_node + tree->nr_nodes].level == TREE_NODE)
		tree->nr_nodes++;
	tree->uniform = true;
	for (unsigned int i = 0; i < tree->nr_domains; i++) {
		struct tree_domain *domain = &tree->domains[i];

		switch (domain->level) {
		case TREE_HOST:
		case TREE_PACKAGE:
			domain->split_ns = mean_split(tree, domain);
			break;
		case TREE_NODE:
			domain->split_ns = class_ns[REL_NODE];
			break;
		case TREE_L3: /* without a known L3 the domain is the whole node */
			domain->split_ns = class_ns[domain->l3 >= 0 ? REL_L3 : REL_NODE];
			break;
		case TREE_L2:
			domain->split_ns = class_ns[REL_L2];
			break;
		case TREE_CORE:
			domain->split_ns = class_ns[REL_SMT];
			break;
		}
	}
}

void tree_init(struct tree *tree, const struct place_host *host, const uint8_t *usable,
	       const struct place_vm *vm, const uint8_t *taken_by_vm)
{
	const struct topology *topo = host->topo;
	AUTO_FREE struct core_key *keys = sorted_keys(topo);

	memset(tree, 0, sizeof(*tree));
	tree->host = host;
	tree->cores = alloc_zeroed(topo->nr_cores, sizeof(*tree->cores));
	for (unsigned int i = 0; i < topo->nr_cores; i++) {
		struct tree_core *core = &tree->cores[tree->nr_cores];

		memset(core, 0, sizeof(*core));
		core->core = keys[i].core;
		fill_core(core, host, usable, vm, taken_by_vm);
		if (core->nr_cpus || core->base)
			keys[tree->nr_cores++] = keys[i];
	}
	if (!tree->nr_cores)
		return;
	tree->domains = alloc_zeroed(6 * (size_t)tree->nr_cores + 1, sizeof(*tree->domains));
	add_domain(tree, TREE_HOST, 0, tree->nr_cores);
	for (unsigned int i = 0; i < tree->nr_domains; i++)
		if (tree->domains[i].level != TREE_CORE)
			add_children(tree, i, keys);
	fill_splits(tree);
}

void tree_fini(struct tree *tree)
{
	free(tree->domains);
	free(tree->cores);
	memset(tree, 0, sizeof(*tree));
}

unsigned int tree_core_room(const struct tree_core *core, enum place_smt smt)
{
	switch (smt) {
	case PLACE_SMT_ISOLATE:
		return tree_core_idle(core) && core->nr_cpus;
	case PLACE_SMT_SHARE:
	case PLACE_SMT_REQUIRE:
		return tree_core_idle(core) && core->nr_cpus > 1 ? core->nr_cpus : 0;
	default:
		return core->nr_cpus;
	}
}

unsigned int tree_room(const struct tree *tree, const struct tree_domain *domain,
		       enum place_smt smt)
{
	unsigned int room = 0;

	for (unsigned int i = 0; i < domain->nr_cores; i++)
		room += tree_core_room(&tree->cores[domain->first_core + i], smt);
	return room;
}

unsigned int tree_idle_cores(const struct tree *tree, const struct tree_domain *domain)
{
	unsigned int idle = 0;

	for (unsigned int i = 0; i < domain->nr_cores; i++)
		idle += tree_core_idle(&tree->cores[domain->first_core + i]);
	return idle;
}
