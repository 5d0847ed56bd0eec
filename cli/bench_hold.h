#ifndef SITU_CLI_BENCH_HOLD_H
#define SITU_CLI_BENCH_HOLD_H

#include "affinity/topology.h"
#include "bench/memory.h"

/* A benchmark among the VMs of this host: it shares its CPUs with those that allow it, is seen by
 * the others while it runs, and is refused CPUs that a VM has for itself. Main thread only. */
struct bench_hold;

struct bench_hold *bench_hold_new(void);
/* For bench_options.claim; arg is a struct bench_hold. */
int bench_hold_take(void *arg, struct topology *topo, const struct cpuset *cpus,
		    const struct bench_memory *memory, struct err *err);
void bench_hold_free(struct bench_hold *hold);

#endif
