/*
 * The ring with a cached remote count: a side reads the other's count only when its last reading
 * leaves nothing to do. While the ring is neither empty nor full, no count line is read twice.
 * (Lee, Bu, Chandranmenon: MCRingBuffer, IPDPS 2010.)
 */
#include "guest/ring.h"
#include "guest/ring_slot.h"

RING_INLINE bool try_send(struct ring_end *end, uint64_t item, uint32_t words)
{
	struct ring_private *own = end->own;
	uint64_t tail = own->next;

	if (tail - own->seen > end->mask) {
		own->seen = atomic_load_explicit(end->theirs, memory_order_acquire);
		if (tail - own->seen > end->mask)
			return false;
	}
	slot_put(end, tail, item, words);
	own->next = tail + 1;
	atomic_store_explicit(end->mine, tail + 1, memory_order_release);
	return true;
}

RING_INLINE bool try_recv(struct ring_end *end, uint64_t *item, uint32_t words)
{
	struct ring_private *own = end->own;
	uint64_t head = own->next;

	if (head == own->seen) {
		own->seen = atomic_load_explicit(end->theirs, memory_order_acquire);
		if (head == own->seen)
			return false;
	}
	*item = slot_get(end, head, words);
	own->next = head + 1;
	atomic_store_explicit(end->mine, head + 1, memory_order_release);
	return true;
}

RING_INLINE void publish(struct ring_end *end)
{
	(void)end; /* every call publishes */
}

#include "guest/ring_loops.h"

const struct ring_type ring_cached = { .name = "cached", RING_LOOPS };
