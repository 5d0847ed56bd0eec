/* Placement on real nodes; on a host with one, these are skipped (the lab has hosts with more). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/size.h"
#include "numa/memory.h"
#include "numa/residency.h"

static unsigned int node[2]; /* the lowest nodes with memory */

static void find_two_nodes(void)
{
	struct cpuset nodes = { 0 };
	struct fs_root root;
	struct err err;
	int nr = 0;

	cr_assert_eq(fs_open_host(&root, &err), 0);
	fs_read_listf(&root, &nodes, "sys/devices/system/node/has_memory");
	fs_close(&root);
	cpuset_for_each (os, &nodes)
		if (nr < 2)
			node[nr++] = (unsigned int)os;
	cpuset_fini(&nodes);
	if (nr < 2)
		cr_skip_test("this host has one node with memory");
}

static void make(struct gmem *gmem, struct gmem_spec *specs, unsigned int nr)
{
	struct err err;

	cr_assert_eq(gmem_init(gmem, specs, nr, NULL, &err), 0, "%s", err.text);
}

/* Asserts that all pages are present and on plan, and how many of a region are on a node. */
static void expect(const struct gmem *gmem, unsigned int region, unsigned int os, uint64_t pages)
{
	struct residency residency;
	struct err err;

	cr_assert_eq(residency_read(&residency, gmem, NULL, &err), 0, "%s", err.text);
	cr_assert(residency.on_plan);
	cr_assert_eq(residency.regions[region].present, residency.regions[region].total);
	cr_assert_lt(os, residency.regions[region].nr_nodes);
	cr_assert_eq(residency.regions[region].on_node[os], pages);
	residency_fini(&residency);
}

Test(bind, regions_of_one_vm_lie_on_the_nodes_they_are_bound_to)
{
	struct gmem_spec specs[2] = {
		{ .len = 8 * MIB, .policy = MEM_POLICY_BIND, .prefault = true },
		{ .gpa = 8 * MIB, .len = 4 * MIB, .policy = MEM_POLICY_BIND, .prefault = true },
	};
	struct gmem gmem;

	find_two_nodes();
	cpuset_add(&specs[0].nodes, node[0]);
	cpuset_add(&specs[1].nodes, node[1]);
	for (int shared = 0; shared < 2; shared++) {
		specs[0].shared = specs[1].shared = shared;
		make(&gmem, specs, 2);
		expect(&gmem, 0, node[0], 2048);
		expect(&gmem, 1, node[1], 1024);
		gmem_fini(&gmem);
	}
	cpuset_fini(&specs[0].nodes);
	cpuset_fini(&specs[1].nodes);
}

Test(bind, interleaved_pages_are_dealt_out_evenly)
{
	struct gmem_spec spec = { .len = 8 * MIB,
				  .policy = MEM_POLICY_INTERLEAVE,
				  .prefault = true };
	struct gmem gmem;

	find_two_nodes();
	cpuset_add(&spec.nodes, node[0]);
	cpuset_add(&spec.nodes, node[1]);
	make(&gmem, &spec, 1);
	expect(&gmem, 0, node[0], 1024);
	expect(&gmem, 0, node[1], 1024);
	gmem_fini(&gmem);
	cpuset_fini(&spec.nodes);
}

Test(bind, pages_move_to_another_node_and_keep_what_they_hold)
{
	struct gmem_spec spec = { .len = 8 * MIB, .policy = MEM_POLICY_BIND, .prefault = true };
	struct cpuset other = { 0 };
	struct gmem gmem;
	struct err err;

	find_two_nodes();
	cpuset_add(&spec.nodes, node[0]);
	cpuset_add(&other, node[1]);
	make(&gmem, &spec, 1);
	memset(gmem_ptr(&gmem, 0, 8 * MIB), 'x', 8 * MIB);
	cr_assert_eq(gmem_move(&gmem, 0, MEM_POLICY_BIND, &other, &err), 0, "%s", err.text);
	expect(&gmem, 0, node[1], 2048);
	cr_assert_eq(*(char *)gmem_ptr(&gmem, 8 * MIB - 1, 1), 'x');
	gmem_fini(&gmem);
	cpuset_fini(&spec.nodes);
	cpuset_fini(&other);
}

Test(bind, memory_of_the_callers_moves_to_the_node_named)
{
	char *hva = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct gmem_spec spec = { .len = 4 * MIB, .policy = MEM_POLICY_BIND, .hva = hva };
	struct gmem gmem;

	find_two_nodes();
	memset(hva, 'x', 4 * MIB);
	for (int i = 0; i < 2; i++) {
		cpuset_clear(&spec.nodes);
		cpuset_add(&spec.nodes, node[i]);
		make(&gmem, &spec, 1);
		expect(&gmem, 0, node[i], 1024);
		cr_assert_eq(hva[4 * MIB - 1], 'x');
		gmem_fini(&gmem);
	}
	cpuset_fini(&spec.nodes);
	munmap(hva, 4 * MIB);
}
