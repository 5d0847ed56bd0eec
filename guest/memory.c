/* Memory as one CPU sees it: how long one access takes, and how many bytes a second pass. */
#include <stddef.h>

#include "guest/clock.h"
#include "guest/work.h"

#define LINE	   64
#define LINE_WORDS (LINE / sizeof(uint64_t))

/* xorshift64* (Marsaglia 2003, Vigna 2016): enough to defeat a prefetcher. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Sattolo's shuffle of the identity yields one cycle over all lines. */
void chase_link(void *buffer, uint64_t len, uint64_t seed)
{
	uint64_t *words = buffer, lines = len / LINE, state = seed | 1;

	for (uint64_t i = 0; i < lines; i++)
		words[i * LINE_WORDS] = i * LINE;
	for (uint64_t i = lines - 1; i > 0; i--) {
		uint64_t other = next_random(&state) % i;
		uint64_t link = words[i * LINE_WORDS];

		words[i * LINE_WORDS] = words[other * LINE_WORDS];
		words[other * LINE_WORDS] = link;
	}
}

void work_chase(const struct work *work, struct work_result *result)
{
	const char *base = work_at(work->buffer);
	uint64_t offset = work->chase_start;

	for (uint64_t i = 0; i < work->warmup; i++)
		offset = *(const uint64_t *)(base + offset);
	result->begin = clock_ticks();
	for (uint64_t i = 0; i < work->count; i++)
		offset = *(const uint64_t *)(base + offset);
	result->sum = offset; /* the loads cannot be left out */
	result->end = clock_ticks();
	result->items = work->count;
}

static uint64_t stream_read(const uint64_t *words, uint64_t nr)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (uint64_t i = 0; i + 4 <= nr; i += 4) {
		a += words[i];
		b += words[i + 1];
		c += words[i + 2];
		d += words[i + 3];
	}
	return a + b + c + d;
}

static void stream_write(uint64_t *words, uint64_t nr, uint64_t value)
{
	for (uint64_t i = 0; i < nr; i++)
		words[i] = value;
}

static void stream_copy(uint64_t *restrict to, const uint64_t *restrict from, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		to[i] = from[i];
}

static uint64_t stream_pass(const struct work *work, uint64_t pass)
{
	uint64_t *words = work_at(work->buffer);
	uint64_t nr = work->buffer_len / sizeof(*words), sum = 0;

	if (work->kind == WORK_STREAM_READ)
		sum = stream_read(words, nr);
	else if (work->kind == WORK_STREAM_WRITE)
		stream_write(words, nr, pass);
	else
		stream_copy(words + nr / 2, words, nr / 2);
	__asm__ volatile("" ::: "memory"); /* each pass counts */
	return sum;
}

void work_stream(const struct work *work, struct work_result *result)
{
	for (uint64_t i = 0; i < work->warmup; i++)
		result->sum += stream_pass(work, i);
	result->begin = clock_ticks();
	for (uint64_t i = 0; i < work->count; i++)
		result->sum += stream_pass(work, i);
	result->end = clock_ticks();
	result->items = work->count;
}
