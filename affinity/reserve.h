#ifndef SITU_AFFINITY_RESERVE_H
#define SITU_AFFINITY_RESERVE_H

#include <stdbool.h>

#include "affinity/reserve_state.h"
#include "base/err.h"

/*
 * What the running VMs of this host hold, with no daemon. One thread at a time.
 *
 * A folder, /run/situ, has one folder per VM with the files "lock" and "plan.json". A VM keeps its
 * lock (flock(2)) while it lives; the kernel frees it however the VM ends, so a folder whose lock
 * is free is stale and goes away at the next look. One lock for the whole host, ".lock",
 * serialises:
 *
 *   reserve_open -> reserve_lock -> reserve_list -> (place) -> reserve_take -> reserve_unlock
 *
 * Locks belong to open files, so a child made by fork shares them until it closes or executes.
 */
struct reserve {
	int dir_fd, lock_fd;
	bool locked;
	bool per_user; /* not /run/situ: VMs of other users are not seen */
};

/* The reservation of a VM of ours. {.lock_fd = -1}: none. */
struct reserve_hold {
	int lock_fd;
	char name[RESERVE_NAME_MAX + 1];
};

struct reserve_list {
	struct reserve_claim *claims;
	unsigned int nr_claims;
};

/* path NULL: /run/situ, and where that cannot be made $XDG_RUNTIME_DIR/situ. The folder has to
 * belong to root or to the caller. */
int reserve_open(struct reserve *reserve, const char *path, struct err *err);
void reserve_close(struct reserve *reserve); /* holds stay */

/* Waits at most timeout_ms for the others; -ETIMEDOUT. */
int reserve_lock(struct reserve *reserve, unsigned int timeout_ms, struct err *err);
void reserve_unlock(struct reserve *reserve);

/* All VMs that run, and removes what ended ones left. Needs the lock. A state that cannot be read
 * is logged and left out, so that one broken file stops nobody. */
int reserve_list(struct reserve *reserve, struct reserve_list *list, struct err *err);
void reserve_list_fini(struct reserve_list *list);

/* Makes the claim known; needs the lock. -EEXIST: a VM of this name runs; -EBUSY: one of the CPUs
 * is held by another VM and either side is exclusive (err names CPU and VM); -EINVAL: the name. */
int reserve_take(struct reserve *reserve, struct reserve_hold *hold,
		 const struct reserve_claim *claim, struct err *err);
/* Writes the claim anew, once memory is populated or the VM has moved. Needs the lock where CPUs or
 * memory are added. */
int reserve_update(struct reserve *reserve, const struct reserve_hold *hold,
		   const struct reserve_claim *claim, struct err *err);
/* The VM's folder, for what else belongs there; the caller closes. -ENOENT. */
int reserve_open_vm(const struct reserve *reserve, const char *name);
/* Does a VM of this name run? Only its own end makes this false. */
bool reserve_is_running(const struct reserve *reserve, const char *name);
/* Gives everything back; takes the lock where the caller has not. */
void reserve_release(struct reserve *reserve, struct reserve_hold *hold);

/* Bytes of a node's pages of this size that are promised to VMs and not yet visible as used. */
uint64_t reserve_taken(const struct reserve_list *list, unsigned int node, uint64_t page_size);

#endif
