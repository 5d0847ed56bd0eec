#include <criterion/criterion.h>
#include <math.h>

#include "bench/histogram.h"

static struct histogram *filled(uint64_t from, uint64_t to)
{
	static struct histogram histogram;

	histogram_clear(&histogram);
	for (uint64_t value = from; value <= to; value++)
		histogram_add(&histogram, value);
	return &histogram;
}

Test(histogram, every_value_is_within_1_percent_of_its_bucket)
{
	for (uint64_t value = 0; value < UINT64_C(1) << HISTOGRAM_MAX_BITS;
	     value += 1 + value / 1000) {
		double back = histogram_value(histogram_bucket(value));

		cr_assert_leq(fabs(back - (double)value), 0.01 * (double)value, "%lu -> %g", value,
			      back);
	}
}

Test(histogram, buckets_grow_with_the_value_and_the_last_takes_the_rest)
{
	uint32_t last = 0;

	for (uint64_t value = 0; value < 1 << 20; value++) {
		uint32_t bucket = histogram_bucket(value);

		cr_assert(bucket == last || bucket == last + 1);
		last = bucket;
	}
	cr_assert_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
	cr_assert_eq(histogram_bucket((UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1),
		     HISTOGRAM_BUCKETS - 1);
}

Test(histogram, percentiles_of_1_to_1000_are_those_numbers_within_1_percent)
{
	const struct histogram *histogram = filled(1, 1000);

	cr_assert_float_eq(histogram_percentile(histogram, 0.5), 500, 5);
	cr_assert_float_eq(histogram_percentile(histogram, 0.99), 990, 9.9);
	cr_assert_float_eq(histogram_percentile(histogram, 1), 1000, 0);
	cr_assert_float_eq(histogram_percentile(histogram, 0), 1, 0);
}

Test(histogram, an_empty_one_has_no_percentiles)
{
	struct histogram histogram = { 0 };

	cr_assert_float_eq(histogram_percentile(&histogram, 0.5), 0, 0);
}

Test(histogram, merging_adds_counts_and_keeps_the_extremes)
{
	static struct histogram sum;

	histogram_clear(&sum);
	histogram_merge(&sum, filled(10, 20));
	histogram_merge(&sum, filled(5, 5));
	histogram_merge(&sum, filled(1000000, 1000000));
	histogram_merge(&sum, &(struct histogram){ 0 });
	cr_assert_eq(sum.count, 13);
	cr_assert_eq(sum.min, 5);
	cr_assert_eq(sum.max, 1000000);
	cr_assert_float_eq(histogram_percentile(&sum, 1), 1000000, 0);
}

Test(histogram, latencies_are_scaled_to_nanoseconds)
{
	struct latency latency;

	latency_of(filled(100, 100), 0.5, &latency);
	cr_assert_eq(latency.count, 1);
	cr_assert_float_eq(latency.p50, 50, 1e-9);
	cr_assert_float_eq(latency.max, 50, 1e-9);
}
