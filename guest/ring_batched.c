/*
 * The cached ring that also publishes its own count only every `batch` items, so that the count
 * lines change owner once per batch. A side that finds nothing to do publishes what it held back:
 * neither side can wait for something that the other one hides. Who sends the last item of a burst
 * calls flush.
 */
#include "guest/ring.h"
#include "guest/ring_slot.h"

RING_INLINE void publish(struct ring_end *end)
{
	struct ring_private *own = end->own;

	if (own->published == own->next)
		return;
	own->published = own->next;
	atomic_store_explicit(end->mine, own->next, memory_order_release);
}

/* Reads the other's count anew; publishes first, lest both sides wait. */
RING_INLINE uint64_t refresh(struct ring_end *end)
{
	publish(end);
	end->own->seen = atomic_load_explicit(end->theirs, memory_order_acquire);
	return end->own->seen;
}

RING_INLINE void advance(struct ring_end *end, uint64_t next)
{
	end->own->next = next;
	if (next - end->own->published >= end->batch)
		publish(end);
}

RING_INLINE bool try_send(struct ring_end *end, uint64_t item, uint32_t words)
{
	uint64_t tail = end->own->next;

	if (tail - end->own->seen > end->mask && tail - refresh(end) > end->mask)
		return false;
	slot_put(end, tail, item, words);
	advance(end, tail + 1);
	return true;
}

RING_INLINE bool try_recv(struct ring_end *end, uint64_t *item, uint32_t words)
{
	uint64_t head = end->own->next;

	if (head == end->own->seen && head == refresh(end))
		return false;
	*item = slot_get(end, head, words);
	advance(end, head + 1);
	return true;
}

#include "guest/ring_loops.h"

const struct ring_type ring_batched = { .name = "batched", RING_LOOPS };
