#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>

#include "base/size.h"
#include "numa/capacity.h"
#include "tests/numa/tree.h"

#define NODES "sys/devices/system/node"

/* A host of two nodes: node 0 has 1 GiB of small pages, 4 of 2 MiB, 1 of 1 GiB; node 1 has 2 GiB,
 * 6 and 3. Half of the small memory is reclaimable. */
static struct tree tree;

static void put_node(unsigned int node, unsigned int gib, unsigned int mib_pages,
		     unsigned int gib_pages)
{
	char name[128];

	snprintf(name, sizeof(name), NODES "/node%u/meminfo", node);
	tree_put(&tree, name,
		 "Node %u MemTotal:  99999999 kB\nNode %u MemFree:  %u kB\n"
		 "Node %u Active:  7 kB\nNode %u Active(file):  %u kB\n"
		 "Node %u Inactive(file):  %u kB\nNode %u SReclaimable:  0 kB\n",
		 node, node, gib << 19, node, node, gib << 18, node, gib << 18, node);
	snprintf(name, sizeof(name), NODES "/node%u/hugepages/hugepages-2048kB/free_hugepages",
		 node);
	tree_put(&tree, name, "%u\n", mib_pages);
	snprintf(name, sizeof(name), NODES "/node%u/hugepages/hugepages-1048576kB/free_hugepages",
		 node);
	tree_put(&tree, name, "%u\n", gib_pages);
}

static void enter(void)
{
	tree_init(&tree);
	tree_put(&tree, NODES "/has_memory", "0-1\n");
	tree_put(&tree, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "10\n");
	tree_put(&tree, "sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "4\n");
	put_node(0, 1, 4, 1);
	put_node(1, 2, 6, 3);
}

static void leave(void)
{
	tree_fini(&tree);
}

TestSuite(capacity, .init = enter, .fini = leave);

struct want {
	char nodes[8];
	enum mem_policy policy;
	uint64_t page_size, len;
	bool fallback;
	uint64_t got; /* page size that comes out */
};

struct plan_case {
	struct want want[3];
	int ret;
	char text[200], warning[120];
};

ParameterizedTestParameters(capacity, a_plan_is_held_against_every_node)
{
	static struct plan_case cases[] = {
		/* exactly what is there */
		{ { { "1", MEM_POLICY_BIND, GIB, 3 * GIB, false, GIB } }, 0, "", "" },
		{ { { "1", MEM_POLICY_BIND, GIB, 8 * GIB, false, GIB } },
		  -ENOMEM,
		  "memory: node 1 has 3 free 1 GiB pages, 8 are needed; free memory or set "
		  "memory.hugepage_size: 2M",
		  "" },
		/* regions add up, and both nodes are named */
		{ { { "0", MEM_POLICY_BIND, 2 * MIB, 10 * MIB, false, 2 * MIB },
		    { "1", MEM_POLICY_BIND, 2 * MIB, 8 * MIB, false, 2 * MIB },
		    { "1", MEM_POLICY_BIND, 2 * MIB, 6 * MIB, false, 2 * MIB } },
		  -ENOMEM,
		  "memory: node 0 has 4 free 2 MiB pages, 5 are needed; node 1 has 6 free 2 MiB "
		  "pages, 7 are needed; free memory or set memory.hugepages: false",
		  "" },
		/* a region with a choice leaves the single node to the one that needs it */
		{ { { "0-1", MEM_POLICY_BIND, GIB, 3 * GIB, false, GIB },
		    { "0", MEM_POLICY_BIND, GIB, GIB, false, GIB } },
		  0,
		  "",
		  "" },
		/* even shares */
		{ { { "0-1", MEM_POLICY_INTERLEAVE, 2 * MIB, 16 * MIB, false, 2 * MIB } },
		  0,
		  "",
		  "" },
		{ { { "0-1", MEM_POLICY_INTERLEAVE, 2 * MIB, 20 * MIB, false, 2 * MIB } },
		  -ENOMEM,
		  "node 0 has 4 free 2 MiB pages, 5 are needed",
		  "" },
		/* a preference may spill over */
		{ { { "0", MEM_POLICY_PREFERRED, GIB, 4 * GIB, false, GIB } }, 0, "", "" },
		{ { { "", MEM_POLICY_LOCAL, GIB, 5 * GIB, false, GIB } },
		  -ENOMEM,
		  "node 0 has 1 free 1 GiB pages, 2 are needed",
		  "" },
		/* fallback only where allowed, and one step at a time */
		{ { { "0", MEM_POLICY_BIND, GIB, 2 * GIB, true, 4 * KIB } },
		  0,
		  "",
		  "node 0 has about 1 GiB free, 2 GiB are needed" },
		{ { { "0", MEM_POLICY_BIND, 2 * MIB, 8 * MIB, true, 4 * KIB },
		    { "0", MEM_POLICY_BIND, 2 * MIB, 8 * MIB, false, 2 * MIB } },
		  0,
		  "",
		  "" },
		/* small pages: an estimate, so no error */
		{ { { "0", MEM_POLICY_BIND, 0, GIB, false, 4 * KIB } }, 0, "", "" },
		{ { { "0", MEM_POLICY_BIND, 0, GIB + MIB, false, 4 * KIB } },
		  0,
		  "",
		  "node 0 has about 1 GiB free, 1.0 GiB are needed; this is an estimate" },
		/* nodes that are not there */
		{ { { "2", MEM_POLICY_BIND, 0, MIB, false, 4 * KIB } },
		  -ENODEV,
		  "node 2 is wanted, but the nodes of this host with memory are 0-1",
		  "" },
	};

	return cr_make_param_array(struct plan_case, cases, sizeof(cases) / sizeof(*cases));
}

static unsigned int fill(struct gmem_region *regions, const struct want *want)
{
	unsigned int nr = 0;
	struct err err;

	for (; nr < 3 && want[nr].len; nr++) {
		struct gmem_spec *spec = &regions[nr].spec;

		*spec = (struct gmem_spec){ .policy = want[nr].policy,
					    .len = want[nr].len,
					    .page_size = want[nr].page_size ?: 4 * KIB,
					    .page_size_fallback = want[nr].fallback };
		cpuset_parse(&spec->nodes, want[nr].nodes, &err);
	}
	return nr;
}

ParameterizedTest(struct plan_case *c, capacity, a_plan_is_held_against_every_node)
{
	struct gmem_region regions[3] = { 0 };
	struct gmem gmem = { .regions = regions };
	struct capacity capacity = { 0 };
	struct err err = { 0 }, warning;

	gmem.nr_regions = fill(regions, c->want);
	cr_assert_eq(capacity_read(&capacity, &tree.root, &err), 0, "%s", err.text);
	cr_assert_eq(capacity_plan(&capacity, &gmem, &warning, &err), c->ret, "%s", err.text);
	if (c->ret) {
		cr_assert_eq(err.status, EXIT_HOST);
		cr_assert(strstr(err.text, c->text), "%s", err.text);
	} else {
		cr_assert_eq(!warning.errnum, !*c->warning, "%s", warning.text);
		cr_assert(!*c->warning || strstr(warning.text, c->warning), "%s", warning.text);
	}
	for (unsigned int i = 0; i < gmem.nr_regions; i++) {
		cr_expect(c->ret == -ENODEV || regions[i].spec.page_size == c->want[i].got);
		cpuset_fini(&regions[i].spec.nodes);
	}
	capacity_fini(&capacity);
}

Test(capacity, a_size_that_the_host_does_not_offer_is_named)
{
	struct gmem_region region = { .spec = { .len = GIB, .page_size = GIB } };
	struct gmem gmem = { .regions = &region, .nr_regions = 1 };
	struct capacity capacity = { 0 };
	struct err err, warning;
	struct tree small;

	tree_init(&small);
	tree_put(&small, NODES "/has_memory", "0\n");
	tree_put(&small, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "10\n");
	cr_assert_eq(capacity_read(&capacity, &small.root, &err), 0);
	cr_assert_eq(capacity_plan(&capacity, &gmem, &warning, &err), -EINVAL);
	cr_assert(strstr(err.text, "offers no 1 GiB pages; set memory.hugepage_size: 2M"), "%s",
		  err.text);
	capacity_fini(&capacity);
	tree_fini(&small);
}

Test(capacity, one_node_counts_what_the_kernel_calls_available)
{
	struct capacity capacity = { 0 };
	struct err err;
	struct tree small;

	tree_init(&small);
	tree_put(&small, NODES "/has_memory", "0\n");
	tree_put(&small, NODES "/node0/meminfo", "Node 0 MemFree:  400 kB\n");
	tree_put(&small, "proc/meminfo",
		 "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:  8000 kB\n");
	cr_assert_eq(capacity_read(&capacity, &small.root, &err), 0);
	cr_assert_eq(capacity.node[0].free[PAGES_4K], 2000);
	capacity_fini(&capacity);
	tree_fini(&small);
}

Test(capacity, a_kernel_without_nodes_is_one_node)
{
	struct capacity capacity = { 0 };
	struct err err;
	struct tree flat;

	tree_init(&flat);
	tree_put(&flat, "proc/meminfo", "MemAvailable:  8000 kB\n");
	tree_put(&flat, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "5\n");
	cr_assert_eq(capacity_read(&capacity, &flat.root, &err), 0, "%s", err.text);
	cr_assert_eq(capacity.nr_nodes, 1);
	cr_assert_eq(capacity.node[0].free[PAGES_2M], 5);
	cr_assert_eq(capacity.node[0].free[PAGES_4K], 2000);
	capacity_fini(&capacity);
	tree_fini(&flat);
}

Test(capacity, a_node_outside_the_cgroup_is_refused_with_the_remedy)
{
	struct gmem_region region = { .spec = { .len = MIB, .policy = MEM_POLICY_BIND } };
	struct gmem gmem = { .regions = &region, .nr_regions = 1 };
	struct capacity capacity = { 0 };
	struct err err, warning;

	tree_put(&tree, "proc/self/status",
		 "Name:\tsitu\nMems_allowed:\t1\nMems_allowed_list:\t0\nx:\t1\n");
	cpuset_add(&region.spec.nodes, 1);
	cr_assert_eq(capacity_read(&capacity, &tree.root, &err), 0);
	cr_assert_eq(capacity_plan(&capacity, &gmem, &warning, &err), -ENODEV);
	cr_assert(strstr(err.text, "may use node 0 only; widen cpuset.mems"), "%s", err.text);
	capacity_fini(&capacity);
	cpuset_fini(&region.spec.nodes);
}
