#ifndef SITU_BENCH_CALIBRATION_STEPS_H
#define SITU_BENCH_CALIBRATION_STEPS_H

#include "affinity/topology.h"

/*
 * Which pairs of CPUs to measure with the line on which node. Pure; any thread.
 *
 * Every pair with every home where that fits the limit; else every pair with the line at home with
 * one of the two, and some pairs of each class with other homes; else some pairs of each class. A
 * class is a relation between two nodes: inside one, latencies differ by 5 to 15 %, so a few
 * pairs stand for all.
 */
struct calibration_step {
	unsigned int a, b, home; /* indices of CPUs and node */
};

/* Writes *steps, which the caller frees; returns how many. *possible: all pairs and homes. */
unsigned long calibration_steps(const struct topology *topo, unsigned long limit,
				struct calibration_step **steps, unsigned long *possible);

#endif
