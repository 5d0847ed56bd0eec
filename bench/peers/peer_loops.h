/*
 * The loops of a peer: a file defines try_send(queue, item) and try_recv(queue, &item), includes
 * this once, and names the result PEER_LOOPS. C and C++; deliberately without a guard.
 */
static inline void wait_once(uint32_t pauses)
{
	for (uint32_t i = 0; i < pauses; i++)
		__builtin_ia32_pause();
}

static void produce(void *queue, uint64_t count, uint32_t pauses)
{
	for (uint64_t i = 0; i < count; i++)
		while (!try_send(queue, i))
			wait_once(pauses);
}

static uint64_t consume(void *queue, uint64_t count, uint32_t pauses)
{
	uint64_t item, misordered = 0;

	for (uint64_t i = 0; i < count; i++) {
		while (!try_recv(queue, &item))
			wait_once(pauses);
		misordered += item != i;
	}
	return misordered;
}

static void ping(void *out, void *in, uint64_t count, uint32_t pauses, struct histogram *rtt)
{
	uint64_t item, now, before = clock_ticks();

	for (uint64_t i = 0; i < count; i++) {
		while (!try_send(out, i))
			wait_once(pauses);
		while (!try_recv(in, &item))
			wait_once(pauses);
		now = clock_ticks();
		histogram_add(rtt, now - before);
		before = now;
	}
}

static void echo(void *in, void *out, uint64_t count, uint32_t pauses)
{
	uint64_t item;

	for (uint64_t i = 0; i < count; i++) {
		while (!try_recv(in, &item))
			wait_once(pauses);
		while (!try_send(out, item))
			wait_once(pauses);
	}
}

#define PEER_LOOPS produce, consume, ping, echo
