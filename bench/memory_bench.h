#ifndef SITU_BENCH_MEMORY_BENCH_H
#define SITU_BENCH_MEMORY_BENCH_H

#include "affinity/topology.h"
#include "bench/crew.h"
#include "bench/memory.h"

/*
 * Memory as each vCPU (or host thread) sees it: latency by following a random chain of cache lines,
 * bandwidth by passing over a buffer. One thread. Several rounds; a round in which the thread was
 * switched out or its CPU stolen is dropped, and counted.
 */
struct memory_case {
	struct crew *crew;
	unsigned int member, cpu; /* cpu: index of the topology */
	const struct bench_place *place;
	double latency_ns, read_gbs, write_gbs, copy_gbs; /* medians; NAN: every round dropped */
	unsigned int rounds, dropped;
	bool local; /* the CPU's own node */
	struct bench_residency pages;
};

/* A buffer that no cache holds: four times the largest, at least 64 MiB, at most 1 GiB. */
uint64_t memory_buffer_len(const struct topology *topo);

int memory_measure(struct memory_case *cases, unsigned int nr, unsigned int rounds,
		   double ns_per_tick, struct err *err);

#endif
