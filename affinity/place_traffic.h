#ifndef SITU_AFFINITY_PLACE_TRAFFIC_H
#define SITU_AFFINITY_PLACE_TRAFFIC_H

#include "affinity/place.h"

/* Which vCPUs exchange lines, how often. Part of the placement engine; one thread. */
struct traffic_edge {
	unsigned int to;
	double lines_per_s; /* both ways together */
};

struct traffic {
	unsigned int nr;
	double uniform; /* lines per second of every pair; 0: look at the edges */
	unsigned int
		*start; /* nr + 1: edges of vCPU i are edges[start[i]] to edges[start[i + 1] - 1] */
	struct traffic_edge *edges; /* each pair twice, partners ascending; NULL where uniform */
};

void traffic_init(struct traffic *traffic, const struct place_vm *vm);
void traffic_fini(struct traffic *traffic);
double traffic_between(const struct traffic *traffic, unsigned int i, unsigned int j);

#endif
