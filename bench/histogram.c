#include "bench/histogram.h"

#include <math.h>

double histogram_value(uint32_t bucket)
{
	uint32_t shift, part;

	if (bucket < 2 * HISTOGRAM_SUB) /* one value each */
		return bucket;
	shift = bucket / HISTOGRAM_SUB - 1;
	part = bucket % HISTOGRAM_SUB + HISTOGRAM_SUB;
	return ldexp(part + 0.5, (int)shift) - 0.5;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (!from->count)
		return;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
}

double histogram_percentile(const struct histogram *histogram, double part)
{
	double target = ceil(part * (double)histogram->count);
	uint64_t seen = 0;
	uint32_t bucket = 0;

	if (!histogram->count)
		return 0;
	if (target < 1)
		target = 1;
	for (; bucket < HISTOGRAM_BUCKETS - 1; bucket++) {
		seen += histogram->buckets[bucket];
		if ((double)seen >= target)
			break;
	}
	return fmin(fmax(histogram_value(bucket), (double)histogram->min), (double)histogram->max);
}

void latency_of(const struct histogram *histogram, double ns_per_tick, struct latency *latency)
{
	*latency = (struct latency){
		.count = histogram->count,
		.p50 = histogram_percentile(histogram, 0.5) * ns_per_tick,
		.p90 = histogram_percentile(histogram, 0.9) * ns_per_tick,
		.p95 = histogram_percentile(histogram, 0.95) * ns_per_tick,
		.p99 = histogram_percentile(histogram, 0.99) * ns_per_tick,
		.p999 = histogram_percentile(histogram, 0.999) * ns_per_tick,
		.max = (double)histogram->max * ns_per_tick,
	};
}
