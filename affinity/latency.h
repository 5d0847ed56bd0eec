#ifndef SITU_AFFINITY_LATENCY_H
#define SITU_AFFINITY_LATENCY_H

#include <stddef.h>

#include "base/err.h"

/*
 * Measured latencies: CPU to CPU for one cache line, node to node for memory. Filled once, then
 * constant: any thread may read it.
 *
 * Rows and columns of c2c_ns are the operating system's CPU numbers, 0 to nr_cpus - 1; of mem_ns
 * and mem_bw, its node numbers. NAN: not measured. A cell that was measured one way only stands for
 * both ways. With nr_homes 0 the node that held the line is not known and there is one table; else
 * one table per node that can hold it, the tables behind each other.
 */
#define LATENCY_MAX_CPUS  8192u
#define LATENCY_MAX_NODES 1024u
#define LATENCY_MAX_BYTES (1u << 30) /* of the file, and of all tables together */

struct latency {
	unsigned int nr_cpus, nr_homes, nr_nodes;
	unsigned int *homes; /* the node of each table; NULL where nr_homes is 0 */
	float *c2c_ns; /* max(nr_homes, 1) x nr_cpus x nr_cpus */
	double *mem_ns; /* nr_nodes x nr_nodes, or NULL */
	double *mem_bw; /* MB/s, nr_nodes x nr_nodes, or NULL */
	char *key; /* which host and boot was measured; NULL: a bare CSV, host not known */
};

/* Reads what `text` holds: a JSON object {key, c2c: {home: [[ns]]}, mem_ns, mem_bw}, or CSV, one
 * line per CPU, cells in ns, empty where not measured (the lower triangle is enough). -EINVAL,
 * -ERANGE, -EFBIG with the line and column in err; *latency is then as after latency_fini(). */
int latency_parse(struct latency *latency, const char *text, size_t len, struct err *err);

/* The same from a file; err names the path. */
int latency_load(struct latency *latency, const char *path, struct err *err);
void latency_fini(struct latency *latency);

/* NAN where not measured or out of range. home: a node's number, or -1: the best that was measured.
 */
double latency_c2c_ns(const struct latency *latency, unsigned int a, unsigned int b, int home);

#endif
