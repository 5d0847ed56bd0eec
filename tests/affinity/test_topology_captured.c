#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#include "affinity/topology.h"
#include "tests/tree.h"

/*
 * Hosts that "make capture-topology" stored in tests/data/hosts: a tree of sysfs and procfs, and
 * hwloc's XML of the same moment. Both must show the same host.
 */
#define FOLDER "tests/data/hosts"

TestSuite(topology_captured, .init = topology_setup);

struct captured {
	char name[32];
	unsigned int packages, nodes, cpus;
	char offline[16];
	int memory_only; /* the operating system's number of that node, -1: none */
	unsigned int distance_0_1;
};

static struct captured hosts[] = {
	{ "lab-2n8c", 2, 2, 8, "", -1, 21 },   { "lab-2n8c-offline", 2, 2, 7, "5", -1, 21 },
	{ "lab-2p4n8c", 2, 4, 8, "", -1, 12 }, { "lab-3n8c-far", 2, 3, 8, "", 2, 21 },
	{ "lab-8n16c", 2, 8, 16, "", -1, 12 },
};

static void load_tree(struct topology *topo, struct tree *tree, const char *name)
{
	char command[512], source[300];
	struct err err = { 0 };

	tree_init(tree);
	snprintf(command, sizeof(command), "tar -xzf " FOLDER "/%s.tar.gz -C %s", name, tree->path);
	cr_assert_eq(system(command), 0, "%s", command);
	snprintf(source, sizeof(source), "dir:%s", tree->path);
	cr_assert_eq(topology_load(topo, source, &err), 0, "%s: %s", name, err.text);
}

static void load_xml(struct topology *topo, const char *name)
{
	struct err err = { 0 };
	char source[128];

	snprintf(source, sizeof(source), FOLDER "/%s.xml", name);
	cr_assert_eq(topology_load(topo, source, &err), 0, "%s: %s", name, err.text);
}

static int index_of(const struct topology *topo, unsigned int node)
{
	return (int)(topology_node(topo, node) - topo->nodes);
}

static void expect_shape(const struct topology *topo, const struct captured *host)
{
	const struct topo_node *far = NULL;

	cr_expect_not(topo->is_host);
	cr_expect_eq(topo->nr_packages, host->packages);
	cr_assert_eq(topo->nr_nodes, host->nodes);
	cr_expect_eq(topo->nr_cpus, host->cpus);
	cr_expect_eq(topology_distance(topo, (unsigned int)index_of(topo, 0),
				       (unsigned int)index_of(topo, 1)),
		     host->distance_0_1);
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (cpuset_empty(&topo->nodes[i].cpus))
			far = &topo->nodes[i];
	cr_expect_eq(far ? (int)far->os : -1, host->memory_only);
}

static void expect_same(const struct topology *a, const struct topology *b)
{
	for (unsigned int i = 0; i < a->nr_cpus; i++) {
		const struct topo_cpu *x = &a->cpus[i], *y = topology_cpu(b, x->os);

		cr_assert_not_null(y, "CPU %u", x->os);
		cr_expect_eq(a->nodes[x->node].os, b->nodes[y->node].os, "node of CPU %u", x->os);
		cr_expect_eq(a->packages[x->package].os, b->packages[y->package].os,
			     "package of CPU %u", x->os);
		cr_expect(cpuset_equal(&a->caches[x->l3].cpus, &b->caches[y->l3].cpus),
			  "L3 of CPU %u", x->os);
	}
	for (unsigned int i = 0; i < a->nr_nodes; i++) {
		const struct topo_node *x = &a->nodes[i], *y = topology_node(b, x->os);

		cr_assert_not_null(y, "node %u", x->os);
		cr_expect_eq(x->mem_total, y->mem_total, "memory of node %u", x->os);
		cr_expect(cpuset_equal(&x->near_cpus, &y->near_cpus), "CPUs near node %u", x->os);
	}
}

ParameterizedTestParameters(topology_captured, the_tree_and_the_map_of_a_host_agree)
{
	return cr_make_param_array(struct captured, hosts, sizeof(hosts) / sizeof(*hosts));
}

ParameterizedTest(struct captured *host, topology_captured, the_tree_and_the_map_of_a_host_agree)
{
	struct topology tree = { 0 }, map = { 0 };
	struct tree folder;
	AUTO_FREE char *offline = NULL;

	load_tree(&tree, &folder, host->name);
	load_xml(&map, host->name);
	expect_shape(&tree, host);
	expect_shape(&map, host);
	offline = cpuset_string(&tree.offline);
	cr_expect_str_eq(offline, host->offline);
	expect_same(&tree, &map);
	topology_fini(&map);
	topology_fini(&tree);
	tree_fini(&folder);
}
