#ifndef SITU_GUEST_RING_SLOT_H
#define SITU_GUEST_RING_SLOT_H

#include <stdint.h>

#include "guest/clock.h"
#include "guest/ring.h"

/* Slots of a ring, for the ring_*.c files alone. `words` is a constant where the caller knows it,
 * so that the common item of one word costs one move. */
#define RING_INLINE static inline __attribute__((always_inline, unused))

RING_INLINE void slot_put(struct ring_end *end, uint64_t index, uint64_t item, uint32_t words)
{
	uint64_t *slot = end->slots + (index & end->mask) * words;

	for (uint32_t i = 0; i < words; i++)
		slot[i] = item;
}

/* The item, or its complement if not all of its words agree. */
RING_INLINE uint64_t slot_get(const struct ring_end *end, uint64_t index, uint32_t words)
{
	const uint64_t *slot = end->slots + (index & end->mask) * words;
	uint64_t item = slot[0], differs = 0;

	for (uint32_t i = 1; i < words; i++)
		differs |= slot[i] ^ item;
	return differs ? ~item : item;
}

#endif
