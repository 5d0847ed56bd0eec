#ifndef SITU_BENCH_LINE_PROBE_H
#define SITU_BENCH_LINE_PROBE_H

#include <stdint.h>

#include "base/err.h"

/*
 * How long a cache line takes from one CPU to another: two pinned threads hand one line to and fro.
 * Called from one thread at a time; it makes and joins the two.
 *
 * The line lies where the caller put it: on two-socket EPYC its home node decides up to half of the
 * figure, so the home belongs to every measurement and is never an accident.
 */
#define LINE_PROBE_MAX_SAMPLES 64
#define LINE_PROBE_LINE_BYTES  128 /* two lines: the adjacent-line prefetcher fetches pairs */

struct line_probe {
	unsigned int cpu_a, cpu_b; /* the operating system's numbers; different */
	void *line; /* LINE_PROBE_LINE_BYTES, aligned to them, nothing else inside */
	unsigned int nr_samples; /* wanted, up to LINE_PROBE_MAX_SAMPLES */
	uint64_t sample_ns; /* how long one sample should take, about */
};

struct line_result {
	double one_way_ns; /* median over the samples that nobody disturbed, half a round trip */
	double spread; /* (third quartile - first quartile) / median */
	unsigned int nr_kept, nr_dropped; /* dropped: a thread was switched out meanwhile */
};

/* -EAGAIN where every sample was disturbed, the errno of pinning or of making a thread else. */
int line_probe_run(const struct line_probe *probe, struct line_result *result, struct err *err);

#endif
