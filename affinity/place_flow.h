#ifndef SITU_AFFINITY_PLACE_FLOW_H
#define SITU_AFFINITY_PLACE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

/* The transportation problem: supplies to rooms at least cost, in whole units. Pure; one thread. */
struct flow {
	unsigned int nr_from, nr_to;
	uint64_t *supply, *room; /* per from, per to */
	double *cost; /* nr_from x nr_to, per unit; INFINITY: not allowed, which is the start */
	uint64_t *amount; /* nr_from x nr_to, the result */
};

void flow_init(struct flow *flow, unsigned int nr_from, unsigned int nr_to);
void flow_fini(struct flow *flow);

static inline double *flow_cost(const struct flow *flow, unsigned int from, unsigned int to)
{
	return &flow->cost[(unsigned long)from * flow->nr_to + to];
}

static inline uint64_t *flow_amount(const struct flow *flow, unsigned int from, unsigned int to)
{
	return &flow->amount[(unsigned long)from * flow->nr_to + to];
}

/* False where the rooms cannot take all supplies; amounts are then a part. Exact: successive
 * shortest paths (Ford and Fulkerson 1962); ties by lowest index. */
bool flow_solve(struct flow *flow);

#endif
