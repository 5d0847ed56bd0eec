#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "affinity/place_memory.h"
#include "base/size.h"
#include "tests/fake/host.h"

static struct topology four_nodes(void)
{
	static const unsigned int slit[] = { 10, 20, 30, 40, 20, 10, 40, 30,
					     30, 40, 10, 20, 40, 30, 20, 10 };
	struct fake_host_shape shape = { 4, 1, 1, 1, 2, 1, false, false };
	struct topology topo;

	fake_host(&topo, &shape);
	topo.distances = calloc(16, sizeof(*topo.distances));
	for (int i = 0; i < 16; i++)
		topo.distances[i] = slit[i];
	return topo;
}

static const struct node_load idle[4] = {
	{ 8 * GIB, 16 * GIB, 0.1, 0.1, NAN },
	{ 8 * GIB, 16 * GIB, 0.1, 0.1, NAN },
	{ 8 * GIB, 16 * GIB, 0.1, 0.1, NAN },
	{ 8 * GIB, 16 * GIB, 0.1, 0.1, NAN },
};

Test(place_strategy, local_first_falls_back_by_distance_and_not_to_node_zero)
{
	struct topology topo = four_nodes();
	struct node_load loads[4] = { idle[0], idle[1], idle[2], idle[3] };

	cr_assert_eq(memory_pick_node(NODE_LOCAL_FIRST, &topo, loads, 3, GIB), 3);
	loads[3].free = 0;
	cr_assert_eq(memory_pick_node(NODE_LOCAL_FIRST, &topo, loads, 3, GIB), 2);
	loads[2].free = 0;
	cr_assert_eq(memory_pick_node(NODE_LOCAL_FIRST, &topo, loads, 3, GIB), 1);
	loads[1].free = loads[0].free = 0;
	cr_assert_eq(memory_pick_node(NODE_LOCAL_FIRST, &topo, loads, 3, GIB), -1);
	topology_fini(&topo);
}

Test(place_strategy, balance_takes_the_least_loaded_node_that_fits)
{
	struct topology topo = four_nodes();
	struct node_load loads[4] = { idle[0], idle[1], idle[2], idle[3] };

	loads[0].cpu = 0.9;
	loads[1].free = GIB / 2;
	loads[2].bandwidth = 0.9;
	cr_assert_eq(memory_pick_node(NODE_LOAD_BALANCED, &topo, loads, -1, GIB), 3);
	loads[3].free = GIB; /* 94 % in use: only where no other fits */
	cr_assert_eq(memory_pick_node(NODE_LOAD_BALANCED, &topo, loads, -1, GIB), 2);
	topology_fini(&topo);
}

Test(place_strategy, bandwidth_takes_the_most_free_and_knows_not_known)
{
	struct topology topo = four_nodes();
	struct node_load loads[4] = { idle[0], idle[1], idle[2], idle[3] };

	loads[0].bandwidth = 0.6;
	loads[1].bandwidth = NAN;
	loads[2].bandwidth = 0.7;
	loads[3].bandwidth = 0.8;
	cr_assert_eq(memory_pick_node(NODE_BANDWIDTH, &topo, loads, -1, GIB), 1);
	loads[2].bandwidth = 0.4;
	cr_assert_eq(memory_pick_node(NODE_BANDWIDTH, &topo, loads, -1, GIB), 2);
	topology_fini(&topo);
}

Test(place_strategy, adaptive_honours_a_suitable_preference_from_the_first_call)
{
	struct topology topo = four_nodes();
	struct node_load loads[4] = { idle[0], idle[1], idle[2], idle[3] };

	cr_assert_eq(memory_pick_node(NODE_ADAPTIVE, &topo, loads, 2, GIB), 2);
	loads[2].local_rate = 0;
	loads[2].bandwidth = 0.9;
	loads[1].bandwidth = 0.05;
	loads[3].cpu = 0;
	cr_assert_eq(memory_pick_node(NODE_ADAPTIVE, &topo, loads, 2, GIB), 1, "large: bandwidth");
	cr_assert_eq(memory_pick_node(NODE_ADAPTIVE, &topo, loads, 2, MIB), 3, "small: balance");
	topology_fini(&topo);
}
