#ifndef SITU_AFFINITY_PLACE_HOST_H
#define SITU_AFFINITY_PLACE_HOST_H

#include "affinity/place.h"

/*
 * What is left of the host while VM after VM is placed. Part of the placement engine; one thread.
 *
 * CPUs, nodes and L3s are indices into the topology here and everywhere inside the engine.
 */
#define PLACE_SMALL_PAGE   4096u
#define PLACE_POOLS	   4u
#define PLACE_ROOM_UNKNOWN (UINT64_C(1) << 50) /* sums of it must not overflow */

struct place_pool {
	uint64_t page_size, pages; /* free ones */
};

struct place_node_room {
	uint64_t small; /* bytes of small pages left; PLACE_ROOM_UNKNOWN where no size is known */
	struct place_pool pools[PLACE_POOLS];
	double bandwidth_used;
};

struct place_host {
	const struct topology *topo;
	const struct place_request *request;
	struct cost_model model;
	int *holder; /* per CPU: index into holders, -1: free */
	const char **holder_names;
	bool *holder_shares;
	unsigned int nr_holders;
	double *l3_working_set; /* per cache: bytes that holders use in it */
	struct place_node_room *nodes;
};

int place_host_init(struct place_host *host, const struct place_request *request, struct err *err);
void place_host_fini(struct place_host *host);

/* Bytes of such pages that the node can still give. */
uint64_t place_host_room(const struct place_host *host, unsigned int node, uint64_t page_size);

/* Takes away what a placed VM holds. */
void place_host_commit(struct place_host *host, const struct place_vm *vm,
		       const struct place_vm_plan *plan);

/* How a VM may use a CPU. */
enum place_usable { PLACE_UNUSABLE, PLACE_FREE, PLACE_SHARED };

struct place_filter {
	int kind; /* only this CPU kind; -1: any */
	bool shared; /* CPUs of holders that share count too */
	bool whole; /* only if idle cores suffice */
};

/* usable[cpu] for every CPU of the topology; pins are not looked at. */
void place_host_usable(const struct place_host *host, const struct place_vm *vm,
		       const struct place_filter *filter, uint8_t *usable);

/* The index of a node in the VM's order of preference; 0 where it has none; -1: not allowed. */
int place_node_rank(const struct topology *topo, const struct place_vm *vm, unsigned int node);

#endif
