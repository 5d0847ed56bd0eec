#ifndef SITU_AFFINITY_PLACE_SLOTS_H
#define SITU_AFFINITY_PLACE_SLOTS_H

#include "affinity/place_job.h"
#include "affinity/place_search.h"

/*
 * The job as an assignment problem, and back. Part of the placement engine; one thread.
 *
 * A unit is a vCPU, or the vCPUs of one core where siblings are to be together. A slot is a core,
 * or a whole L3 (or L2) where latencies come from classes and its cores are all alike.
 */
struct slots {
	struct place_job *job;
	struct search search;
	unsigned int threads; /* vCPUs per unit at most */
	unsigned int *unit; /* per vCPU */
	unsigned int nr_units;
	bool by_core;
	unsigned int *slot; /* per core of the tree; UINT32_MAX: none */
	unsigned int *domain; /* per slot: a domain of the tree */
	unsigned int *first; /* per slot: its first core in the tree; the domain may have others */
	unsigned int *level_of[NR_PLACE_LEVELS]; /* per slot: which core, L3, node, package */
};

/* False where there is nothing to search, or too much. */
bool slots_init(struct slots *slots, struct place_job *job);
void slots_fini(struct slots *slots);

/* job->cpu from where the units are. */
void slots_give_out(struct slots *slots);

#endif
