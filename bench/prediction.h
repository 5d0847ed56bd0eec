#ifndef SITU_BENCH_PREDICTION_H
#define SITU_BENCH_PREDICTION_H

#include "base/err.h"
#include "bench/pairs.h"

/* What the placement's cost model says of pairs, so that it is checked wherever the benchmark runs:
 * one cache line from CPU to CPU, ns, both ways averaged. By this host's own calibration where
 * there is one that fits, else by classes. *source says which. One thread. */
int prediction_line_ns(const struct topology *topo, const struct pair_list *pairs, double *line_ns,
		       const char **source, struct err *err);

#endif
