#ifndef SITU_NUMA_CAPACITY_H
#define SITU_NUMA_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"
#include "numa/memory.h"

/*
 * What each host node can give, held against what regions want, before any of it is taken. One
 * thread at a time.
 *
 * Huge pages are counted exactly: the kernel maps a region although its node lacks them, and the
 * access that comes later ends in SIGBUS. Small pages can only be estimated, since caches give way:
 * free + reclaimable, on a host with one node MemAvailable.
 */
enum page_class { PAGES_4K, PAGES_2M, PAGES_1G, NR_PAGE_CLASSES };

struct capacity_node {
	unsigned int node; /* the operating system's number */
	uint64_t free[NR_PAGE_CLASSES], wanted[NR_PAGE_CLASSES]; /* pages */
};

struct capacity {
	struct cpuset nodes; /* those with memory */
	struct cpuset allowed; /* those that this process may use; = nodes where not known */
	struct capacity_node *node; /* in ascending order */
	unsigned int nr_nodes;
	bool offered[NR_PAGE_CLASSES];
};

/* Reads sysfs and procfs below root. A kernel without NUMA counts as one node, 0. */
int capacity_read(struct capacity *capacity, const struct fs_root *root, struct err *err);
void capacity_fini(struct capacity *capacity);

/*
 * Adds up what the regions want, node by node. A region with page_size_fallback takes smaller pages
 * where its own size runs out; the others come first. All shortages are told at once:
 *   -ENOMEM  huge pages are missing; -EINVAL: a size that the host does not offer
 *   -ENODEV  a node that is absent, without memory or not allowed
 * A shortage of small pages fills *warning (EXIT_OK in it: none) and is no failure.
 */
int capacity_plan(struct capacity *capacity, struct gmem *gmem, struct err *warning,
		  struct err *err);

#endif
