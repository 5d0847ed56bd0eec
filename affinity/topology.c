#include "affinity/topology.h"

#include <limits.h>
#include <stdlib.h>

#include "base/alloc.h"

const char *const cpu_relation_names[NR_RELATIONS] = {
	[REL_SAME] = "same", [REL_SMT] = "smt",		[REL_L2] = "l2",       [REL_L3] = "l3",
	[REL_NODE] = "node", [REL_PACKAGE] = "package", [REL_CROSS] = "cross",
};

const char *const mem_kind_names[NR_MEM_KINDS] = {
	[MEM_UNKNOWN] = "unknown", [MEM_DRAM] = "dram", [MEM_HBM] = "hbm",
	[MEM_CXL] = "cxl",	   [MEM_PMEM] = "pmem",
};

static void fini_objects(struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_packages; i++) {
		cpuset_fini(&topo->packages[i].cpus);
		free(topo->packages[i].model);
	}
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		cpuset_fini(&topo->nodes[i].cpus);
		cpuset_fini(&topo->nodes[i].near_cpus);
		free(topo->nodes[i].pools);
	}
	for (unsigned int i = 0; i < topo->nr_caches; i++)
		cpuset_fini(&topo->caches[i].cpus);
	for (unsigned int i = 0; i < topo->nr_cores; i++)
		cpuset_fini(&topo->cores[i].cpus);
	for (unsigned int i = 0; i < topo->nr_devices; i++) {
		free(topo->devices[i].name);
		free(topo->devices[i].pci);
	}
}

#define NR_SETS 6

void topology_fini(struct topology *topo)
{
	struct cpuset *sets[NR_SETS] = {
		&topo->allowed,	 &topo->disallowed, &topo->offline,
		&topo->isolated, &topo->nohz_full,  &topo->disallowed_nodes
	};

	fini_objects(topo);
	for (size_t i = 0; i < NR_SETS; i++)
		cpuset_fini(sets[i]);
	for (int i = 0; i < NR_MEM_ATTRS; i++)
		free(topo->mem_attr[i]);
	free(topo->packages);
	free(topo->nodes);
	free(topo->caches);
	free(topo->cores);
	free(topo->cpus);
	free(topo->devices);
	free(topo->distances);
	free(topo->cpu_index);
	free(topo->node_index);
	free(topo->source);
	*topo = (struct topology){ 0 };
}

static int *index_alloc(unsigned int len)
{
	int *index = alloc_zeroed(len ? len : 1, sizeof(*index));

	for (unsigned int i = 0; i < len; i++)
		index[i] = -1;
	return index;
}

void topology_index(struct topology *topo)
{
	unsigned int len = 0;

	free(topo->cpu_index);
	free(topo->node_index);
	for (unsigned int i = 0; i < topo->nr_cpus; i++)
		len = topo->cpus[i].os >= len ? topo->cpus[i].os + 1 : len;
	topo->cpu_index = index_alloc(len);
	topo->cpu_index_len = len;
	for (unsigned int i = 0; i < topo->nr_cpus; i++)
		topo->cpu_index[topo->cpus[i].os] = (int)i;

	len = 0;
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		len = topo->nodes[i].os >= len ? topo->nodes[i].os + 1 : len;
	topo->node_index = index_alloc(len);
	topo->node_index_len = len;
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		topo->node_index[topo->nodes[i].os] = (int)i;
}

const struct topo_cpu *topology_cpu(const struct topology *topo, unsigned int os)
{
	if (os >= topo->cpu_index_len || topo->cpu_index[os] < 0)
		return NULL;
	return &topo->cpus[topo->cpu_index[os]];
}

const struct topo_node *topology_node(const struct topology *topo, unsigned int os)
{
	if (os >= topo->node_index_len || topo->node_index[os] < 0)
		return NULL;
	return &topo->nodes[topo->node_index[os]];
}

unsigned int topology_distance(const struct topology *topo, unsigned int from, unsigned int to)
{
	unsigned int told = topo->distances ? topo->distances[from * topo->nr_nodes + to] : 0;

	if (told)
		return told;
	return from == to ? 10 : 20;
}

static bool shared(int a, int b)
{
	return a >= 0 && a == b;
}

enum cpu_relation topology_relation(const struct topology *topo, unsigned int a, unsigned int b)
{
	const struct topo_cpu *x = &topo->cpus[a], *y = &topo->cpus[b];

	if (a == b)
		return REL_SAME;
	if (x->core == y->core)
		return REL_SMT;
	if (shared(x->l2, y->l2))
		return REL_L2;
	if (shared(x->l3, y->l3))
		return REL_L3;
	if (shared(x->node, y->node))
		return REL_NODE;
	return shared(x->package, y->package) ? REL_PACKAGE : REL_CROSS;
}

/* The list that topology_nearest() grows, tier by tier. */
struct nearest {
	const struct topology *topo;
	unsigned int from, len, used;
	unsigned int *out;
};

static int compare_indices(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

/* Adds the CPUs of the set that have this relation to `from`, in the order of their indices. */
static void take_tier(struct nearest *near, const struct cpuset *set, enum cpu_relation rel)
{
	AUTO_FREE unsigned int *tier = alloc_zeroed(cpuset_count(set) + 1, sizeof(*tier));
	unsigned int nr = 0;

	cpuset_for_each (os, set) {
		const struct topo_cpu *cpu = topology_cpu(near->topo, (unsigned int)os);
		unsigned int index;

		if (!cpu)
			continue;
		index = (unsigned int)(cpu - near->topo->cpus);
		if (topology_relation(near->topo, near->from, index) == rel)
			tier[nr++] = index;
	}
	qsort(tier, nr, sizeof(*tier), compare_indices);
	for (unsigned int i = 0; i < nr && near->used < near->len; i++)
		near->out[near->used++] = tier[i];
}

/* The CPUs of all nodes at this distance; those on the same package first. */
static void take_distance(struct nearest *near, unsigned int node, unsigned int distance)
{
	AUTO_CPUSET struct cpuset set = { 0 };

	for (unsigned int i = 0; i < near->topo->nr_nodes; i++)
		if (i != node && topology_distance(near->topo, node, i) == distance)
			cpuset_or(&set, &near->topo->nodes[i].cpus);
	take_tier(near, &set, REL_PACKAGE);
	take_tier(near, &set, REL_CROSS);
}

/* The smallest distance from `node` to another that is above `last`; 0: no more. */
static unsigned int next_distance(const struct topology *topo, unsigned int node, unsigned int last)
{
	unsigned int best = UINT_MAX;

	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		unsigned int distance = topology_distance(topo, node, i);

		if (i != node && distance > last && distance < best)
			best = distance;
	}
	return best == UINT_MAX ? 0 : best;
}

unsigned int topology_nearest(const struct topology *topo, unsigned int from, unsigned int *out,
			      unsigned int len)
{
	struct nearest near = { .topo = topo, .from = from, .len = len, .out = out };
	const struct topo_cpu *cpu = &topo->cpus[from];

	take_tier(&near, &topo->cores[cpu->core].cpus, REL_SMT);
	if (cpu->l2 >= 0 && near.used < len)
		take_tier(&near, &topo->caches[cpu->l2].cpus, REL_L2);
	if (cpu->l3 >= 0 && near.used < len)
		take_tier(&near, &topo->caches[cpu->l3].cpus, REL_L3);
	if (cpu->node < 0)
		return near.used;
	if (near.used < len)
		take_tier(&near, &topo->nodes[cpu->node].cpus, REL_NODE);
	for (unsigned int distance = 0; near.used < len;) {
		distance = next_distance(topo, (unsigned int)cpu->node, distance);
		if (!distance)
			break;
		take_distance(&near, (unsigned int)cpu->node, distance);
	}
	return near.used;
}
