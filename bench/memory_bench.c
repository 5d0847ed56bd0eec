#include "bench/memory_bench.h"

#include <math.h>

#include "base/size.h"
#include "bench/stats.h"
#include "guest/work.h"

#define CHASE_STEPS  100000
#define CHASE_WARMUP 10000
#define CHASE_SEED   42
#define MAX_ROUNDS   32

uint64_t memory_buffer_len(const struct topology *topo)
{
	uint64_t largest = 0;

	for (unsigned int i = 0; i < topo->nr_caches; i++)
		if (topo->caches[i].size > largest)
			largest = topo->caches[i].size;
	if (largest < 16 * MIB)
		return 64 * MIB;
	return largest > 256 * MIB ? GIB : 4 * largest;
}

/* Ticks per item of one piece of work; NAN if it was disturbed. */
static int run_one(struct memory_case *c, enum work_kind kind, uint64_t count, uint64_t warmup,
		   double *ticks, struct err *err)
{
	struct job job = { .member = c->member };
	int ret;

	job.work = (struct work){
		.kind = kind,
		.count = count,
		.warmup = warmup,
		.buffer = crew_address(c->crew, c->place->buffer, c->place->buffer_len),
		.buffer_len = c->place->buffer_len,
	};
	ret = crew_run(c->crew, &job, 1, err);
	if (ret)
		return ret;
	*ticks = (double)(job.result.end - job.result.begin) / (double)job.result.items;
	if (job.switches || job.steal) {
		c->dropped++;
		*ticks = NAN;
	}
	return 0;
}

static double median_of(const double *samples, unsigned int nr)
{
	double kept[MAX_ROUNDS] = { 0 };
	struct stats stats;
	unsigned int nr_kept = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (!isnan(samples[i]))
			kept[nr_kept++] = samples[i];
	stats_of(kept, nr_kept, &stats);
	return nr_kept ? stats.median : NAN;
}

static int measure_latency(struct memory_case *c, unsigned int rounds, double ns_per_tick,
			   struct err *err)
{
	double ticks[MAX_ROUNDS];
	int ret = 0;

	chase_link(gmem_ptr(c->crew->gmem, c->place->buffer, c->place->buffer_len),
		   c->place->buffer_len, CHASE_SEED);
	for (unsigned int i = 0; i < rounds && !ret; i++)
		ret = run_one(c, WORK_CHASE, CHASE_STEPS, CHASE_WARMUP, &ticks[i], err);
	if (!ret)
		c->latency_ns = median_of(ticks, rounds) * ns_per_tick;
	return ret;
}

/* bytes: what one pass moves. */
static int measure_bandwidth(struct memory_case *c, enum work_kind kind, unsigned int rounds,
			     double ns_per_tick, double bytes, double *gbs, struct err *err)
{
	double ticks[MAX_ROUNDS];
	int ret = 0;

	for (unsigned int i = 0; i < rounds && !ret; i++)
		ret = run_one(c, kind, 1, 0, &ticks[i], err);
	if (!ret)
		*gbs = bytes / (median_of(ticks, rounds) * ns_per_tick);
	return ret;
}

static int measure_case(struct memory_case *c, unsigned int rounds, double ns_per_tick,
			struct err *err)
{
	double len = (double)c->place->buffer_len;
	int ret = measure_latency(c, rounds, ns_per_tick, err);

	if (!ret)
		ret = measure_bandwidth(c, WORK_STREAM_READ, rounds, ns_per_tick, len, &c->read_gbs,
					err);
	if (!ret)
		ret = measure_bandwidth(c, WORK_STREAM_WRITE, rounds, ns_per_tick, len,
					&c->write_gbs, err);
	if (!ret)
		ret = measure_bandwidth(c, WORK_STREAM_COPY, rounds, ns_per_tick, len, &c->copy_gbs,
					err);
	if (!ret)
		ret = bench_memory_verify(c->crew->gmem, c->place, c->place->buffer,
					  c->place->buffer_len, &c->pages, err);
	c->rounds = rounds;
	return ret;
}

int memory_measure(struct memory_case *cases, unsigned int nr, unsigned int rounds,
		   double ns_per_tick, struct err *err)
{
	int ret = 0;

	rounds = rounds < MAX_ROUNDS ? rounds : MAX_ROUNDS;
	for (unsigned int i = 0; i < nr && !ret; i++)
		ret = measure_case(&cases[i], rounds, ns_per_tick, err);
	return ret;
}
