#ifndef SITU_AFFINITY_PLACE_CPUS_H
#define SITU_AFFINITY_PLACE_CPUS_H

#include "affinity/place_job.h"

/* Which CPU each vCPU gets. Part of the placement engine; one thread. */

/* Fills job->cpu; false after plan_refuse(). */
bool cpus_choose(struct place_job *job);

/* Takes down the tree and tables of an attempt; job->cpu of unpinned vCPUs is -1 again. */
void cpus_reset(struct place_job *job);

/* Even shares over nodes, L3s and cores, siblings last. counts: per core of the tree; false where
 * there is no room. (place_spread.c) */
bool spread_counts(const struct tree *tree, enum place_smt smt, unsigned int wanted,
		   unsigned int *counts);

/* A node domain for each guest node given, with room for its vCPUs and memory; false: none found
 * and the VM is placed as one. vcpus: per node domain. (place_groups.c) */
bool groups_to_nodes(struct place_job *job, unsigned int *vcpus);

/* Bytes of one guest node or, without any, of the VM; and the page size. */
uint64_t place_vm_bytes(const struct place_vm *vm);
uint64_t place_page_size(const struct place_vm *vm, const struct place_guest_node *guest);

#endif
