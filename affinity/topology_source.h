#ifndef SITU_AFFINITY_TOPOLOGY_SOURCE_H
#define SITU_AFFINITY_TOPOLOGY_SOURCE_H

#include <hwloc.h>

#include "affinity/topology.h"
#include "base/fs.h"

/*
 * How a map is filled, in order: hwloc's tree, then what only sysfs says, then what follows from
 * both. For the files topology*.c alone.
 */

/* From a loaded hwloc tree: all objects, near_cpus, sizes, distances, attributes; not yet which
 * node owns which CPU. -EINVAL for a tree with numbers beyond CPUSET_MAX. */
int topology_fill_hwloc(struct topology *topo, hwloc_topology_t hw, struct err *err);
void topology_fill_devices(struct topology *topo, hwloc_topology_t hw);

/* From sysfs below root: offline, isolated and nohz_full CPUs, each node's own CPUs, free memory
 * and huge pages, CPU capacities. What is not there stays as it is. */
void topology_fill_sysfs(struct topology *topo, const struct fs_root *root);

/* Gives every CPU its node, and every node without a tag its kind. -EINVAL where sysfs puts a CPU
 * into two nodes, or into none although no node is hidden. */
int topology_assign_nodes(struct topology *topo, struct err *err);

#endif
