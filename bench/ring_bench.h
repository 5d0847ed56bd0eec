#ifndef SITU_BENCH_RING_BENCH_H
#define SITU_BENCH_RING_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "affinity/topology.h"
#include "bench/crew.h"
#include "bench/histogram.h"
#include "bench/memory.h"
#include "bench/pairs.h"
#include "bench/stats.h"
#include "guest/ring.h"

/*
 * Measures rings between pairs of CPUs. One thread.
 *
 * All cases are measured in turn, A B B A, in short samples, so that what changes on the host
 * meanwhile hits all of them alike and two cases may be compared round by round. The receiving
 * side's clock times a sample; sequence and sum of what it received are checked. A sample is
 * dropped only if one of its threads was switched out or its CPU was stolen, and is counted.
 */
struct ring_variant {
	enum ring_kind kind;
	uint32_t padding, batch, pauses, words;
	uint64_t capacity;
};

#define RING_MIN_ROUNDS 5
#define RING_MAX_ROUNDS 65536

struct ring_case {
	/* What is measured: */
	struct crew *crew;
	const struct bench_place *place;
	struct ring_variant variant;
	unsigned int producer, consumer; /* members of the crew */
	struct cpu_pair pair;
	bool solo; /* both ends in one thread, uncontended: the producer's */
	bool doubled; /* a second pair with a ring of its own runs beside; throughputs add up */
	struct cpu_pair second;
	unsigned int second_producer, second_consumer; /* members */
	const struct bench_place *second_place;
	uint64_t fixed_items, fixed_warmup; /* of each sample; 0: by its length */

	/* What came of it: */
	bool verified, migrations_known, pages_known;
	double *mops; /* million items a second by round; NAN: dropped */
	struct histogram *rtt;
	unsigned int nr_rounds, nr_modes;
	struct stats stats;
	struct stats_mode modes[STATS_MAX_MODES];
	struct latency latency; /* count 0: not measured */
	uint64_t dropped_switch, dropped_steal; /* samples */
	uint64_t migrations; /* in all samples, dropped ones too */
	struct counter_values counters; /* of both sides, in the samples kept */
	uint64_t items; /* in the samples kept */
	struct vcpu_exits exits; /* of both vCPUs, in the samples kept */
	uint64_t errors; /* items lost, doubled, altered or out of order */
	struct bench_residency pages;
	uint64_t sample_items; /* of the next sample */
	char unverified[160]; /* why not */
};

struct ring_plan {
	unsigned int rounds; /* at most RING_MAX_ROUNDS */
	double seconds; /* no new round after these, nor, with under RING_MIN_ROUNDS so far, after
			   twice as many; 0: no limit */
	double sample_s; /* at most 0.3 */
	bool rtt;
	double ns_per_tick;
	void (*progress)(void *arg, double part); /* 0 to 1, and a little over */
	void *arg;
};

int ring_measure(struct ring_case *cases, unsigned int nr, const struct ring_plan *plan,
		 struct err *err);
void ring_case_fini(struct ring_case *c);

/* How many times b's throughput is a's, by the rounds that both kept. */
void ring_compare(const struct ring_case *a, const struct ring_case *b, struct stats_ratio *ratio);

#endif
