/* Concurrency Kit's ck_ring, one producer and one consumer (libck-dev). */
#include "bench/peers/peer.h"

#include "guest/clock.h"

#include <ck_ring.h>
#include <stdlib.h>

#define SLOTS 4096

struct queue {
	ck_ring_t ring __attribute__((aligned(256)));
	ck_ring_buffer_t slots[SLOTS] __attribute__((aligned(256)));
};

static inline bool try_send(void *queue, uint64_t item)
{
	struct queue *q = queue;

	return ck_ring_enqueue_spsc(&q->ring, q->slots, (void *)(uintptr_t)item);
}

static inline bool try_recv(void *queue, uint64_t *item)
{
	struct queue *q = queue;

	return ck_ring_dequeue_spsc(&q->ring, q->slots, item);
}

#include "bench/peers/peer_loops.h"

static void *create(void)
{
	struct queue *q = aligned_alloc(256, sizeof(*q));

	ck_ring_init(&q->ring, SLOTS);
	return q;
}

const struct peer peer_ck = { "ck_ring", create, free, PEER_LOOPS };
