#ifndef SITU_CLI_PLAN_SHAPE_H
#define SITU_CLI_PLAN_SHAPE_H

#include "affinity/place.h"

/* How many of each kind of thing a placed VM's vCPUs are on, and where its memory is. Pure. */
struct plan_shape {
	unsigned int packages, nodes, l3s, cores, cpus;
	struct cpuset node_set, cpu_set, memory_nodes; /* numbers of the operating system */
	uint64_t bytes, remote_bytes; /* remote: on nodes that none of its vCPUs is on */
};

void plan_shape_init(struct plan_shape *shape, const struct topology *topo,
		     const struct place_vm_plan *vm);
void plan_shape_fini(struct plan_shape *shape);

#endif
