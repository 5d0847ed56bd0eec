#ifndef SITU_BENCH_PLACEMENT_SCOTCH_H
#define SITU_BENCH_PLACEMENT_SCOTCH_H

#include "bench/placement/bench_host.h"

/*
 * The programs of others, run beside us: scotch_gmap (package scotch) and hwloc-distrib
 * (hwloc-nox), with files in `dir`. core[] for n vCPUs; false where the program is missing or
 * refuses. Main thread.
 */
bool run_scotch(const struct bench_host *host, const bool *free, unsigned int n,
		const double *lines, const char *dir, unsigned int *core);
bool run_hwloc_distrib(const struct bench_host *host, const bool *free, unsigned int n,
		       unsigned int *core);

#endif
