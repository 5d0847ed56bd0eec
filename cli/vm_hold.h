#ifndef SITU_CLI_VM_HOLD_H
#define SITU_CLI_VM_HOLD_H

#include "affinity/place.h"
#include "affinity/reserve.h"
#include "affinity/topology.h"

/*
 * A VM's place among the others of this host: what they hold goes into its placement, what it got
 * is made known to them. Main thread only.
 *
 *   vm_hold_open -> (place) -> vm_hold_take -> ... -> vm_hold_release
 *
 * From open to take no other VM of the host is placed.
 */
struct vm_hold {
	struct reserve reserve;
	struct reserve_hold hold;
	struct reserve_list list;
	struct reserve_claim claim;
	struct place_holder *holders;
	struct place_node_state *nodes;
	bool is_open;
};

/* Fills *state, which points into hold, and reads the map's free memory anew: what a VM stops
 * promising has to show as used by then. EXIT_HOST. Always vm_hold_release(). */
int vm_hold_open(struct vm_hold *hold, struct topology *topo, struct place_host_state *state,
		 struct err *err);
/* For who only looks: the others may go on, nothing is taken. */
void vm_hold_unlock(struct vm_hold *hold);
/* Makes the plan known; the others may go on. -EEXIST: a VM of this name runs. */
int vm_hold_take(struct vm_hold *hold, const char *name, const struct place_vm *request,
		 const struct place_vm_plan *plan, struct err *err);
/* The same for a claim that the caller has filled. */
int vm_hold_commit(struct vm_hold *hold, struct err *err);
/* All its memory is populated: the kernel's own counts show it from now on. */
void vm_hold_populated(struct vm_hold *hold);
void vm_hold_release(struct vm_hold *hold);

#endif
