#ifndef SITU_TESTS_FAKE_HOST_H
#define SITU_TESTS_FAKE_HOST_H

#include "affinity/topology.h"

/* A regular host made by numbers, for tests: no hwloc, no files. */
struct fake_host_shape {
	unsigned int packages, dies, l3s, l2s, cores, threads; /* each per the one before */
	bool node_per_die; /* otherwise one per package */
	bool no_l3;
};

void fake_host(struct topology *topo, const struct fake_host_shape *shape);

#endif
