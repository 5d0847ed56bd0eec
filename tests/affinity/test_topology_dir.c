/* Captured trees, written here: what sysfs of such hosts holds, and nothing else. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "affinity/topology.h"
#include "tests/tree.h"

static struct tree tree;
static struct topology topo;

static void make_tree(void)
{
	tree_init(&tree);
	topology_setup();
}

static void remove_tree(void)
{
	topology_fini(&topo);
	tree_fini(&tree);
}

TestSuite(topology_dir, .init = make_tree, .fini = remove_tree);

static int load_tree(struct err *err)
{
	char source[80];

	snprintf(source, sizeof(source), "dir:%s", tree.path);
	return topology_load(&topo, source, err);
}

static void put_list(const char *name, const char *folder, uint64_t mask)
{
	struct cpuset set = { 0 };
	char *text;

	for (unsigned int i = 0; i < 64; i++)
		if (mask >> i & 1)
			cpuset_add(&set, i);
	text = cpuset_string(&set);
	tree_put(&tree, name, text, "%s", folder);
	free(text);
	cpuset_fini(&set);
}

static void put_mask(const char *name, const char *folder, uint64_t mask)
{
	char text[32];

	snprintf(text, sizeof(text), "%08x,%08x\n", (unsigned int)(mask >> 32), (unsigned int)mask);
	tree_put(&tree, name, text, "%s", folder);
}

static void put_cpu(unsigned int cpu, unsigned int package, unsigned int core, uint64_t siblings,
		    uint64_t package_cpus)
{
	char folder[80], text[16];

	snprintf(folder, sizeof(folder), "sys/devices/system/cpu/cpu%u/topology", cpu);
	snprintf(text, sizeof(text), "%u\n", package);
	tree_put(&tree, "physical_package_id", text, "%s", folder);
	snprintf(text, sizeof(text), "%u\n", core);
	tree_put(&tree, "core_id", text, "%s", folder);
	put_mask("thread_siblings", folder, siblings);
	put_mask("core_cpus", folder, siblings);
	put_mask("core_siblings", folder, package_cpus);
	put_mask("package_cpus", folder, package_cpus);
}

static void put_cache(unsigned int cpu, unsigned int slot, unsigned int level, const char *type,
		      const char *size, uint64_t sharers)
{
	char folder[80], text[16];

	snprintf(folder, sizeof(folder), "sys/devices/system/cpu/cpu%u/cache/index%u", cpu, slot);
	snprintf(text, sizeof(text), "%u\n", level);
	tree_put(&tree, "level", text, "%s", folder);
	tree_put(&tree, "type", type, "%s", folder);
	tree_put(&tree, "size", size, "%s", folder);
	put_mask("shared_cpu_map", folder, sharers);
}

static void put_node(unsigned int node, uint64_t cpus, unsigned int total_kib,
		     unsigned int free_kib, const char *distance)
{
	char folder[80], *text;

	snprintf(folder, sizeof(folder), "sys/devices/system/node/node%u", node);
	put_mask("cpumap", folder, cpus);
	put_list("cpulist", folder, cpus);
	tree_put(&tree, "distance", distance, "%s", folder);
	text = alloc_printf("Node %u MemTotal:       %u kB\nNode %u MemFree:        %u kB\n", node,
			    total_kib, node, free_kib);
	tree_put(&tree, "meminfo", text, "%s", folder);
	free(text);
}

/* cpus_per_node CPUs of two siblings each; node n has CPUs n * 4 ... n * 4 + 3. */
static void put_host(unsigned int nr_nodes, uint64_t offline)
{
	uint64_t all = nr_nodes == 16 ? ~0ull : (1ull << nr_nodes * 4) - 1;

	put_list("possible", "sys/devices/system/cpu", all);
	put_list("present", "sys/devices/system/cpu", all);
	put_list("online", "sys/devices/system/cpu", all & ~offline);
	put_list("offline", "sys/devices/system/cpu", offline);
	for (unsigned int cpu = 0; cpu < nr_nodes * 4; cpu++) {
		uint64_t core = 3ull << (cpu & ~1u), node = 15ull << (cpu & ~3u);

		if (offline >> cpu & 1) {
			tree_put(&tree, "online", "0\n", "sys/devices/system/cpu/cpu%u", cpu);
			continue;
		}
		tree_put(&tree, "online", "1\n", "sys/devices/system/cpu/cpu%u", cpu);
		put_cpu(cpu, cpu / 4, cpu % 4 / 2, core & ~offline, node & ~offline);
		put_cache(cpu, 0, 1, "Data\n", "32K\n", core & ~offline);
		put_cache(cpu, 1, 1, "Instruction\n", "64K\n", core & ~offline);
		put_cache(cpu, 2, 2, "Unified\n", "512K\n", core & ~offline);
		put_cache(cpu, 3, 3, "Unified\n", "16384K\n", node & ~offline);
	}
}

/* A line of the table: 10 on the diagonal, 20 elsewhere. */
static char *plain_distance(unsigned int node, unsigned int nr_nodes)
{
	char *line = alloc_string("");

	for (unsigned int to = 0; to < nr_nodes; to++) {
		char *longer = alloc_printf("%s%s%u", line, to ? " " : "", to == node ? 10 : 20);

		free(line);
		line = longer;
	}
	return line;
}

static void put_nodes(unsigned int nr_nodes, uint64_t offline)
{
	put_list("online", "sys/devices/system/node", (1ull << nr_nodes) - 1);
	put_list("possible", "sys/devices/system/node", (1ull << nr_nodes) - 1);
	for (unsigned int node = 0; node < nr_nodes; node++) {
		char *distance = plain_distance(node, nr_nodes);

		put_node(node, 15ull << node * 4 & ~offline, 1048576, 524288 + node, distance);
		free(distance);
	}
}

ParameterizedTestParameters(topology_dir, hosts_of_several_sizes_are_read_whole)
{
	static unsigned int cases[] = { 1, 2, 4, 8 };

	return cr_make_param_array(unsigned int, cases, 4);
}

ParameterizedTest(unsigned int *nr_nodes, topology_dir, hosts_of_several_sizes_are_read_whole)
{
	struct err err = { 0 };

	put_host(*nr_nodes, 0);
	put_nodes(*nr_nodes, 0);
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_expect_not(topo.is_host, "a captured tree is never this host");
	cr_expect_eq(topo.nr_packages, *nr_nodes);
	cr_expect_eq(topo.nr_nodes, *nr_nodes);
	cr_expect_eq(topo.nr_cores, *nr_nodes * 2);
	cr_expect_eq(topo.nr_cpus, *nr_nodes * 4);
	for (unsigned int i = 0; i < topo.nr_cpus; i++)
		cr_expect_eq(topo.nodes[topo.cpus[i].node].os, topo.cpus[i].os / 4);
	for (unsigned int i = 0; i < topo.nr_nodes; i++) {
		cr_expect_eq(cpuset_count(&topo.nodes[i].cpus), 4);
		cr_expect_eq(topo.nodes[i].mem_total, 1ull << 30);
		cr_expect(topo.nodes[i].mem_free_known);
		cr_expect_eq(topo.nodes[i].mem_free, (524288ull + topo.nodes[i].os) * 1024);
		cr_expect_eq(topo.nodes[i].kind, MEM_DRAM);
		cr_expect_eq(topology_distance(&topo, i, i), 10);
	}
}

static const struct topo_cache *cache_of(int index)
{
	cr_assert_geq(index, 0);
	return &topo.caches[index];
}

Test(topology_dir, caches_have_their_sizes_and_sharers)
{
	const struct topo_cpu *cpu;
	struct err err = { 0 };

	put_host(2, 0);
	put_nodes(2, 0);
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cpu = topology_cpu(&topo, 5);
	cr_assert(cpu);
	cr_expect_eq(cache_of(cpu->l1d)->size, 32 << 10);
	cr_expect_eq(cache_of(cpu->l2)->size, 512 << 10);
	cr_expect_eq(cache_of(cpu->l3)->size, 16 << 20);
	cr_expect_eq(cpuset_count(&cache_of(cpu->l2)->cpus), 2);
	cr_expect_eq(cpuset_count(&cache_of(cpu->l3)->cpus), 4);
	cr_expect(cpuset_has(&cache_of(cpu->l3)->cpus, 7));
	cr_expect_eq(topo.nr_caches, 4 + 4 + 4 + 2, "L1 data, L1 instruction, L2, L3");
	cr_expect_eq(cpu->smt, 1, "the second sibling of its core");
}

Test(topology_dir, offline_cpus_are_in_their_set_and_nowhere_else)
{
	struct err err = { 0 };

	put_host(2, 0x42);
	put_nodes(2, 0x42);
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_expect_eq(topo.nr_cpus, 6);
	cr_expect(topo.offline_known);
	cr_expect(cpuset_has(&topo.offline, 1) && cpuset_has(&topo.offline, 6));
	cr_expect_eq(cpuset_count(&topo.offline), 2);
	cr_expect_null(topology_cpu(&topo, 1));
	cr_expect_not(cpuset_has(&topo.disallowed, 1), "offline is not disallowed");
	cr_expect_eq(cpuset_count(&topo.nodes[0].cpus), 3);
	cr_expect_eq(cpuset_count(&topo.cores[topology_cpu(&topo, 0)->core].cpus), 1);
}

Test(topology_dir, isolated_and_tickless_cpus_are_marked)
{
	struct err err = { 0 };

	put_host(2, 0);
	put_nodes(2, 0);
	tree_put(&tree, "isolated", "2-3\n", "sys/devices/system/cpu");
	tree_put(&tree, "nohz_full", "  (null)\n", "sys/devices/system/cpu");
	tree_put(&tree, "cpuset.cpus.isolated", "6\n", "sys/fs/cgroup");
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_expect(topology_cpu(&topo, 2)->isolated);
	cr_expect(topology_cpu(&topo, 6)->isolated, "a cpuset partition isolates, too");
	cr_expect_not(topology_cpu(&topo, 4)->isolated);
	cr_expect(topo.nohz_full_known);
	cr_expect(cpuset_empty(&topo.nohz_full));
}

Test(topology_dir, what_a_tree_did_not_catch_is_not_known)
{
	struct err err = { 0 };

	put_host(1, 0);
	put_nodes(1, 0);
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_expect_not(topo.isolated_known);
	cr_expect_not(topo.nohz_full_known);
}

Test(topology_dir, node_numbers_may_have_gaps)
{
	struct err err = { 0 };

	put_host(2, 0);
	put_list("online", "sys/devices/system/node", 0x9);
	put_node(0, 0x0f, 1024, 512, "10 30\n");
	put_node(3, 0xf0, 1024, 512, "31 10\n");
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_assert_eq(topo.nr_nodes, 2);
	cr_expect_null(topology_node(&topo, 1));
	cr_assert(topology_node(&topo, 3));
	cr_expect_eq(topo.nodes[topology_cpu(&topo, 4)->node].os, 3);
	cr_expect_eq(topology_distance(&topo, 0, 1), 30);
	cr_expect_eq(topology_distance(&topo, 1, 0), 31, "distances need not be symmetric");
}

Test(topology_dir, nodes_without_memory_and_nodes_without_cpus_are_nodes)
{
	const struct topo_node *node;
	struct err err = { 0 };

	put_host(2, 0);
	put_list("online", "sys/devices/system/node", 0x7);
	put_node(0, 0x0f, 1048576, 512, "10 20 30\n");
	put_node(1, 0xf0, 0, 0, "20 10 40\n");
	put_node(2, 0, 4194304, 4194304, "30 40 10\n");
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_assert_eq(topo.nr_nodes, 3);
	node = topology_node(&topo, 1);
	cr_assert(node);
	cr_expect_eq(node->mem_total, 0);
	cr_expect_eq(cpuset_count(&node->cpus), 4);
	node = topology_node(&topo, 2);
	cr_assert(node);
	cr_expect(cpuset_empty(&node->cpus));
	cr_expect_eq(node->mem_total, 4ull << 30);
	cr_expect_eq(node->kind, MEM_UNKNOWN, "nobody said what it is");
	for (unsigned int i = 0; i < topo.nr_cpus; i++)
		cr_expect_eq(topo.nodes[topo.cpus[i].node].os, topo.cpus[i].os / 4);
}

Test(topology_dir, huge_page_pools_have_their_free_pages)
{
	struct err err = { 0 };

	put_host(1, 0);
	put_nodes(1, 0);
	tree_put(&tree, "nr_hugepages", "512\n",
		 "sys/devices/system/node/node0/hugepages/hugepages-2048kB");
	tree_put(&tree, "free_hugepages", "500\n",
		 "sys/devices/system/node/node0/hugepages/hugepages-2048kB");
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_assert_eq(topo.nodes[0].nr_pools, 1);
	cr_expect_eq(topo.nodes[0].pools[0].size, 2 << 20);
	cr_expect_eq(topo.nodes[0].pools[0].total, 512);
	cr_expect(topo.nodes[0].pools[0].free_known);
	cr_expect_eq(topo.nodes[0].pools[0].free, 500);
}

Test(topology_dir, a_node_begins_at_its_lowest_memory_block)
{
	struct err err = { 0 };

	put_host(2, 0);
	put_nodes(2, 0);
	tree_put(&tree, "block_size_bytes", "8000000\n", "sys/devices/system/memory");
	tree_put(&tree, "phys_index", "40\n", "sys/devices/system/node/node1/memory64");
	tree_put(&tree, "phys_index", "28\n", "sys/devices/system/node/node1/memory40");
	tree_put(&tree, "state", "online\n", "sys/devices/system/node/node1/memory_side_cache");
	cr_assert_eq(load_tree(&err), 0, "%s", err.text);
	cr_expect_not(topo.nodes[0].mem_base_known, "no block is listed");
	cr_expect(topo.nodes[1].mem_base_known);
	cr_expect_eq(topo.nodes[1].mem_base, 40ull << 27);
}

Test(topology_dir, a_cpu_in_two_nodes_is_an_error_that_names_both)
{
	struct err err = { 0 };

	put_host(2, 0);
	put_nodes(2, 0);
	put_list("cpulist", "sys/devices/system/node/node1", 0xf1);
	cr_assert_neq(load_tree(&err), 0);
	cr_expect_eq(err.status, EXIT_INPUT);
	cr_expect(strstr(err.text, "CPU 0") && strstr(err.text, "node 0") &&
			  strstr(err.text, "node 1"),
		  "%s", err.text);
}

Test(topology_dir, a_cpu_in_no_node_is_an_error)
{
	struct err err = { 0 };

	put_host(2, 0);
	put_nodes(2, 0);
	put_list("cpulist", "sys/devices/system/node/node1", 0xe0);
	cr_assert_neq(load_tree(&err), 0);
	cr_expect(strstr(err.text, "CPU 4"), "%s", err.text);
}

Test(topology_dir, a_wrong_folder_never_shows_this_host)
{
	struct err err = { 0 };

	cr_expect_neq(load_tree(&err), 0, "an empty folder");
	cr_expect_eq(err.status, EXIT_INPUT);
	cr_expect(strstr(err.text, tree.path), "%s", err.text);

	tree_put(&tree, "version", "Linux\n", "proc");
	cr_expect_neq(load_tree(&err), 0, "no sysfs");

	tree_put(&tree, "online", "0-1\n", "sys/devices/system/cpu");
	cr_expect_neq(load_tree(&err), 0, "no CPU in sysfs");
	cr_expect_eq(topo.nr_cpus, 0);
}
