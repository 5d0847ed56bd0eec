#ifndef SITU_AFFINITY_TOPOLOGY_H
#define SITU_AFFINITY_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"

/*
 * A host's map: packages, NUMA nodes, caches, cores, CPUs, memory, devices. Filled once, then
 * constant: any thread may read it.
 *
 * All arrays are dense and ordered by the topology's tree (logical order); a CPU or node has
 * besides its index here the operating system's number (`os`), which is what cpusets hold and
 * people see. Numbers of the operating system may have gaps and may be interleaved: never use one
 * as an index, go through topology_cpu() and topology_node(). A field of type int that names
 * another object is an index into its array, or -1: not known, none. Arrays hold what this process
 * may use; offline and disallowed CPUs appear in the sets alone.
 */
enum mem_kind { MEM_UNKNOWN, MEM_DRAM, MEM_HBM, MEM_CXL, MEM_PMEM, NR_MEM_KINDS };

struct topo_hugepages {
	uint64_t size, total, free; /* bytes, pages, pages; free = total where !free_known */
	bool free_known;
};

struct topo_node {
	unsigned int os;
	int package; /* the package that holds all its near_cpus */
	struct cpuset cpus; /* its own CPUs, in no other node's; empty: a memory-only node */
	struct cpuset near_cpus; /* CPUs that reach it best; for a node with CPUs, those */
	uint64_t mem_total, mem_free;
	bool mem_free_known; /* false for a file */
	uint64_t mem_base; /* the lowest physical address of its memory blocks */
	bool mem_base_known; /* only where sysfs lists blocks (CONFIG_MEMORY_HOTPLUG) */
	enum mem_kind kind;
	const char *kind_source; /* the rule by which kind is known; static text */
	struct topo_hugepages *pools;
	unsigned int nr_pools;
};

enum cache_type { CACHE_UNIFIED, CACHE_DATA, CACHE_INSTRUCTION };

struct topo_cache {
	unsigned int level;
	enum cache_type type;
	uint64_t size; /* bytes; 0: not known */
	unsigned int line, ways; /* bytes, associativity; 0: not known */
	struct cpuset cpus;
};

struct topo_package {
	unsigned int os;
	struct cpuset cpus;
	char *model; /* CPU model name, or NULL */
};

struct topo_core {
	unsigned int os;
	int package, die, node; /* node: index into nodes */
	struct cpuset cpus; /* its SMT siblings that may be used */
};

struct topo_cpu {
	unsigned int os;
	unsigned int core; /* index into cores */
	int package, die, node; /* node: the one that has it among its cpus */
	int l1d, l2, l3; /* index into caches */
	unsigned int smt; /* its rank among its core's siblings, from 0 */
	int kind; /* CPU kind, 0 the least able where they are ranked; -1: all are alike */
	unsigned int capacity; /* relative, 1024 = the most able CPU of the host; 0: not known */
	bool isolated, nohz_full;
};

enum device_class { DEVICE_NIC, DEVICE_BLOCK, DEVICE_GPU, DEVICE_OTHER };

struct topo_device {
	enum device_class class;
	char *name; /* "eth0", "nvme0n1", or the PCI address */
	char *pci; /* "0000:41:00.0" or NULL */
	int node; /* index into nodes */
};

/* What hwloc calls a memory attribute: one value per node and set of initiators. */
enum mem_attr { MEM_ATTR_LATENCY_NS, MEM_ATTR_BANDWIDTH_MBS, NR_MEM_ATTRS };

struct topology {
	char *source; /* "host", a path, "dir:PATH", "synthetic:..." */
	bool is_host; /* pinning and binding by this map is allowed */

	struct topo_package *packages;
	struct topo_node *nodes;
	struct topo_cache *caches;
	struct topo_core *cores;
	struct topo_cpu *cpus;
	struct topo_device *devices;
	unsigned int nr_packages, nr_dies, nr_nodes, nr_caches, nr_cores, nr_cpus, nr_devices;
	unsigned int nr_kinds; /* CPU kinds; 0 or 1: all alike */
	bool devices_loaded; /* false: `devices` was not asked for */

	/* nr_nodes x nr_nodes, row = from: the firmware's SLIT; 0: not told; NULL: none */
	unsigned int *distances;
	/* nr_nodes (CPU side) x nr_nodes (memory); NAN: not known; NULL: none known */
	double *mem_attr[NR_MEM_ATTRS];

	struct cpuset allowed; /* CPUs in `cpus` */
	struct cpuset disallowed; /* there, but not for this process (cgroup); may hold offline ones
				     where offline_known is false */
	struct cpuset offline, isolated, nohz_full;
	bool offline_known, isolated_known, nohz_full_known; /* false: the source does not say */
	struct cpuset disallowed_nodes;

	/* os number -> index, -1 where there is none; filled by topology_index(). */
	int *cpu_index, *node_index;
	unsigned int cpu_index_len, node_index_len;
};

/* Keeps hwloc's optional plugins out of the process and its messages to itself, and drops the
 * environment by which it would show another machine as this one. Once, in main(), before any
 * thread. */
void topology_setup(void);

/* Source is "host", a hwloc XML file, "dir:PATH" (a captured sysfs and procfs) or "synthetic:TEXT"
 * (hwloc's synthetic description). Main thread, before others start: hwloc takes a folder through
 * the environment. EXIT_INPUT for a source that cannot be read. */
int topology_load(struct topology *topo, const char *source, struct err *err);
/* The same, and `devices`: a walk over PCI that takes several times as long. */
int topology_load_devices(struct topology *topo, const char *source, struct err *err);
void topology_fini(struct topology *topo);

/* Reads anew what changes by the moment, free memory and huge pages; this host alone. */
void topology_refresh(struct topology *topo);

/* Fills the reverse indices from the arrays; loaders and tests that build maps by hand call it. */
void topology_index(struct topology *topo);

const struct topo_cpu *topology_cpu(const struct topology *topo, unsigned int os); /* or NULL */
const struct topo_node *topology_node(const struct topology *topo, unsigned int os); /* or NULL */

/* Distance of two nodes by index: the SLIT's, or 10 and 20 where there is none. */
unsigned int topology_distance(const struct topology *topo, unsigned int from, unsigned int to);

/* How two CPUs (by index) are related: the nearest thing that they share. O(1). */
enum cpu_relation {
	REL_SAME,
	REL_SMT,
	REL_L2,
	REL_L3,
	REL_NODE,
	REL_PACKAGE,
	REL_CROSS,
	NR_RELATIONS
};
enum cpu_relation topology_relation(const struct topology *topo, unsigned int a, unsigned int b);
extern const char *const cpu_relation_names[NR_RELATIONS]; /* "same", "smt", "l2", ... */
extern const char *const mem_kind_names[NR_MEM_KINDS];

/* CPU indices nearest to `from`, nearest first: SMT sibling, L2, L3, node, then nodes by distance;
 * ties by index. `from` itself is left out. Writes at most len, returns how many. (V18) */
unsigned int topology_nearest(const struct topology *topo, unsigned int from, unsigned int *out,
			      unsigned int len);

#endif
