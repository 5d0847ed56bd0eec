/*
 * The plain ring (Lamport, 1977): both sides read the other's count on every call, so the two count
 * lines travel between the cores for every item.
 */
#include "guest/ring.h"
#include "guest/ring_slot.h"

RING_INLINE bool try_send(struct ring_end *end, uint64_t item, uint32_t words)
{
	uint64_t tail = atomic_load_explicit(end->mine, memory_order_relaxed);

	if (tail - atomic_load_explicit(end->theirs, memory_order_acquire) > end->mask)
		return false;
	slot_put(end, tail, item, words);
	atomic_store_explicit(end->mine, tail + 1, memory_order_release);
	return true;
}

RING_INLINE bool try_recv(struct ring_end *end, uint64_t *item, uint32_t words)
{
	uint64_t head = atomic_load_explicit(end->mine, memory_order_relaxed);

	if (atomic_load_explicit(end->theirs, memory_order_acquire) == head)
		return false;
	*item = slot_get(end, head, words);
	atomic_store_explicit(end->mine, head + 1, memory_order_release);
	return true;
}

RING_INLINE void publish(struct ring_end *end)
{
	(void)end; /* every call publishes */
}

#include "guest/ring_loops.h"

const struct ring_type ring_plain = { .name = "plain", RING_LOOPS };
