#ifndef SITU_AFFINITY_COST_H
#define SITU_AFFINITY_COST_H

#include <stdbool.h>

#include "affinity/latency.h"
#include "affinity/topology.h"

/*
 * What a placement costs, term by term. Pure; a model is constant once made, any thread may read
 * it.
 *
 * All terms but fragmentation are ns of stall per second, summed over a VM's vCPUs, so they add up.
 * Sources of each are in docs/placement.md.
 */
enum cost_term {
	COST_COMM, /* T1 lines exchanged by vCPUs: sum of W[i][j] * latency between their CPUs */
	COST_MEMORY, /* T2 misses of vCPUs: latency from their node to the pages' node, loaded */
	COST_LLC, /* T3 working sets that do not fit the L3 they share with other VMs */
	COST_SMT, /* T4 sharing a core with a busy sibling, or a CPU with other load */
	COST_LINKS, /* T5 demand against the bandwidth of memory and of links between nodes */
	COST_FRAGMENTATION, /* T6 later VMs that no longer fit an L3 or a node: a count, never
			       summed */
	COST_CHURN, /* T7 moves of what runs already */
	COST_DEVICES, /* T8 I/O threads away from their device */
	NR_COST_TERMS
};

struct cost {
	double term[NR_COST_TERMS];
};

extern const char *const cost_term_names[NR_COST_TERMS]; /* "comm", "memory", ... */

/* The sum without fragmentation, which only breaks ties. */
double cost_total(const struct cost *cost);

/* Where the CPU to CPU latencies come from. */
enum cost_source {
	COST_FROM_CLASSES, /* published medians of the vendor's classes, scaled by node distances */
	COST_FROM_MATRIX, /* measured; cells that are missing get their class's measured median */
};

struct cost_model {
	const struct topology *topo; /* not owned */
	const struct latency *latency; /* not owned; NULL: classes */
	enum cost_source source;
	double class_ns[NR_RELATIONS]; /* used for pairs without a measured cell; SAME is 0 */
	double far_home; /* factor on REL_NODE and REL_PACKAGE when the line's home is another
			    package */
	double *node_c2c_ns; /* nr_nodes x nr_nodes: lines between CPUs of two nodes */
	double *mem_ns; /* nr_nodes (CPU side) x nr_nodes (memory) */
	double *mem_bw; /* MB/s, same shape; NAN: not known */
	const char *mem_source; /* "measured", "memory attributes", "node distances", "assumed" */
	const char *class_source; /* which published classes */
};

/* latency may be NULL. Both must outlive the model. -EINVAL where the matrix does not fit the host
 * (CPUs missing from it altogether). */
int cost_model_init(struct cost_model *model, const struct topology *topo,
		    const struct latency *latency, struct err *err);
void cost_model_fini(struct cost_model *model);

/* One line from CPU a to CPU b (indices), ns, both ways averaged. home: index of the node that
 * holds the line's memory, or -1: the better one of the two CPUs' nodes. */
double cost_c2c_ns(const struct cost_model *model, unsigned int a, unsigned int b, int home);

/* The same by class alone, whatever was measured. */
double cost_class_ns(const struct cost_model *model, unsigned int a, unsigned int b);

/* Reading memory of node `to` from a CPU of node `from` (indices), idle, ns. */
double cost_mem_ns(const struct cost_model *model, unsigned int from, unsigned int to);

/* Factor on memory latency at a share 0..1 of the bandwidth in use: 1 at rest, 3.3 at full load. */
double cost_load_factor(double utilisation);

/* T3 for one L3: the share of the working sets that does not fit, as misses to local memory. */
double cost_llc_ns(double working_set, double others, double l3_bytes, double miss_rate,
		   double memory_ns);

/* T4 for one vCPU that shares its core with `busy` other threads and its CPU with `load` (0..1). */
double cost_smt_ns(unsigned int busy, double load);

/* T6: vCPUs of VMs of 2, of 4, of 8 and of 16 vCPUs that fit into `cores` free cores. */
double cost_room(unsigned int cores);

#endif
