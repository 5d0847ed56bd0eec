#ifndef SITU_AFFINITY_PLACE_JOB_H
#define SITU_AFFINITY_PLACE_JOB_H

#include "affinity/place_dp.h"
#include "affinity/place_host.h"
#include "affinity/place_traffic.h"
#include "affinity/place_tree.h"

/*
 * One VM at its turn: what the steps of the engine hand to each other. Part of the placement
 * engine; one thread.
 */
struct place_job {
	struct place_host *host;
	const struct place_vm *vm;
	struct place_vm_plan *plan;
	struct traffic traffic;
	double misses_per_s;
	bool communicates; /* the request gave traffic: cost decides, not the number of nodes */

	int *cpu; /* per vCPU: where it is, -1: not yet */
	bool *pinned; /* per vCPU: to one CPU */
	struct cpuset **allowed; /* per vCPU: pinned to one of several CPUs; NULL: free */
	unsigned int nr_free; /* vCPUs that are not pinned to one CPU */
	uint8_t *pinned_cpu; /* per CPU: a vCPU of this VM is pinned to it */
	uint8_t *usable; /* per CPU, enum place_usable */

	struct tree tree;
	const struct dp_rule *rule;
	struct dp dp;
	struct dp_node *nodes; /* per node domain of the tree */
	unsigned int *counts; /* per core of the tree: vCPUs that it gets */
	int *group_node; /* per guest node given: its node domain in the tree, -1: none */

	bool doubled; /* more vCPUs than CPUs */
	bool far_memory; /* not all of it fits on the nodes of the vCPUs */
	bool counts_exact; /* counts are proven best by the rule */
	bool best_proven; /* so is what the search found */
	double bound; /* T1, T2 and T8 together cannot be less; 0: not known */
	unsigned long steps; /* search budget left */
};

/* A device of the topology by name or PCI address, -1: none. Requests per second asked of it. */
int place_find_device(const struct topology *topo, const char *name);
double place_device_rate(const struct place_device *device);

/* Reasons, warnings and alternatives; text is printf's. */
void plan_reason(struct place_vm_plan *plan, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void plan_warn(struct place_vm_plan *plan, const char *code, const char *remedy, const char *fmt,
	       ...) __attribute__((format(printf, 4, 5)));
void plan_alternative(struct place_vm_plan *plan, const char *level, double cost, bool chosen,
		      const char *why_not, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* Says why the VM cannot be placed, the first time; returns false. */
bool plan_refuse(struct place_vm_plan *plan, const char *constraint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
