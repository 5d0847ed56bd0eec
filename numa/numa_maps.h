#ifndef SITU_NUMA_NUMA_MAPS_H
#define SITU_NUMA_NUMA_MAPS_H

#include <stdint.h>

/* Reader of /proc/PID/numa_maps (Documentation/filesystems/proc.rst). Pure; any thread. */

/* One count of one mapping: `pages` pages of `page_size` bytes on `node`. A mapping is known by its
 * first address. */
struct numa_count {
	uint64_t start, page_size, pages;
	unsigned int node;
};

/* Calls visit for each count. -EINVAL where a line has no address or no kernelpagesize_kB; what was
 * visited until then stays visited. */
int numa_maps_read(const char *text, void (*visit)(const struct numa_count *count, void *arg),
		   void *arg);

#endif
