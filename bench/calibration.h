#ifndef SITU_BENCH_CALIBRATION_H
#define SITU_BENCH_CALIBRATION_H

#include <stdbool.h>

#include "affinity/topology.h"
#include "base/err.h"

/*
 * Measures a host's latencies, so that placement rests on this machine and not on its model's
 * reputation: cache lines between CPUs for each home of the line, memory between nodes.
 * One thread; it pins helper threads of its own, and the host should be idle meanwhile.
 *
 * Tables are by the topology's indices. NAN: not measured.
 */
struct calibration {
	unsigned int nr_cpus, nr_nodes;
	float *c2c_ns; /* nr_nodes (home) x nr_cpus x nr_cpus, symmetric */
	double *mem_ns; /* nr_nodes (CPU side) x nr_nodes (memory), idle */
	double *mem_loaded_ns; /* the same while the node's other CPUs stream from that memory */
	double *mem_bw; /* MB/s, all CPUs of the node reading */
	unsigned long nr_steps; /* pairs of CPUs times homes that were measured */
	unsigned long nr_possible; /* that there are */
	unsigned long nr_unsteady; /* measured with a quartile spread above 10 % */
	unsigned long nr_disturbed; /* samples dropped because a thread was switched out */
	unsigned long nr_failed; /* steps in which every sample was disturbed */
	bool simulated; /* the CPUs are emulated: figures say nothing of hardware */
	char hypervisor[13]; /* its CPUID signature, or "" on bare metal */
};

struct calibration_limits {
	unsigned long steps; /* all pairs and homes up to here, representatives of classes above */
	unsigned int samples; /* per step */
	unsigned long long memory_bytes; /* at most, per node */
};
extern const struct calibration_limits calibration_default_limits;

/* done of total steps; what names the stage ("lines", "memory"). */
typedef void calibration_progress(const char *what, unsigned long done, unsigned long total,
				  void *arg);

/* EXIT_NO where the map is not of this host, EXIT_HOST where binding or pinning is refused. */
int calibration_run(struct calibration *calibration, const struct topology *topo,
		    const struct calibration_limits *limits, calibration_progress *progress,
		    void *arg, struct err *err);
void calibration_fini(struct calibration *calibration);

/* Writes the file atomically (a new file, then rename): {"key", "c2c", "mem_ns", ...}. */
int calibration_write(const struct calibration *calibration, const struct topology *topo,
		      const char *key, const char *path, struct err *err);

#endif
