#ifndef SITU_AFFINITY_PLACE_MEMORY_H
#define SITU_AFFINITY_PLACE_MEMORY_H

#include "affinity/place_job.h"

/* Which host node holds which guest node's pages, once vCPUs have their CPUs. Part of the placement
 * engine; one thread. Fills plan->guest_nodes and plan->memory; false after plan_refuse(). */
bool memory_place(struct place_job *job);

/* Ways to choose one node for an allocation at run time, from what nodes report about themselves.
 */
enum node_strategy { NODE_LOCAL_FIRST, NODE_LOAD_BALANCED, NODE_BANDWIDTH, NODE_ADAPTIVE };

struct node_load {
	uint64_t free, total; /* bytes */
	double cpu, bandwidth; /* shares in use, 0..1; bandwidth NAN: not known */
	double local_rate; /* share of accesses that were local, 0..1; NAN: none seen yet */
};

/* The index of the node for `bytes`, -1: none has that much free. loads: one per node of the
 * topology. preferred -1: no preference. Pure. */
int memory_pick_node(enum node_strategy strategy, const struct topology *topo,
		     const struct node_load *loads, int preferred, uint64_t bytes);

#endif
