#include <criterion/criterion.h>

#include "cli/topo_held.h"
#include "tests/tree.h"

Test(topo_held, cpus_of_a_running_vm_are_marked_until_it_ends)
{
	struct reserve_claim claim = { .name = "db", .pid = 1, .exclusive = true };
	struct reserve_hold hold;
	struct reserve reserve;
	struct topo_held held;
	struct topology topo;
	struct tree tree;
	struct err err = { 0 };

	tree_init(&tree);
	topology_setup();
	cr_assert_eq(topology_load(&topo, "synthetic:numa:2 pu:4", &err), 0, "%s", err.text);
	topo.is_host = true;
	cpuset_add_range(&claim.cpus, 2, 3);
	cr_assert_eq(reserve_open(&reserve, tree.path, &err), 0, "%s", err.text);
	cr_assert_eq(reserve_lock(&reserve, 1000, &err), 0, "%s", err.text);
	cr_assert_eq(reserve_take(&reserve, &hold, &claim, &err), 0, "%s", err.text);
	reserve_unlock(&reserve);

	cr_assert_eq(topo_held_init(&held, &topo, tree.path, &err), 0, "%s", err.text);
	cr_assert(held.marks);
	cr_expect_eq(held.marks[1].colour, MAP_PLAIN);
	cr_expect_eq(held.marks[2].colour, MAP_RESERVED);
	cr_expect_eq(held.marks[3].colour, MAP_RESERVED);
	topo_held_fini(&held);

	topo.is_host = false;
	cr_assert_eq(topo_held_init(&held, &topo, tree.path, &err), 0);
	cr_expect_null(held.marks, "VMs of this host are in no other host's map");
	topo_held_fini(&held);

	topo.is_host = true;
	reserve_release(&reserve, &hold);
	cr_assert_eq(topo_held_init(&held, &topo, tree.path, &err), 0, "%s", err.text);
	cr_expect_null(held.marks);
	topo_held_fini(&held);
	reserve_close(&reserve);
	cpuset_fini(&claim.cpus);
	topology_fini(&topo);
	tree_fini(&tree);
}
