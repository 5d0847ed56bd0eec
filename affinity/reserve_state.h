#ifndef SITU_AFFINITY_RESERVE_STATE_H
#define SITU_AFFINITY_RESERVE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/err.h"

/*
 * What one VM holds of the host, as a value and as the JSON text in which VMs tell each other.
 * Pure; any thread. A text comes from another process, of another user perhaps: nothing in it is
 * trusted.
 *
 *   {"version": 1, "name": "db", "pid": 812, "cpus": "4-7", "exclusive": true,
 *    "memory": [{"node": 0, "page_size": 4096, "bytes": 4294967296}], "populated": false}
 *
 * Other keys are left for other readers.
 */
#define RESERVE_NAME_MAX   64u /* characters of a VM's name */
#define RESERVE_MEMORY_MAX 1024u /* entries of "memory" */
#define RESERVE_TEXT_MAX   (1u << 20) /* bytes of a text */

struct reserve_memory {
	unsigned int node; /* the operating system's number */
	uint64_t page_size; /* 4 KiB, 2 MiB or 1 GiB */
	uint64_t bytes; /* a multiple of page_size */
};

struct reserve_claim {
	char name[RESERVE_NAME_MAX + 1];
	pid_t pid;
	uid_t uid; /* the owner of its folder, not a word of the text */
	struct cpuset cpus; /* siblings that stay empty included */
	bool exclusive; /* nobody else may use these CPUs */
	struct reserve_memory *memory;
	unsigned int nr_memory;
	bool populated; /* the memory shows as used by now: count it no more */
};

void reserve_claim_fini(struct reserve_claim *claim);

/* Letters, digits, '-', '_' and '.', the first a letter or digit; at most RESERVE_NAME_MAX. */
bool reserve_name_valid(const char *name);

char *reserve_state_write(const struct reserve_claim *claim); /* the caller frees */
/* Fills all of *claim but uid; -EINVAL with err for anything but the form above, *claim is then
 * empty. */
int reserve_state_read(struct reserve_claim *claim, const char *text, size_t len, struct err *err);

#endif
