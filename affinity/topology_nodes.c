/*
 * Which node a CPU belongs to, and of what kind a node is.
 *
 * The kernel gives every CPU one node. sysfs says which; a file only says which CPUs are near a
 * node, and several nodes may be near the same CPUs (DRAM and HBM, DRAM and a CXL expander). Then
 * the CPU belongs to the nearest of them (fewest CPUs), to DRAM before memory of another kind, to
 * the first in order. That is what Linux makes of such machines.
 */
#include <errno.h>

#include "affinity/topology_source.h"

static bool dram_like(const struct topo_node *node)
{
	return node->kind == MEM_DRAM || node->kind == MEM_UNKNOWN;
}

static bool owns_before(const struct topo_node *a, const struct topo_node *b)
{
	unsigned int nr_a = cpuset_count(&a->near_cpus), nr_b = cpuset_count(&b->near_cpus);

	if (nr_a != nr_b)
		return nr_a < nr_b;
	return dram_like(a) && !dram_like(b);
}

static bool any_own_cpus(const struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (!cpuset_empty(&topo->nodes[i].cpus))
			return true;
	return false;
}

/* CPUs to nodes by nearness: every node is asked once, the best owner last. */
static void derive_own_cpus(struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		struct topo_node *node = &topo->nodes[i];

		cpuset_copy(&node->cpus, &node->near_cpus);
		cpuset_and(&node->cpus, &topo->allowed);
	}
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		for (unsigned int j = i + 1; j < topo->nr_nodes; j++) {
			struct topo_node *a = &topo->nodes[i], *b = &topo->nodes[j];

			if (!cpuset_intersects(&a->cpus, &b->cpus))
				continue;
			if (owns_before(b, a))
				cpuset_sub(&a->cpus, &b->cpus);
			else
				cpuset_sub(&b->cpus, &a->cpus);
		}
}

static int give_cpus(struct topology *topo, unsigned int index, struct err *err)
{
	const struct topo_node *node = &topo->nodes[index];

	cpuset_for_each (os, &node->cpus) {
		int at = topo->cpu_index[os];
		struct topo_cpu *cpu = &topo->cpus[at];

		if (cpu->node >= 0)
			return err_set(err, EXIT_INPUT, EINVAL,
				       "CPU %d is in node %u and in node %u; a CPU has one node",
				       os, topo->nodes[cpu->node].os, node->os);
		cpu->node = (int)index;
		topo->cores[cpu->core].node = (int)index;
	}
	return 0;
}

static void finish_node(struct topo_node *node)
{
	if (cpuset_empty(&node->cpus))
		return;
	cpuset_copy(&node->near_cpus, &node->cpus);
	if (node->kind == MEM_UNKNOWN) {
		node->kind = MEM_DRAM;
		node->kind_source = "untagged, with CPUs";
	}
}

int topology_assign_nodes(struct topology *topo, struct err *err)
{
	bool told = any_own_cpus(topo);
	int ret;

	if (!told)
		derive_own_cpus(topo);
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		ret = give_cpus(topo, i, err);
		if (ret)
			return ret;
		finish_node(&topo->nodes[i]);
	}
	for (unsigned int i = 0; i < topo->nr_cpus; i++)
		if (told && topo->cpus[i].node < 0 && cpuset_empty(&topo->disallowed_nodes))
			return err_set(err, EXIT_INPUT, EINVAL,
				       "CPU %u is in no node; every CPU has one", topo->cpus[i].os);
	return 0;
}
