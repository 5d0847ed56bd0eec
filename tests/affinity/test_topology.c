#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "affinity/topology.h"
#include "base/alloc.h"

static struct topology topo;

static void load(const char *source)
{
	struct err err = { 0 };

	topology_setup();
	cr_assert_eq(topology_load(&topo, source, &err), 0, "%s", err.text);
}

static void unload(void)
{
	topology_fini(&topo);
}

TestSuite(topology, .fini = unload);

struct relation_case {
	unsigned int a, b;
	enum cpu_relation relation;
};

#define TWO_SOCKETS "synthetic:package:2 numa:2 l3:2 l2:2 core:2 pu:2"

/* 64 CPUs: 32 a package, 16 a node, 8 an L3, 4 an L2, 2 a core. */
ParameterizedTestParameters(topology, relation_is_the_nearest_thing_shared)
{
	static struct relation_case cases[] = {
		{ 5, 5, REL_SAME },	 { 4, 5, REL_SMT },	 { 4, 7, REL_L2 },
		{ 3, 4, REL_L3 },	 { 7, 8, REL_NODE },	 { 0, 15, REL_NODE },
		{ 15, 16, REL_PACKAGE }, { 0, 31, REL_PACKAGE }, { 31, 32, REL_CROSS },
		{ 63, 0, REL_CROSS },
	};

	return cr_make_param_array(struct relation_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct relation_case *c, topology, relation_is_the_nearest_thing_shared)
{
	load(TWO_SOCKETS);
	cr_expect_eq(topology_relation(&topo, c->a, c->b), c->relation);
	cr_expect_eq(topology_relation(&topo, c->b, c->a), c->relation, "relations are symmetric");
}

Test(topology, nearest_goes_sibling_l2_l3_node_then_the_package)
{
	unsigned int out[64], nr;

	load(TWO_SOCKETS);
	nr = topology_nearest(&topo, 21, out, 64);
	cr_assert_eq(nr, 63);
	for (unsigned int i = 1; i < nr; i++) {
		enum cpu_relation before = topology_relation(&topo, 21, out[i - 1]);
		enum cpu_relation here = topology_relation(&topo, 21, out[i]);

		cr_expect_leq(before, here, "place %u", i);
		if (before == here)
			cr_expect_lt(out[i - 1], out[i], "ties go by index, place %u", i);
	}
	cr_expect_eq(out[0], 20);
	cr_expect_eq(out[1], 22);
	cr_expect_eq(out[62], 63);
}

Test(topology, nearest_honours_the_count_and_names_the_same_first_ones)
{
	unsigned int all[64], some[5];

	load(TWO_SOCKETS);
	topology_nearest(&topo, 40, all, 64);
	cr_assert_eq(topology_nearest(&topo, 40, some, 5), 5);
	cr_expect_arr_eq(some, all, sizeof(some));
	cr_expect_eq(topology_nearest(&topo, 40, some, 0), 0);
}

Test(topology, nearest_follows_the_distances_of_nodes)
{
	/* Four nodes of one CPU; from node 0 the order is 2, 3, 1. */
	static unsigned int distances[] = { 10, 40, 20, 30, 40, 10, 20, 30,
					    20, 30, 10, 40, 30, 20, 40, 10 };
	unsigned int out[4], expected[] = { 2, 3, 1 };

	load("synthetic:numa:4 pu:1");
	topo.distances = alloc_zeroed(16, sizeof(*topo.distances));
	for (int i = 0; i < 16; i++)
		topo.distances[i] = distances[i];
	cr_assert_eq(topology_nearest(&topo, 0, out, 4), 3);
	cr_expect_arr_eq(out, expected, sizeof(expected));
}

Test(topology, distance_is_10_and_20_where_nobody_tells)
{
	load("synthetic:numa:2 pu:1");
	cr_expect_null(topo.distances);
	cr_expect_eq(topology_distance(&topo, 1, 1), 10);
	cr_expect_eq(topology_distance(&topo, 0, 1), 20);
}

Test(topology, more_than_1024_cpus_are_all_there)
{
	load("synthetic:package:8 numa:1 core:64 pu:2");
	cr_expect_eq(topo.nr_cpus, 1024);
	topology_fini(&topo);
	load("synthetic:package:8 numa:1 core:256 pu:2");
	cr_expect_eq(topo.nr_cpus, 4096);
	cr_expect_eq(topo.nr_cores, 2048);
	cr_assert(topology_cpu(&topo, 4095));
	cr_expect_eq(topology_cpu(&topo, 4095)->package, 7);
	cr_expect_eq(topology_relation(&topo, 4094, 4095), REL_SMT);
	cr_expect_eq(cpuset_count(&topo.allowed), 4096);
}

Test(topology, numbers_that_are_not_there_have_no_object)
{
	load("synthetic:numa:2 core:2 pu:1");
	cr_expect_null(topology_cpu(&topo, 4));
	cr_expect_null(topology_cpu(&topo, 1u << 31));
	cr_expect_null(topology_node(&topo, 2));
	cr_expect_eq(topology_node(&topo, 1)->os, 1);
}

Test(topology, this_host_is_the_host_and_has_a_node_and_a_cpu)
{
	load("host");
	cr_expect(topo.is_host);
	cr_expect_gt(topo.nr_nodes, 0);
	cr_expect_gt(topo.nr_cpus, 0);
	cr_expect(topo.nodes[0].mem_free_known);
}
