#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define Z95 1.959964 /* 97.5th percentile of the normal distribution */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double *sorted_copy(const double *samples, unsigned int nr)
{
	double *sorted = alloc_zeroed(nr, sizeof(*sorted));

	memcpy(sorted, samples, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), compare);
	return sorted;
}

static double percentile(const double *sorted, unsigned int nr, double part)
{
	double rank = part * (nr - 1);
	unsigned int below = (unsigned int)rank;

	if (below + 1 >= nr)
		return sorted[nr - 1];
	return sorted[below] + (rank - below) * (sorted[below + 1] - sorted[below]);
}

static void moments(const double *samples, unsigned int nr, struct stats *stats)
{
	double sum = 0, squares = 0;

	for (unsigned int i = 0; i < nr; i++)
		sum += samples[i];
	stats->mean = sum / nr;
	for (unsigned int i = 0; i < nr; i++)
		squares += (samples[i] - stats->mean) * (samples[i] - stats->mean);
	stats->stdev = nr > 1 ? sqrt(squares / (nr - 1)) : 0;
}

/* The ranks between which the median lies with 95 %: binomial, normal approximation. */
static void median_interval(const double *sorted, unsigned int nr, struct stats *stats)
{
	double half = Z95 * sqrt(nr) / 2;
	double low = floor(nr / 2.0 - half), high = ceil(nr / 2.0 + half) - 1;

	stats->low = sorted[low < 0 ? 0 : (unsigned int)low];
	stats->high = sorted[high > nr - 1 ? nr - 1 : (unsigned int)high];
}

void stats_of(const double *samples, unsigned int nr, struct stats *stats)
{
	AUTO_FREE double *sorted = NULL;

	*stats = (struct stats){ .nr = nr };
	if (!nr)
		return;
	sorted = sorted_copy(samples, nr);
	stats->min = sorted[0];
	stats->p5 = percentile(sorted, nr, 0.05);
	stats->p25 = percentile(sorted, nr, 0.25);
	stats->median = percentile(sorted, nr, 0.5);
	stats->p75 = percentile(sorted, nr, 0.75);
	stats->p95 = percentile(sorted, nr, 0.95);
	stats->max = sorted[nr - 1];
	moments(samples, nr, stats);
	median_interval(sorted, nr, stats);
}

static void add_mode(const double *sorted, unsigned int from, unsigned int to, unsigned int nr,
		     struct stats_mode *mode)
{
	mode->median = percentile(sorted + from, to - from, 0.5);
	mode->share = (double)(to - from) / nr;
}

unsigned int stats_modes(const double *samples, unsigned int nr, double factor,
			 struct stats_mode modes[STATS_MAX_MODES])
{
	AUTO_FREE double *sorted = NULL;
	unsigned int nr_modes = 0, from = 0, few = nr / 20 + 1;

	if (!nr)
		return 0;
	sorted = sorted_copy(samples, nr);
	for (unsigned int i = 1; i < nr && nr_modes < STATS_MAX_MODES - 1; i++) {
		if (sorted[i] <= sorted[i - 1] * factor || i - from < few || nr - i < few)
			continue;
		add_mode(sorted, from, i, nr, &modes[nr_modes++]);
		from = i;
	}
	add_mode(sorted, from, nr, nr, &modes[nr_modes++]);
	return nr_modes;
}

/* Averages of all pairs of differences (each with itself too), sorted. */
static double *walsh_averages(const double *a, const double *b, unsigned int nr, unsigned int *len)
{
	double *averages = alloc_zeroed((size_t)nr * (nr + 1) / 2, sizeof(*averages));

	*len = 0;
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = i; j < nr; j++)
			averages[(*len)++] = (log(b[i] / a[i]) + log(b[j] / a[j])) / 2;
	qsort(averages, *len, sizeof(*averages), compare);
	return averages;
}

void stats_ratio_of(const double *a, const double *b, unsigned int nr, struct stats_ratio *ratio)
{
	AUTO_FREE double *averages = NULL;
	unsigned int len, rank;
	double n, cut;

	nr = nr < STATS_MAX_PAIRS ? nr : STATS_MAX_PAIRS;
	*ratio = (struct stats_ratio){ .nr = nr };
	if (!nr)
		return;
	averages = walsh_averages(a, b, nr, &len);
	n = nr;
	cut = len / 2.0 - Z95 * sqrt(n * (n + 1) * (2 * n + 1) / 24);
	rank = cut < 0 ? 0 : (unsigned int)cut;
	ratio->ratio = exp(percentile(averages, len, 0.5));
	ratio->low = exp(averages[rank]);
	ratio->high = exp(averages[len - 1 - rank]);
}
