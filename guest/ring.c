#include "guest/ring.h"

#define CHECK_OFFSET(pad, member, nr)                                                      \
	_Static_assert(offsetof(struct ring_layout_##pad, member) == (nr) * (size_t)(pad), \
		       "each owner's words start a block of their own")
#define CHECK_LAYOUT(pad)               \
	CHECK_OFFSET(pad, tail, 0);     \
	CHECK_OFFSET(pad, producer, 1); \
	CHECK_OFFSET(pad, head, 2);     \
	CHECK_OFFSET(pad, consumer, 3); \
	CHECK_OFFSET(pad, slots, 4)

CHECK_LAYOUT(64);
CHECK_LAYOUT(128);
CHECK_LAYOUT(256);
_Static_assert(offsetof(struct ring_layout_0, slots) == 64, "packed: all owners share one line");

struct layout {
	uint32_t padding, tail, producer, head, consumer, slots;
};

#define LAYOUT(pad)                                                   \
	{                                                             \
		pad, offsetof(struct ring_layout_##pad, tail),        \
			offsetof(struct ring_layout_##pad, producer), \
			offsetof(struct ring_layout_##pad, head),     \
			offsetof(struct ring_layout_##pad, consumer), \
			offsetof(struct ring_layout_##pad, slots)     \
	}

static const struct layout layouts[] = { LAYOUT(0), LAYOUT(64), LAYOUT(128), LAYOUT(256) };

static const struct layout *find_layout(uint32_t padding)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].padding == padding)
			return &layouts[i];
	return NULL;
}

const struct ring_type *ring_type(enum ring_kind kind)
{
	switch (kind) {
	case RING_PLAIN:
		return &ring_plain;
	case RING_CACHED:
		return &ring_cached;
	case RING_BATCHED:
		return &ring_batched;
	case NR_RING_KINDS:
		break;
	}
	return NULL;
}

uint64_t ring_round(uint64_t capacity)
{
	uint64_t rounded = 1;

	if (capacity > RING_MAX_CAPACITY)
		return 0;
	while (rounded < capacity)
		rounded *= 2;
	return rounded;
}

bool ring_padding_valid(uint32_t padding)
{
	return find_layout(padding) != NULL;
}

size_t ring_size(uint32_t padding, uint64_t capacity, uint32_t words)
{
	return find_layout(padding)->slots + capacity * words * sizeof(uint64_t);
}

void ring_reset(void *memory, uint32_t padding)
{
	const struct layout *layout = find_layout(padding);
	char *base = memory;

	*(struct ring_private *)(base + layout->producer) = (struct ring_private){ 0 };
	*(struct ring_private *)(base + layout->consumer) = (struct ring_private){ 0 };
	atomic_store((_Atomic uint64_t *)(base + layout->tail), 0);
	atomic_store((_Atomic uint64_t *)(base + layout->head), 0);
}

static void attach(struct ring_end *end, char *base, const struct layout *layout, uint64_t capacity,
		   uint32_t words, uint32_t batch)
{
	*end = (struct ring_end){
		.slots = (uint64_t *)(base + layout->slots),
		.mask = capacity - 1,
		.words = words,
		.batch = batch,
	};
}

void ring_attach_producer(struct ring_end *end, void *memory, uint32_t padding, uint64_t capacity,
			  uint32_t words, uint32_t batch)
{
	const struct layout *layout = find_layout(padding);
	char *base = memory;

	attach(end, base, layout, capacity, words, batch);
	end->mine = (_Atomic uint64_t *)(base + layout->tail);
	end->theirs = (_Atomic uint64_t *)(base + layout->head);
	end->own = (struct ring_private *)(base + layout->producer);
}

void ring_attach_consumer(struct ring_end *end, void *memory, uint32_t padding, uint64_t capacity,
			  uint32_t words, uint32_t batch)
{
	const struct layout *layout = find_layout(padding);
	char *base = memory;

	attach(end, base, layout, capacity, words, batch);
	end->mine = (_Atomic uint64_t *)(base + layout->head);
	end->theirs = (_Atomic uint64_t *)(base + layout->tail);
	end->own = (struct ring_private *)(base + layout->consumer);
}
