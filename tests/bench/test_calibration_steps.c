#include <criterion/criterion.h>
#include <stdlib.h>

#include "affinity/topology.h"
#include "bench/calibration_steps.h"

static struct topology topo;
static struct calibration_step *steps;
static unsigned long possible;

static unsigned long plan(const char *source, unsigned long limit)
{
	struct err err;

	cr_assert_eq(topology_load(&topo, source, &err), 0, "%s", err.text);
	return calibration_steps(&topo, limit, &steps, &possible);
}

static void enter(void)
{
	topology_setup();
}

static void leave(void)
{
	free(steps);
	topology_fini(&topo);
}

TestSuite(calibration_steps, .init = enter, .fini = leave);

Test(calibration_steps, a_small_host_is_measured_whole)
{
	cr_assert_eq(plan("synthetic:pack:2 [numa(memory=1GB)] l3:1 core:4 pu:1", 1000), 28 * 2);
	cr_assert_eq(possible, 28 * 2);
}

Test(calibration_steps, one_cpu_has_no_pair)
{
	cr_assert_eq(plan("synthetic:pack:1 [numa(memory=1GB)] core:1 pu:1", 1000), 0);
	cr_assert_eq(possible, 0);
}

static unsigned long count(enum cpu_relation relation, bool home_is_near)
{
	unsigned long found = 0;

	for (unsigned long i = 0; i < 30000; i++) {
		const struct calibration_step *step = &steps[i];
		bool near = topo.cpus[step->a].node == (int)step->home ||
			    topo.cpus[step->b].node == (int)step->home;

		found += topology_relation(&topo, step->a, step->b) == relation &&
			 near == home_is_near;
	}
	return found;
}

Test(calibration_steps, beyond_the_limit_representatives_of_every_class_stand_for_the_rest)
{
	unsigned long nr = plan("synthetic:pack:8 [numa(memory=1GB)] l3:8 core:8 pu:2", 30000);

	cr_assert_eq(possible, 1024ul * 1023 / 2 * 8);
	cr_assert_leq(nr, 30000);
	steps = realloc(steps, 30000 * sizeof(*steps));
	for (unsigned long i = nr; i < 30000; i++)
		steps[i] = (struct calibration_step){ 0 }; /* a CPU with itself: no class */
	/* Four pairs of each class; smt, l3 and node in each node, cross for each two nodes. */
	cr_assert_eq(count(REL_SMT, true), 4 * 8);
	cr_assert_eq(count(REL_SMT, false), 4 * 8);
	cr_assert_eq(count(REL_L3, true), 4 * 8);
	cr_assert_eq(count(REL_NODE, true), 4 * 8);
	cr_assert_eq(count(REL_CROSS, true), 2 * 4 * 28);
	cr_assert_eq(count(REL_CROSS, false), 4 * 28);
}

Test(calibration_steps, between_the_two_every_pair_is_measured_at_home)
{
	/* 64 CPUs, 2016 pairs on 4 nodes: 8064 steps would be all. */
	unsigned long nr = plan("synthetic:pack:4 [numa(memory=1GB)] l3:2 core:8 pu:1", 5000);

	cr_assert_eq(possible, 2016 * 4);
	cr_assert_gt(nr, 2016);
	cr_assert_leq(nr, 5000);
}
