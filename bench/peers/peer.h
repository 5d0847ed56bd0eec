#ifndef SITU_BENCH_PEERS_PEER_H
#define SITU_BENCH_PEERS_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/histogram.h"

/*
 * Other people's SPSC queues behind one interface, with loops of the same shape as ours
 * (guest/ring_loops.h). C and C++. One thread per side.
 */
#ifdef __cplusplus
extern "C" {
#endif

struct peer {
	const char *name;
	void *(*create)(void); /* 4096 slots, items of 64 bits */
	void (*destroy)(void *queue);
	void (*produce)(void *queue, uint64_t count, uint32_t pauses);
	uint64_t (*consume)(void *queue, uint64_t count, uint32_t pauses); /* items out of order */
	void (*ping)(void *out, void *in, uint64_t count, uint32_t pauses, struct histogram *rtt);
	void (*echo)(void *in, void *out, uint64_t count, uint32_t pauses);
};

extern const struct peer peer_ck, peer_boost;

#ifdef __cplusplus
}
#endif

#endif
