#ifndef SITU_BENCH_PLACEMENT_ORACLE_H
#define SITU_BENCH_PLACEMENT_ORACLE_H

#include <stdbool.h>

/*
 * The least cost of assigning n units to distinct places, by plain branch and bound that shares no
 * code with the engine: what tests and benchmarks hold it against. Pure; one thread.
 */
struct oracle {
	unsigned int n, nr_places;
	const double *lines; /* n x n, symmetric */
	const double *ns; /* nr_places x nr_places, symmetric */
	unsigned long nodes; /* that may be looked at; what is left, afterwards */
	double cost; /* to beat at the start; the least found at the end */
	bool proven;
};

void oracle_solve(struct oracle *oracle);

#endif
