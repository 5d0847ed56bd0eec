#include "guest/work.h"

#include "guest/clock.h"
#include "guest/ring.h"

static void meet(const struct work *work)
{
	_Atomic uint32_t *arrived = work_at(work->barrier);

	if (!arrived)
		return;
	atomic_fetch_add(arrived, 1);
	while (atomic_load_explicit(arrived, memory_order_acquire) < work->parties)
		if (atomic_load_explicit((_Atomic uint32_t *)work_at(work->stop),
					 memory_order_relaxed))
			return;
}

static struct ring_end producer_of(const struct work *work, uint64_t ring)
{
	struct ring_end end;

	ring_attach_producer(&end, work_at(ring), (uint32_t)work->padding, work->capacity,
			     (uint32_t)work->words, (uint32_t)work->batch);
	return end;
}

static struct ring_end consumer_of(const struct work *work, uint64_t ring)
{
	struct ring_end end;

	ring_attach_consumer(&end, work_at(ring), (uint32_t)work->padding, work->capacity,
			     (uint32_t)work->words, (uint32_t)work->batch);
	return end;
}

static void take_tally(struct work_result *result, const struct ring_tally *tally)
{
	result->items = tally->items;
	result->sum = tally->sum;
	result->misordered = tally->misordered;
}

static bool run_produce(const struct work *work, const struct ring_type *type,
			struct waiter *waiter, struct work_result *result)
{
	struct ring_end end = producer_of(work, work->ring);

	if (!type->produce(&end, 0, work->warmup, waiter))
		return false;
	result->begin = clock_ticks();
	if (!type->produce(&end, work->warmup, work->count, waiter))
		return false;
	result->end = clock_ticks();
	result->items = work->warmup + work->count;
	return true;
}

/* The consumer's clock times the sample: from the last item of the warm-up to the last item. */
static bool run_consume(const struct work *work, const struct ring_type *type,
			struct waiter *waiter, struct work_result *result)
{
	struct ring_end end = consumer_of(work, work->ring);
	struct ring_tally tally = { 0 };

	if (!type->consume(&end, 0, work->warmup, waiter, &tally))
		return false;
	result->begin = clock_ticks();
	if (!type->consume(&end, work->warmup, work->count, waiter, &tally))
		return false;
	result->end = clock_ticks();
	take_tally(result, &tally);
	return true;
}

static bool run_solo(const struct work *work, const struct ring_type *type,
		     struct work_result *result)
{
	struct ring_end producer = producer_of(work, work->ring);
	struct ring_end consumer = consumer_of(work, work->ring);
	struct ring_tally tally = { 0 };

	type->solo(&producer, &consumer, 0, work->warmup, &tally);
	result->begin = clock_ticks();
	type->solo(&producer, &consumer, work->warmup, work->count, &tally);
	result->end = clock_ticks();
	take_tally(result, &tally);
	return true;
}

static bool run_ping(const struct work *work, const struct ring_type *type, struct waiter *waiter,
		     struct work_result *result)
{
	struct ring_end out = producer_of(work, work->ring);
	struct ring_end in = consumer_of(work, work->reply);
	struct histogram *rtt = work_at(work->histogram);
	struct ring_tally tally = { 0 };

	if (!type->ping(&out, &in, 0, work->warmup, waiter, rtt, &tally))
		return false;
	histogram_clear(rtt);
	result->begin = clock_ticks();
	if (!type->ping(&out, &in, work->warmup, work->count, waiter, rtt, &tally))
		return false;
	result->end = clock_ticks();
	take_tally(result, &tally);
	return true;
}

static bool run_echo(const struct work *work, const struct ring_type *type, struct waiter *waiter,
		     struct work_result *result)
{
	struct ring_end in = consumer_of(work, work->ring);
	struct ring_end out = producer_of(work, work->reply);

	result->begin = clock_ticks();
	if (!type->echo(&in, &out, work->warmup + work->count, waiter))
		return false;
	result->end = clock_ticks();
	result->items = work->warmup + work->count;
	return true;
}

static bool run_ring(const struct work *work, struct work_result *result)
{
	const struct ring_type *type = ring_type((enum ring_kind)work->ring_kind);
	struct waiter waiter = { .pauses = (uint32_t)work->pauses, .stop = work_at(work->stop) };
	bool done = false;

	switch (work->kind) {
	case WORK_PRODUCE:
		done = run_produce(work, type, &waiter, result);
		break;
	case WORK_CONSUME:
		done = run_consume(work, type, &waiter, result);
		break;
	case WORK_SOLO:
		done = run_solo(work, type, result);
		break;
	case WORK_PING:
		done = run_ping(work, type, &waiter, result);
		break;
	case WORK_ECHO:
		done = run_echo(work, type, &waiter, result);
		break;
	default:
		break;
	}
	result->waits = waiter.waits;
	return done;
}

static void run_clock(const struct work *work, struct work_result *result)
{
	struct histogram *cost = work_at(work->histogram);
	uint64_t before = clock_ticks(), now;

	histogram_clear(cost);
	result->begin = before;
	for (uint64_t i = 0; i < work->count; i++) {
		now = clock_ticks();
		histogram_add(cost, now - before);
		before = now;
	}
	result->end = before;
	result->items = work->count;
}

static void run_spin(const struct work *work, struct work_result *result)
{
	result->begin = clock_ticks();
	for (uint64_t i = 0; i < work->count; i++)
		__asm__ volatile("" ::: "memory");
	result->end = clock_ticks();
	result->items = work->count;
}

void work_run(const struct work *work, struct work_result *result)
{
	uint32_t aux;

	*result = (struct work_result){ 0 };
	meet(work);
	switch (work->kind) {
	case WORK_NONE:
		break;
	case WORK_CLOCK:
		run_clock(work, result);
		break;
	case WORK_CHASE:
		work_chase(work, result);
		break;
	case WORK_STREAM_READ:
	case WORK_STREAM_WRITE:
	case WORK_STREAM_COPY:
		work_stream(work, result);
		break;
	case WORK_SPIN:
		run_spin(work, result);
		break;
	case WORK_FAULT:
		result->sum = *(volatile uint64_t *)work_at(work->buffer);
		break;
	default:
		result->stopped = !run_ring(work, result);
		break;
	}
	__builtin_ia32_rdtscp(&aux);
	result->processor = aux;
}
