#ifndef SITU_BENCH_PLACEMENT_WORKLOADS_H
#define SITU_BENCH_PLACEMENT_WORKLOADS_H

/* Who talks to whom: fills lines, n x n and symmetric. Pure. */
enum workload { PAIRS, FAR_PAIRS, PIPELINE, RING, ALL, STENCIL, SPARSE, NR_WORKLOADS };

extern const char *const workload_names[NR_WORKLOADS];
void workload_fill(enum workload workload, unsigned int n, double *lines);

#endif
