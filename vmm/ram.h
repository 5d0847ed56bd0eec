#ifndef SITU_VMM_RAM_H
#define SITU_VMM_RAM_H

#include "numa/memory.h"
#include "vmm/guest_topology.h"

/*
 * Where each guest node's RAM lies among guest-physical addresses: node after node upwards from 0,
 * around the hole below 4 GiB. Pure.
 */
struct ram_range {
	gpa_t gpa;
	uint64_t len;
	unsigned int node; /* guest node */
};

struct ram_map {
	struct ram_range *ranges; /* sorted by gpa */
	unsigned int nr_ranges;
};

/* Nodes without bytes get no range. Node sizes are multiples of the page size, and so are the
 * hole's ends for every page size up to 1 GiB, hence every range is too. */
void ram_map_init(struct ram_map *map, const struct guest_node *nodes, unsigned int nr_nodes);
void ram_map_fini(struct ram_map *map);

/* The first address behind all RAM. */
gpa_t ram_map_end(const struct ram_map *map);

#endif
