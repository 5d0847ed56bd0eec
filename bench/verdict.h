#ifndef SITU_BENCH_VERDICT_H
#define SITU_BENCH_VERDICT_H

#include "bench/ring_bench.h"

/*
 * What a run of ring cases says, in words. Pure; any thread.
 *
 * Every sentence is computed from the samples of this run and carries its interval; what was not
 * measured has no sentence, or one that says why not.
 */
struct verdict {
	bool has_same, has_cross; /* same and cross go by NUMA node */
	double same_node_mops, cross_node_mops; /* medians of the default ring */
	bool has_penalty;
	double penalty_percent, penalty_low, penalty_high;
	char *reason; /* why there is no penalty; NULL where there is one */
	char **recommendations;
	unsigned int nr_recommendations;
};

void verdict_of(struct verdict *verdict, const struct topology *topo, const struct ring_case *cases,
		unsigned int nr);
void verdict_fini(struct verdict *verdict);

#endif
