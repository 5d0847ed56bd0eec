/* Every kind of ring between two threads: order and sum exact, and ThreadSanitizer has nothing to
 * say. RACE_ITEMS sets the number of items (the long run: 100 million); default one million. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/ring.h"

struct side {
	const struct ring_type *type;
	struct ring_end end;
	struct ring_tally tally;
	_Atomic uint32_t *stop;
	uint64_t items;
};

static void *produce(void *arg)
{
	struct side *side = arg;
	struct waiter waiter = { .pauses = 1, .stop = side->stop };

	side->type->produce(&side->end, 0, side->items, &waiter);
	return NULL;
}

static void *consume(void *arg)
{
	struct side *side = arg;
	struct waiter waiter = { .pauses = 1, .stop = side->stop };

	side->type->consume(&side->end, 0, side->items, &waiter, &side->tally);
	return NULL;
}

static int run(enum ring_kind kind, uint32_t padding, uint64_t capacity, uint32_t words,
	       uint64_t items)
{
	size_t size = ring_size(padding, capacity, words);
	void *memory = aligned_alloc(RING_ALIGN, (size + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN);
	_Atomic uint32_t stop = 0;
	struct side producer = { .type = ring_type(kind), .stop = &stop, .items = items };
	struct side consumer = producer;
	pthread_t threads[2];

	ring_reset(memory, padding);
	ring_attach_producer(&producer.end, memory, padding, capacity, words, 8);
	ring_attach_consumer(&consumer.end, memory, padding, capacity, words, 8);
	pthread_create(&threads[0], NULL, produce, &producer);
	pthread_create(&threads[1], NULL, consume, &consumer);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	free(memory);
	if (consumer.tally.items == items && !consumer.tally.misordered &&
	    consumer.tally.sum == items * (items - 1) / 2)
		return 0;
	printf("%s padding %u capacity %lu: %lu of %lu items, %lu out of order, sum %lu\n",
	       producer.type->name, padding, capacity, consumer.tally.items, items,
	       consumer.tally.misordered, consumer.tally.sum);
	return 1;
}

int main(void)
{
	const char *wanted = getenv("RACE_ITEMS");
	uint64_t items = wanted ? strtoull(wanted, NULL, 10) : 1000000;
	int failed = 0;

	for (enum ring_kind kind = 0; kind < NR_RING_KINDS; kind++) {
		failed |= run(kind, 128, 4096, 1, items);
		failed |= run(kind, 0, 16, 1, items / 10);
		failed |= run(kind, 64, 64, 8, items / 10);
	}
	return failed;
}
