#ifndef SITU_GUEST_RING_H
#define SITU_GUEST_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/histogram.h"
#include "guest/wait.h"

/*
 * Bounded rings for one producer and one consumer. Freestanding C11: the same source runs in the
 * built-in guest, between host threads, and between host processes.
 *
 * Memory: a control block and the slots behind it. Four parties own the words of the block:
 *
 *   tail      written by the producer, read by the consumer: items sent
 *   producer  private to the producer
 *   head      written by the consumer, read by the producer: items received
 *   consumer  private to the consumer
 *
 * `padding` says how far apart those are: 0 packs them, 64 gives each a cache line, 128 a pair of
 * lines (the L2 spatial prefetcher fetches pairs), 256 two pairs. Indices run freely and are masked
 * on use, so no slot is wasted and full differs from empty. 64 bits never wrap in practice, and the
 * arithmetic is right if they do.
 *
 * Invariant: head <= tail <= head + capacity, as counts modulo 2^64.
 */
struct ring_private {
	uint64_t next; /* this side's own count */
	uint64_t seen; /* the other side's count as last read */
	uint64_t published; /* what the other side can see of `next` */
};

/* clang-format off */
#define RING_LAYOUT(pad, align)                          \
	struct ring_layout_##pad {                       \
		_Alignas(align) _Atomic uint64_t tail;   \
		_Alignas(align) struct ring_private producer; \
		_Alignas(align) _Atomic uint64_t head;   \
		_Alignas(align) struct ring_private consumer; \
		_Alignas(align) uint64_t slots[];        \
	}
/* clang-format on */
RING_LAYOUT(0, 8);
RING_LAYOUT(64, 64);
RING_LAYOUT(128, 128);
RING_LAYOUT(256, 256);

#define RING_MAX_CAPACITY (1u << 30)
#define RING_ALIGN	  256 /* of the memory that a ring is put into */

/* One side's handle; each side has its own, in its own memory. */
struct ring_end {
	_Atomic uint64_t *mine; /* the count that this side publishes */
	const _Atomic uint64_t *theirs;
	struct ring_private *own;
	uint64_t *slots;
	uint64_t mask; /* capacity - 1 */
	uint32_t words; /* 64-bit words of an item */
	uint32_t batch; /* items per publication; used by ring_batched alone */
};

/* What a stream of items came to. */
struct ring_tally {
	uint64_t items;
	uint64_t sum; /* of all items received */
	uint64_t misordered; /* items that were not the expected one */
};

/*
 * One kind of ring. send and recv move one item and never block: false means full or empty. flush
 * makes everything sent and received visible to the other side. The rest are the loops that
 * the benchmark times, compiled with send and recv inlined; they return false when told to stop.
 * Items are counted from `first`; an item of several words holds its number in each.
 */
struct ring_type {
	const char *name;
	bool (*send)(struct ring_end *end, uint64_t item);
	bool (*recv)(struct ring_end *end, uint64_t *item);
	void (*flush)(struct ring_end *end);
	bool (*produce)(struct ring_end *end, uint64_t first, uint64_t count,
			struct waiter *waiter);
	bool (*consume)(struct ring_end *end, uint64_t first, uint64_t count, struct waiter *waiter,
			struct ring_tally *tally);
	/* Alternates send and recv on both ends of one ring in one thread. */
	void (*solo)(struct ring_end *producer, struct ring_end *consumer, uint64_t first,
		     uint64_t count, struct ring_tally *tally);
	/* `out` and `in` are ends of two rings: ping sends an item, waits for it to come back and
	 * records the round trip in ticks; echo sends back what it receives. */
	bool (*ping)(struct ring_end *out, struct ring_end *in, uint64_t first, uint64_t count,
		     struct waiter *waiter, struct histogram *rtt, struct ring_tally *tally);
	bool (*echo)(struct ring_end *in, struct ring_end *out, uint64_t count,
		     struct waiter *waiter);
};

enum ring_kind { RING_PLAIN, RING_CACHED, RING_BATCHED, NR_RING_KINDS };
extern const struct ring_type ring_plain, ring_cached, ring_batched;
const struct ring_type *ring_type(enum ring_kind kind);

/* The smallest power of two >= capacity, at least 1; 0 beyond RING_MAX_CAPACITY. */
uint64_t ring_round(uint64_t capacity);
/* Is it 0, 64, 128 or 256? */
bool ring_padding_valid(uint32_t padding);
/* Bytes that a ring needs at an address aligned to RING_ALIGN. capacity as ring_round gave it. */
size_t ring_size(uint32_t padding, uint64_t capacity, uint32_t words);

/* Makes an empty ring of the memory; once, before either side attaches. */
void ring_reset(void *memory, uint32_t padding);
void ring_attach_producer(struct ring_end *end, void *memory, uint32_t padding, uint64_t capacity,
			  uint32_t words, uint32_t batch);
void ring_attach_consumer(struct ring_end *end, void *memory, uint32_t padding, uint64_t capacity,
			  uint32_t words, uint32_t batch);

#endif
