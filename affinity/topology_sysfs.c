/* What sysfs says and hwloc does not, of this host or of a captured tree. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/topology_source.h"
#include "affinity/topology_text.h"
#include "base/alloc.h"

/* The kernel writes "(null)" into an empty nohz_full. A running host that lacks the file lacks the
 * feature; a captured tree may just not have caught it. */
static bool read_state(const struct fs_root *root, const char *name, struct cpuset *set)
{
	int ret = fs_read_listf(root, set, "sys/devices/system/cpu/%s", name);

	if (ret)
		cpuset_clear(set);
	return !ret || ret == -EINVAL || (ret == -ENOENT && root->is_host);
}

static void read_cpu_states(struct topology *topo, const struct fs_root *root)
{
	AUTO_CPUSET struct cpuset present = { 0 }, partitions = { 0 };

	topo->offline_known = read_state(root, "offline", &topo->offline);
	topo->isolated_known = read_state(root, "isolated", &topo->isolated);
	topo->nohz_full_known = read_state(root, "nohz_full", &topo->nohz_full);
	/* "offline" counts CPUs that could be plugged in, too. */
	if (!fs_read_listf(root, &present, "sys/devices/system/cpu/present"))
		cpuset_and(&topo->offline, &present);
	/* cpuset partitions (Documentation/admin-guide/cgroup-v2, "cpuset.cpus.isolated") */
	if (!fs_read_listf(root, &partitions, "sys/fs/cgroup/cpuset.cpus.isolated"))
		cpuset_or(&topo->isolated, &partitions);
	cpuset_sub(&topo->disallowed, &topo->offline);
	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		struct topo_cpu *cpu = &topo->cpus[i];

		cpu->isolated = cpuset_has(&topo->isolated, cpu->os);
		cpu->nohz_full = cpuset_has(&topo->nohz_full, cpu->os);
	}
}

static void read_meminfo(struct topo_node *node, const struct fs_root *root)
{
	char text[8192];

	if (fs_readf(root, text, sizeof(text), "sys/devices/system/node/node%u/meminfo", node->os) <
	    0)
		return;
	node->mem_free_known = topology_meminfo(text, "MemFree", &node->mem_free);
}

struct lowest_block {
	unsigned long long number;
	bool found;
};

/* Blocks are links "memory<number>" in the node's folder
 * (Documentation/ABI/testing/sysfs-devices-memory).
 */
static int look_at_block(const char *name, void *arg)
{
	struct lowest_block *lowest = arg;
	unsigned long long number;
	char end;

	if (sscanf(name, "memory%llu%c", &number, &end) != 1)
		return 0;
	if (!lowest->found || number < lowest->number)
		lowest->number = number;
	lowest->found = true;
	return 0;
}

static void read_base(struct topo_node *node, const struct fs_root *root)
{
	struct lowest_block lowest = { 0 };
	char text[32], folder[64];
	unsigned long long block;

	snprintf(folder, sizeof(folder), "sys/devices/system/node/node%u", node->os);
	if (fs_list(root, folder, look_at_block, &lowest) || !lowest.found ||
	    fs_read(root, "sys/devices/system/memory/block_size_bytes", text, sizeof(text)) < 0 ||
	    sscanf(text, "%llx", &block) != 1)
		return;
	node->mem_base_known = !__builtin_mul_overflow(lowest.number, block, &node->mem_base);
}

static void read_pools(struct topo_node *node, const struct fs_root *root)
{
	for (unsigned int i = 0; i < node->nr_pools; i++) {
		struct topo_hugepages *pool = &node->pools[i];
		uint64_t nr;

		if (fs_read_u64f(root, &nr,
				 "sys/devices/system/node/node%u/hugepages/hugepages-%llukB/"
				 "free_hugepages",
				 node->os, (unsigned long long)(pool->size / 1024)))
			continue;
		pool->free = nr;
		pool->free_known = true;
	}
}

static void read_own_cpus(struct topology *topo, struct topo_node *node, const struct fs_root *root)
{
	if (fs_read_listf(root, &node->cpus, "sys/devices/system/node/node%u/cpulist", node->os))
		cpuset_clear(&node->cpus);
	cpuset_and(&node->cpus, &topo->allowed);
}

/* Documentation/ABI/testing/sysfs-devices-system-cpu, "cpu_capacity": 1024 is the most able. */
static void read_capacities(struct topology *topo, const struct fs_root *root)
{
	if (topo->nr_kinds < 2)
		return;
	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		uint64_t capacity;

		if (!fs_read_u64f(root, &capacity, "sys/devices/system/cpu/cpu%u/cpu_capacity",
				  topo->cpus[i].os) &&
		    capacity <= 1024)
			topo->cpus[i].capacity = (unsigned int)capacity;
	}
}

/* hwloc drops the table of a machine with one node. */
static void read_single_distance(struct topology *topo, const struct fs_root *root)
{
	uint64_t distance;

	if (topo->distances || topo->nr_nodes != 1 ||
	    fs_read_u64f(root, &distance, "sys/devices/system/node/node%u/distance",
			 topo->nodes[0].os) ||
	    distance > 255)
		return;
	topo->distances = alloc_zeroed(1, sizeof(*topo->distances));
	*topo->distances = (unsigned int)distance;
}

static void read_free(struct topology *topo, const struct fs_root *root)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		read_meminfo(&topo->nodes[i], root);
		read_pools(&topo->nodes[i], root);
	}
}

void topology_refresh(struct topology *topo)
{
	struct fs_root root;
	struct err err;

	if (!topo->is_host || fs_open_host(&root, &err))
		return;
	read_free(topo, &root);
	fs_close(&root);
}

void topology_fill_sysfs(struct topology *topo, const struct fs_root *root)
{
	read_cpu_states(topo, root);
	read_capacities(topo, root);
	read_single_distance(topo, root);
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		read_own_cpus(topo, &topo->nodes[i], root);
		read_base(&topo->nodes[i], root);
	}
	read_free(topo, root);
}
