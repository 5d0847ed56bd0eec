#ifndef SITU_NUMA_REGION_H
#define SITU_NUMA_REGION_H

#include "base/err.h"
#include "numa/memory.h"

/* One region of guest memory in this process's address space. One thread at a time. */

#define PAGE_4K UINT64_C(4096)

/* Maps region->spec (already checked), or adopts spec.hva. On failure region_unmap() is still due.
 * No page is touched. */
int region_map(struct gmem_region *region, struct err *err);
/* mlock(2): all pages, or each once it is touched where the region is not prefaulted. */
int region_lock(struct gmem_region *region, struct err *err);
void region_unmap(struct gmem_region *region);

#endif
