#ifndef SITU_BENCH_PLACEMENT_BENCH_HOST_H
#define SITU_BENCH_PLACEMENT_BENCH_HOST_H

#include "affinity/latency.h"
#include "affinity/topology.h"

/*
 * A host for the placement benchmark: a published latency matrix, and the map that belongs to it.
 * Sockets are known, siblings and L3s are found in the data. Main thread only.
 */
struct bench_host {
	const char *name;
	bool amd, home_effect;
	struct topology topo;
	struct latency latency;
	unsigned int nr_cores;
	double *ns; /* nr_cores x nr_cores, between the lowest CPUs of cores; by index of the core
		     */
	double l3_below; /* ns under which two cores share an L3 */
	unsigned int sockets;
};

extern const unsigned int bench_nr_hosts;

/* 0, or -1 where the file is missing. dir: the folder of the CSV files. */
int bench_host_load(struct bench_host *host, unsigned int which, const char *dir);
void bench_host_fini(struct bench_host *host);

/* latency with every cell the median of its class: same core, same L3, same socket, other socket.
 */
void bench_host_medians(const struct bench_host *host, struct latency *latency);

/* A second measurement of the same host: each cell times a lognormal factor. */
void bench_host_sample(const struct bench_host *host, double cv, unsigned int seed,
		       struct latency *latency);

/* Cost of units on cores (indices), lines n x n, by a latency table. */
double bench_cost(const struct bench_host *host, const struct latency *latency, unsigned int n,
		  const double *lines, const unsigned int *core);

#endif
