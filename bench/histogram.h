#ifndef SITU_BENCH_HISTOGRAM_H
#define SITU_BENCH_HISTOGRAM_H

#include "guest/histogram.h"

/* Reads histograms that guest/histogram.h filled. Pure; any thread. */

/* The middle of a bucket's values. */
double histogram_value(uint32_t bucket);
void histogram_merge(struct histogram *to, const struct histogram *from);
/* The smallest value with at least `part` (0 to 1) of all counts at or below it, to within a
 * bucket, never outside the exact minimum and maximum; 0 of an empty histogram. */
double histogram_percentile(const struct histogram *histogram, double part);

/* What people ask of a latency distribution, in ns. */
struct latency {
	uint64_t count;
	double p50, p90, p95, p99, p999, max;
};
void latency_of(const struct histogram *histogram, double ns_per_tick, struct latency *latency);

#endif
