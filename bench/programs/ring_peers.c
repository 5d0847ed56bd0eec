/*
 * Our rings beside other people's queues: two pinned host threads, samples in turn A B B A, ratios
 * of paired samples with their 95 % intervals. A sample in which a thread was switched out is
 * dropped with its pair.
 *
 * Usage: ring_peers [CPU-A CPU-B [SECONDS]]
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "bench/clock.h"
#include "bench/histogram.h"
#include "bench/peers/peer.h"
#include "bench/stats.h"
#include "guest/ring.h"

#define SLOTS	   4096
#define ITEMS	   500000
#define TRIPS	   4000
#define MAX_ROUNDS 400
#define MIN_PAIRS  5

/* Our rings in the peers' clothes. */
struct own {
	struct ring_end producer, consumer;
	const struct ring_type *type;
	void *memory;
};

static const _Atomic uint32_t never_stop;

static void *own_create(enum ring_kind kind, uint32_t batch)
{
	struct own *own = alloc_zeroed(1, sizeof(*own));

	own->type = ring_type(kind);
	own->memory = aligned_alloc(RING_ALIGN, ring_size(128, SLOTS, 1));
	ring_reset(own->memory, 128);
	ring_attach_producer(&own->producer, own->memory, 128, SLOTS, 1, batch);
	ring_attach_consumer(&own->consumer, own->memory, 128, SLOTS, 1, batch);
	return own;
}

static void *create_cached(void)
{
	return own_create(RING_CACHED, 1);
}

static void *create_batched(void)
{
	return own_create(RING_BATCHED, 32);
}

static void own_destroy(void *queue)
{
	free(((struct own *)queue)->memory);
	free(queue);
}

static void own_produce(void *queue, uint64_t count, uint32_t pauses)
{
	struct own *own = queue;
	struct waiter waiter = { .pauses = pauses, .stop = &never_stop };

	own->type->produce(&own->producer, 0, count, &waiter);
}

static uint64_t own_consume(void *queue, uint64_t count, uint32_t pauses)
{
	struct own *own = queue;
	struct waiter waiter = { .pauses = pauses, .stop = &never_stop };
	struct ring_tally tally = { 0 };

	own->type->consume(&own->consumer, 0, count, &waiter, &tally);
	return tally.misordered;
}

static void own_ping(void *out, void *in, uint64_t count, uint32_t pauses, struct histogram *rtt)
{
	struct own *to = out, *from = in;
	struct waiter waiter = { .pauses = pauses, .stop = &never_stop };
	struct ring_tally tally = { 0 };

	to->type->ping(&to->producer, &from->consumer, 0, count, &waiter, rtt, &tally);
}

static void own_echo(void *in, void *out, uint64_t count, uint32_t pauses)
{
	struct own *from = in, *to = out;
	struct waiter waiter = { .pauses = pauses, .stop = &never_stop };

	from->type->echo(&from->consumer, &to->producer, count, &waiter);
}

static const struct peer peer_batched = { "situ batched", create_batched, own_destroy, own_produce,
					  own_consume,	  own_ping,	  own_echo };
static const struct peer peer_cached = { "situ cached", create_cached, own_destroy, own_produce,
					 own_consume,	own_ping,      own_echo };

static const struct peer *const peers[] = { &peer_batched, &peer_cached, &peer_ck, &peer_boost };

#define NR_PEERS (sizeof(peers) / sizeof(*peers))

/* One sample: two threads, one queue each way. */
struct sample {
	const struct peer *peer;
	void *out, *back;
	uint32_t pauses;
	bool trips; /* round trips instead of a stream */
	unsigned int cpus[2];
	_Atomic unsigned int arrived;
	_Atomic long switches;
	double seconds; /* of the stream, by the consumer's clock */
	uint64_t misordered;
	struct histogram rtt;
};

static long involuntary(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void begin(struct sample *sample, unsigned int cpu)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };
	struct err err;

	cpuset_add(&cpus, cpu);
	if (pin_thread(0, &cpus, &err)) {
		fprintf(stderr, "ring_peers: %s\n", err.text);
		exit(EXIT_HOST);
	}
	sample->arrived++;
	while (sample->arrived < 2)
		cpu_pause();
}

static void *first_side(void *arg)
{
	struct sample *sample = arg;
	long before;

	begin(sample, sample->cpus[0]);
	before = involuntary();
	if (sample->trips)
		sample->peer->ping(sample->out, sample->back, TRIPS, sample->pauses, &sample->rtt);
	else
		sample->peer->produce(sample->out, ITEMS, sample->pauses);
	sample->switches += involuntary() - before;
	return NULL;
}

static void *second_side(void *arg)
{
	struct sample *sample = arg;
	double start;
	long before;

	begin(sample, sample->cpus[1]);
	before = involuntary();
	start = clock_now();
	if (sample->trips)
		sample->peer->echo(sample->out, sample->back, TRIPS, sample->pauses);
	else
		sample->misordered = sample->peer->consume(sample->out, ITEMS, sample->pauses);
	sample->seconds = clock_now() - start;
	sample->switches += involuntary() - before;
	return NULL;
}

/* Million items a second, or the median round trip in ticks; NAN if it was disturbed. */
static double take_sample(const struct peer *peer, uint32_t pauses, bool trips,
			  const unsigned int cpus[2])
{
	static struct sample sample;
	pthread_t threads[2];

	memset(&sample, 0, sizeof(sample));
	sample.peer = peer;
	sample.out = peer->create();
	sample.back = peer->create();
	sample.pauses = pauses;
	sample.trips = trips;
	memcpy(sample.cpus, cpus, sizeof(sample.cpus));
	pthread_create(&threads[0], NULL, first_side, &sample);
	pthread_create(&threads[1], NULL, second_side, &sample);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	peer->destroy(sample.out);
	peer->destroy(sample.back);
	if (sample.misordered) {
		fprintf(stderr, "ring_peers: %s: %lu items out of order\n", peer->name,
			sample.misordered);
		exit(EXIT_NO);
	}
	if (sample.switches)
		return NAN;
	return trips ? histogram_percentile(&sample.rtt, 0.5) : ITEMS / sample.seconds / 1e6;
}

struct series {
	double values[NR_PEERS][MAX_ROUNDS];
	unsigned int rounds;
};

static void measure(struct series *series, uint32_t pauses, bool trips, double seconds,
		    const unsigned int cpus[2])
{
	double end = clock_now() + seconds;

	for (series->rounds = 0; series->rounds < MAX_ROUNDS && clock_now() < end; series->rounds++)
		for (unsigned int i = 0; i < NR_PEERS; i++) {
			unsigned int peer = series->rounds % 2 ? NR_PEERS - 1 - i : i;

			series->values[peer][series->rounds] =
				take_sample(peers[peer], pauses, trips, cpus);
		}
}

static void median_of(const struct series *series, unsigned int peer, struct stats *stats)
{
	double kept[MAX_ROUNDS];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < series->rounds; i++)
		if (!isnan(series->values[peer][i]))
			kept[nr++] = series->values[peer][i];
	stats_of(kept, nr, stats);
}

static void compare(const struct series *series, unsigned int ours, unsigned int theirs,
		    struct stats_ratio *ratio)
{
	double a[MAX_ROUNDS], b[MAX_ROUNDS];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < series->rounds; i++) {
		a[nr] = series->values[theirs][i];
		b[nr] = series->values[ours][i];
		nr += !isnan(a[nr]) && !isnan(b[nr]);
	}
	stats_ratio_of(a, b, nr, ratio);
}

static void print_series(const struct series *series, const char *wait, bool trips, double scale)
{
	for (unsigned int i = 0; i < NR_PEERS; i++) {
		struct stats_ratio ratio;
		struct stats stats;

		median_of(series, i, &stats);
		if (!stats.nr) {
			printf("%-12s %-17s %-10s every sample was disturbed\n", wait,
			       peers[i]->name, trips ? "rtt ns" : "M items/s");
			continue;
		}
		printf("%-12s %-17s %-10s %8.1f %8.1f %8.1f %4u", wait, peers[i]->name,
		       trips ? "rtt ns" : "M items/s", stats.median * scale, stats.p5 * scale,
		       stats.p95 * scale, stats.nr);
		for (unsigned int ours = 0; i >= 2 && ours < 2; ours++) {
			compare(series, ours, i, &ratio);
			if (ratio.nr < MIN_PAIRS)
				printf("  %-20s", "too few pairs");
			else
				printf("  %5.2f (%.2f to %.2f)", ratio.ratio, ratio.low,
				       ratio.high);
		}
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static const uint32_t waits[] = { WAIT_SPIN, WAIT_PAUSE, 16 };
	static const char *const names[] = { "spin", "pause", "back-off 16" };
	static struct series series;
	unsigned int cpus[2] = { 0, 1 };
	double seconds = argc > 3 ? strtod(argv[3], NULL) : 5, ns_per_tick = clock_ns_per_tick();

	for (int i = 0; i < 2 && argc > 2; i++)
		cpus[i] = (unsigned int)strtoul(argv[1 + i], NULL, 10);
	printf("%-12s %-17s %-10s %8s %8s %8s %4s  batched / it          cached / it\n", "wait",
	       "queue", "", "median", "p5", "p95", "kept");
	for (unsigned int i = 0; i < 3; i++) {
		measure(&series, waits[i], false, seconds, cpus);
		print_series(&series, names[i], false, 1);
		measure(&series, waits[i], true, seconds, cpus);
		print_series(&series, names[i], true, ns_per_tick);
	}
	return EXIT_OK;
}
