#ifndef SITU_BENCH_PLACEMENT_PEERS_H
#define SITU_BENCH_PLACEMENT_PEERS_H

#include "bench/placement/bench_host.h"

/*
 * How others choose cores, re-implemented from their documentation: core[] for n vCPUs in the order
 * 0..n-1, from the cores whose free[] is set. False where they would refuse. Main thread only.
 */
typedef bool (*peer_fn)(const struct bench_host *host, const bool *free, unsigned int n,
			unsigned int *core);

struct peer {
	const char *name;
	peer_fn choose;
};

extern const struct peer peers[];
extern const unsigned int nr_peers;

#endif
