#ifndef SITU_BENCH_MEMORY_PROBE_H
#define SITU_BENCH_MEMORY_PROBE_H

#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"

/*
 * Memory of one node as the CPUs of another see it: how long one load takes, idle and while others
 * stream, and how many bytes arrive in a second. One thread at a time; it makes its own.
 */
struct memory_buffer {
	void *mem;
	uint64_t len;
};

/* Maps len bytes on the node (the operating system's number), huge pages where they come for free,
 * touches and links them for the chase, and checks where a page landed. EXIT_HOST. */
int memory_buffer_init(struct memory_buffer *buffer, unsigned int node, uint64_t len,
		       struct err *err);
void memory_buffer_fini(struct memory_buffer *buffer);

/* ns per dependent load, median of samples, by the lowest CPU of the set. With `load`, the set's
 * other CPUs read the buffer meanwhile; -ENODATA where there is no other. */
int memory_probe_latency(const struct memory_buffer *buffer, const struct cpuset *cpus, int load,
			 double *ns, unsigned long *disturbed, struct err *err);

/* MB/s that all CPUs of the set together read from the buffer. */
int memory_probe_bandwidth(const struct memory_buffer *buffer, const struct cpuset *cpus,
			   double *mbs, struct err *err);

#endif
