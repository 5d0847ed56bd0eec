#include <criterion/criterion.h>
#include <math.h>

#include "bench/stats.h"

#define near(a, b) cr_assert_float_eq((a), (b), 1e-9, "%g is not %g", (a), (b))

Test(stats, no_samples_give_zeroes)
{
	struct stats stats;
	struct stats_ratio ratio;
	struct stats_mode modes[STATS_MAX_MODES];

	stats_of(NULL, 0, &stats);
	stats_ratio_of(NULL, NULL, 0, &ratio);
	cr_assert_eq(stats.nr, 0);
	near(stats.median, 0.0);
	cr_assert_eq(ratio.nr, 0);
	cr_assert_eq(stats_modes(NULL, 0, 1.5, modes), 0);
}

Test(stats, one_sample_is_its_own_median_and_interval)
{
	double sample = 7;
	struct stats stats;

	stats_of(&sample, 1, &stats);
	near(stats.median, 7.0);
	near(stats.low, 7.0);
	near(stats.high, 7.0);
	near(stats.stdev, 0.0);
}

Test(stats, percentiles_interpolate_whatever_the_order_of_the_samples)
{
	double samples[] = { 50, 10, 40, 20, 30 };
	struct stats stats;

	stats_of(samples, 5, &stats);
	near(stats.min, 10.0);
	near(stats.p5, 12.0);
	near(stats.p25, 20.0);
	near(stats.median, 30.0);
	near(stats.p95, 48.0);
	near(stats.max, 50.0);
	near(stats.mean, 30.0);
	near(stats.stdev, sqrt(250.0));
}

Test(stats, the_interval_of_a_median_narrows_with_more_samples)
{
	double samples[100];
	struct stats few, many;

	for (int i = 0; i < 100; i++)
		samples[i] = i;
	stats_of(samples, 10, &few);
	stats_of(samples, 100, &many);
	near(many.low, 40.0);
	near(many.high, 59.0);
	cr_assert_gt((few.high - few.low) / 10, (many.high - many.low) / 100);
}

Test(stats, two_modes_are_told_apart_with_their_shares)
{
	double samples[20];
	struct stats_mode modes[STATS_MAX_MODES];

	for (int i = 0; i < 20; i++)
		samples[i] = i % 4 ? 400 + i : 30 + i;
	cr_assert_eq(stats_modes(samples, 20, 1.5, modes), 2);
	near(modes[0].share, 0.25);
	near(modes[1].share, 0.75);
	cr_assert(modes[0].median < 60 && modes[1].median > 400);
}

Test(stats, a_lone_outlier_is_no_mode)
{
	double samples[20];
	struct stats_mode modes[STATS_MAX_MODES];

	for (int i = 0; i < 20; i++)
		samples[i] = 100;
	samples[3] = 10;
	cr_assert_eq(stats_modes(samples, 20, 1.5, modes), 1);
	near(modes[0].median, 100.0);
}

Test(stats, a_ratio_of_pairs_ignores_what_both_samples_of_a_pair_share)
{
	double a[40], b[40];
	struct stats_ratio ratio;

	for (int i = 0; i < 40; i++) {
		a[i] = 100 + 10 * (i % 7); /* both drift */
		b[i] = a[i] * (i % 2 ? 0.89 : 0.91);
	}
	stats_ratio_of(a, b, 40, &ratio);
	cr_assert_float_eq(ratio.ratio, 0.9, 0.002);
	cr_assert(ratio.low > 0.885 && ratio.high < 0.915);
	cr_assert(ratio.low <= ratio.ratio && ratio.ratio <= ratio.high);
}

Test(stats, the_ratio_of_samples_to_themselves_is_one)
{
	double a[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
	struct stats_ratio ratio;

	stats_ratio_of(a, a, 8, &ratio);
	near(ratio.ratio, 1.0);
	near(ratio.low, 1.0);
	near(ratio.high, 1.0);
}
