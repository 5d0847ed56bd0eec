/*
 * The loops of a ring, for the ring_*.c files alone: a file defines try_send, try_recv and publish,
 * includes this once, and names the result RING_LOOPS. That way each kind of ring has its calls
 * inlined without a line of its loops being written twice. Deliberately without a guard.
 */

static bool one_send(struct ring_end *end, uint64_t item)
{
	return try_send(end, item, end->words);
}

static bool one_recv(struct ring_end *end, uint64_t *item)
{
	return try_recv(end, item, end->words);
}

static void flush(struct ring_end *end)
{
	publish(end);
}

RING_INLINE bool produce_words(struct ring_end *end, uint64_t first, uint64_t count,
			       struct waiter *waiter, uint32_t words)
{
	for (uint64_t i = 0; i < count; i++)
		while (!try_send(end, first + i, words))
			if (!waiter_wait(waiter))
				return false;
	publish(end);
	return true;
}

static bool produce(struct ring_end *end, uint64_t first, uint64_t count, struct waiter *waiter)
{
	if (end->words == 1)
		return produce_words(end, first, count, waiter, 1);
	return produce_words(end, first, count, waiter, end->words);
}

RING_INLINE bool consume_words(struct ring_end *end, uint64_t first, uint64_t count,
			       struct waiter *waiter, struct ring_tally *tally, uint32_t words)
{
	uint64_t item, sum = 0, misordered = 0;

	for (uint64_t i = 0; i < count; i++) {
		while (!try_recv(end, &item, words))
			if (!waiter_wait(waiter))
				return false;
		sum += item;
		misordered += item != first + i;
	}
	publish(end);
	tally->items += count;
	tally->sum += sum;
	tally->misordered += misordered;
	return true;
}

static bool consume(struct ring_end *end, uint64_t first, uint64_t count, struct waiter *waiter,
		    struct ring_tally *tally)
{
	if (end->words == 1)
		return consume_words(end, first, count, waiter, tally, 1);
	return consume_words(end, first, count, waiter, tally, end->words);
}

static void solo(struct ring_end *producer, struct ring_end *consumer, uint64_t first,
		 uint64_t count, struct ring_tally *tally)
{
	uint64_t item = 0, sum = 0, misordered = 0;

	for (uint64_t i = 0; i < count; i++) {
		misordered += !try_send(producer, first + i, 1);
		publish(producer);
		misordered += !try_recv(consumer, &item, 1) || item != first + i;
		publish(consumer);
		sum += item;
	}
	tally->items += count;
	tally->sum += sum;
	tally->misordered += misordered;
}

/* One clock reading per round trip: the end of one is the start of the next. */
static bool ping(struct ring_end *out, struct ring_end *in, uint64_t first, uint64_t count,
		 struct waiter *waiter, struct histogram *rtt, struct ring_tally *tally)
{
	uint64_t item = 0, before = clock_ticks();

	for (uint64_t i = 0; i < count; i++) {
		uint64_t now;

		while (!try_send(out, first + i, 1))
			if (!waiter_wait(waiter))
				return false;
		publish(out);
		while (!try_recv(in, &item, 1))
			if (!waiter_wait(waiter))
				return false;
		publish(in);
		now = clock_ticks();
		histogram_add(rtt, now - before);
		before = now;
		tally->sum += item;
		tally->misordered += item != first + i;
	}
	tally->items += count;
	return true;
}

static bool echo(struct ring_end *in, struct ring_end *out, uint64_t count, struct waiter *waiter)
{
	uint64_t item = 0;

	for (uint64_t i = 0; i < count; i++) {
		while (!try_recv(in, &item, 1))
			if (!waiter_wait(waiter))
				return false;
		publish(in);
		while (!try_send(out, item, 1))
			if (!waiter_wait(waiter))
				return false;
		publish(out);
	}
	return true;
}

#define RING_LOOPS                                                              \
	.send = one_send, .recv = one_recv, .flush = flush, .produce = produce, \
	.consume = consume, .solo = solo, .ping = ping, .echo = echo
