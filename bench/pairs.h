#ifndef SITU_BENCH_PAIRS_H
#define SITU_BENCH_PAIRS_H

#include "affinity/topology.h"

/*
 * Which pairs of CPUs are measured. Pure; any thread. CPUs are indices of the topology; `among`
 * holds the operating system's numbers and limits the choice.
 */
struct cpu_pair {
	unsigned int producer, consumer;
	enum cpu_relation relation;
};

struct pair_list {
	struct cpu_pair *pairs;
	unsigned int nr;
};
void pair_list_fini(struct pair_list *list);

/* The first pair of each relation that occurs, nearest first, each in the order of the tree. */
void pairs_of_classes(struct pair_list *list, const struct topology *topo,
		      const struct cpuset *among);
/* Every pair, each once: the lower index produces. */
void pairs_all(struct pair_list *list, const struct topology *topo, const struct cpuset *among);
/* For each node and each other node (and itself, where it has two CPUs) the first pair: the matrix
 * of an N-node host, both directions. */
void pairs_of_nodes(struct pair_list *list, const struct topology *topo,
		    const struct cpuset *among);
/* "A:B" or "A:B,C:D", CPUs by the operating system's number. EXIT_INPUT. */
int pairs_parse(struct pair_list *list, const struct topology *topo, const struct cpuset *among,
		const char *text, struct err *err);

/* Does the relation occur at all on this host? If not, the sentence says why. NULL: it does. */
const char *pairs_missing(const struct topology *topo, enum cpu_relation relation);

#endif
