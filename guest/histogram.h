#ifndef SITU_GUEST_HISTOGRAM_H
#define SITU_GUEST_HISTOGRAM_H

#include <stdint.h>

/*
 * Counts of durations in logarithmic buckets, at most 1/128 (0.8 %) of the value wide. One writer
 * at a time, host or guest; freestanding.
 *
 * Values below 128 have a bucket each; above, each power of two is cut into 128 equal ones. What is
 * beyond the last bucket is counted there; the maximum is kept exactly.
 */
#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_SUB	   (1u << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_MAX_BITS 36 /* values up to 2^36 ticks: 20 s at 3 GHz */
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB)

struct histogram {
	uint64_t count, min, max;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

static inline void histogram_clear(struct histogram *histogram)
{
	histogram->count = 0;
	histogram->min = 0;
	histogram->max = 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->buckets[i] = 0;
}

static inline uint32_t histogram_bucket(uint64_t value)
{
	uint32_t bit, bucket;

	if (value < HISTOGRAM_SUB)
		return (uint32_t)value;
	bit = 63 - (uint32_t)__builtin_clzll(value);
	bucket = (bit - HISTOGRAM_SUB_BITS) * HISTOGRAM_SUB +
		 (uint32_t)(value >> (bit - HISTOGRAM_SUB_BITS));
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	if (!histogram->count || value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->count++;
	histogram->buckets[histogram_bucket(value)]++;
}

#endif
