#ifndef SITU_NUMA_RESIDENCY_H
#define SITU_NUMA_RESIDENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "numa/memory.h"

/*
 * Where the pages of guest memory really are. One thread at a time; on a running VM too.
 *
 * Pages are counted per node from numa_maps, which costs little; only where some are off plan are
 * they named one by one (move_pages(2)). A page is a page of the region's page_size; transparent
 * huge pages count as the small pages that they are made of.
 */
#define RESIDENCY_NAMED 16u /* strays that are named; all are counted */

struct residency_stray {
	gpa_t gpa;
	unsigned int node;
};

struct residency_region {
	const struct gmem_region *region;
	uint64_t total, present, off_plan; /* pages */
	uint64_t *on_node; /* pages present, by the operating system's node number */
	unsigned int nr_nodes; /* length of on_node */
	struct residency_stray strays[RESIDENCY_NAMED];
	unsigned int nr_strays; /* of off_plan, those named */
	bool balanced; /* interleaved: every node within 5 % of its share; else true */
};

struct residency {
	struct residency_region *regions; /* as in the gmem, which must outlive this */
	unsigned int nr_regions;
	bool on_plan; /* no page is off plan, and all are balanced */
};

/* root: where proc/self is read, NULL: this host. Fails with EXIT_UNVERIFIED where the kernel does
 * not tell. */
int residency_read(struct residency *residency, const struct gmem *gmem, const struct fs_root *root,
		   struct err *err);
void residency_fini(struct residency *residency);

/* "memory: 4 GiB on node 1, 1048576 of 1048576 pages present, all on plan". The caller frees. */
char *residency_line(const struct residency_region *region);

#endif
