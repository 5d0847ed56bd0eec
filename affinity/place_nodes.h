#ifndef SITU_AFFINITY_PLACE_NODES_H
#define SITU_AFFINITY_PLACE_NODES_H

#include "affinity/place_job.h"

/*
 * Which nodes, and how many vCPUs on each, from the tables inside the nodes. Part of the placement
 * engine; one thread.
 */
struct node_split {
	bool found;
	bool exact; /* every set of nodes was weighed, and each was split the best way */
	struct dp_key key;
	unsigned int *vcpus; /* per node domain */
};

/* Best split of the job's free vCPUs over at most `most` nodes (0: any number). split->vcpus is the
 * caller's, one per node domain of the tree. */
void nodes_split(const struct place_job *job, unsigned int most, struct node_split *split);

#endif
