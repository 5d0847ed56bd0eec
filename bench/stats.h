#ifndef SITU_BENCH_STATS_H
#define SITU_BENCH_STATS_H

/*
 * Robust statistics of benchmark samples. Pure; any thread.
 *
 * Samples on a shared host are skewed and fall into modes, so everything is by order: medians,
 * percentiles, distribution-free intervals. Nothing is "the best of".
 */
struct stats {
	unsigned int nr;
	double min, p5, p25, median, p75, p95, max, mean, stdev;
	double low, high; /* 95 % confidence interval of the median, by order statistics */
};

/* nr 0 gives all zeroes. Percentiles interpolate between the two nearest samples. */
void stats_of(const double *samples, unsigned int nr, struct stats *stats);

/* A group of samples that a gap of a factor separates from the others. */
struct stats_mode {
	double median, share; /* share of all samples, 0 to 1 */
};
#define STATS_MAX_MODES 4
/* Splits where two neighbouring samples differ by more than `factor`; groups of under 5 % of the
 * samples go to their neighbour. Ascending; returns how many, 1 where there is one mode. */
unsigned int stats_modes(const double *samples, unsigned int nr, double factor,
			 struct stats_mode modes[STATS_MAX_MODES]);

/* How many times b is a, from samples taken in pairs: Hodges and Lehmann's estimate of the shift of
 * the logarithms, with Wilcoxon's 95 % interval (Hollander and Wolfe, Nonparametric Statistical
 * Methods, 3.2 and 3.3). */
struct stats_ratio {
	unsigned int nr;
	double ratio, low, high;
};
#define STATS_MAX_PAIRS 512 /* further pairs are left out */
void stats_ratio_of(const double *a, const double *b, unsigned int nr, struct stats_ratio *ratio);

#endif
