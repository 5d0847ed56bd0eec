#ifndef SITU_NUMA_MEMORY_H
#define SITU_NUMA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"

/*
 * Guest memory: regions of guest-physical addresses, each mapped here and placed on host nodes.
 *
 * The set of regions is fixed before vCPUs run; from then on any thread may call gmem_ptr(). What
 * lies behind a pointer is the guest's: copy it, check the copy, use the copy.
 */
typedef uint64_t gpa_t;

enum mem_policy { MEM_POLICY_LOCAL, MEM_POLICY_BIND, MEM_POLICY_PREFERRED, MEM_POLICY_INTERLEAVE };

/* One region as the plan wants it. */
struct gmem_spec {
	gpa_t gpa;
	uint64_t len; /* bytes, a multiple of page_size */
	enum mem_policy policy;
	struct cpuset
		nodes; /* host nodes by the operating system's number; may be empty for LOCAL */
	uint64_t page_size; /* 4 KiB, 2 MiB or 1 GiB; above 4 KiB means hugetlb */
	bool page_size_fallback; /* take smaller pages where these run out; the result says which */
	bool thp, prefault, mlock;
	bool shared; /* memfd instead of anonymous */
	struct cpuset prefault_cpus; /* CPUs whose threads touch the pages first; empty: anywhere */
};

struct gmem_region {
	struct gmem_spec spec; /* owned copy; page_size as it came out */
	void *hva;
	int memfd; /* -1 where anonymous */
	int slot; /* KVM memslot, -1: not registered */
};

struct gmem {
	struct gmem_region *regions; /* sorted by gpa, no overlap */
	unsigned int nr_regions;
};

/* The one door from a guest address to a pointer: NULL unless [gpa, gpa + len) lies in one region.
 * len 0 asks for one valid address. Never overflows. */
void *gmem_ptr(const struct gmem *gmem, gpa_t gpa, uint64_t len);

#endif
