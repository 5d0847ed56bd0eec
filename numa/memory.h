#ifndef SITU_NUMA_MEMORY_H
#define SITU_NUMA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

/*
 * Guest memory: regions of guest-physical addresses, each mapped here and placed on host nodes.
 *
 * The set of regions is fixed before vCPUs run; from then on any thread may call gmem_ptr(). The
 * other calls belong to one thread at a time. What lies behind a pointer is the guest's: copy it,
 * check the copy, use the copy.
 */
typedef uint64_t gpa_t;

enum mem_policy { MEM_POLICY_LOCAL, MEM_POLICY_BIND, MEM_POLICY_PREFERRED, MEM_POLICY_INTERLEAVE };

/*
 * One region as the plan wants it. `nodes` are host nodes by the operating system's number. With
 * LOCAL they may be empty and do not steer: pages go where they are touched first, and `nodes` is
 * what verification expects. LOCAL without nodes and without prefault_cpus, but prefaulted, means
 * the node of the thread that calls gmem_init().
 */
struct gmem_spec {
	gpa_t gpa;
	uint64_t len; /* bytes; like gpa a multiple of page_size */
	enum mem_policy policy;
	struct cpuset nodes;
	uint64_t page_size; /* 4 KiB (0 means that), 2 MiB or 1 GiB; above 4 KiB: hugetlb */
	bool page_size_fallback; /* take smaller pages where these run out; the region says which */
	bool thp; /* ask for transparent huge pages, where page_size is 4 KiB */
	bool prefault; /* implied by hugetlb: a page missing later would be a SIGBUS */
	bool mlock;
	bool shared; /* memfd instead of anonymous */
	struct cpuset prefault_cpus; /* CPUs whose threads touch the pages first; empty: anywhere */
	void *hva; /* memory of the caller's to use instead of mapping new; NULL: map */
};

struct gmem_region {
	struct gmem_spec spec; /* owned copy; page_size as it came out */
	uint64_t wanted_page_size; /* above spec.page_size where it fell back */
	void *hva;
	int memfd; /* -1 where anonymous */
	int slot; /* KVM memslot, -1: not registered */
	void *reserved; /* address space around hva, guards included; NULL: the caller's memory */
	size_t reserved_len;
};

struct gmem {
	struct gmem_region *regions; /* sorted by gpa, no overlap */
	unsigned int nr_regions;
};

/* How memory is made; NULL or {0} stands for this host, silently. */
struct gmem_options {
	const struct fs_root *root; /* where sysfs and procfs are read; NULL: this host */
	void (*progress)(void *arg, uint64_t done,
			 uint64_t total); /* bytes; from the caller's thread */
	void *arg;
};

/*
 * Checks, maps, binds, prefaults and locks the regions, in that order. On failure everything is
 * undone, *gmem is empty and err names the region or node and the remedy:
 *   -EINVAL     zero, unaligned, overlapping or wrapping region, page size not offered
 *   -ENODEV     a node that is absent or not allowed
 *   -ENOMEM     pages missing on a node
 *   -EPERM      mbind or mlock not permitted
 *   -EFAULT     memory of the caller's that is not mapped
 */
int gmem_init(struct gmem *gmem, const struct gmem_spec *specs, unsigned int nr,
	      const struct gmem_options *options, struct err *err);
void gmem_fini(struct gmem *gmem);

/* The one door from a guest address to a pointer: NULL unless [gpa, gpa + len) lies in one region.
 * len 0 asks for one valid address. Never overflows. */
void *gmem_ptr(const struct gmem *gmem, gpa_t gpa, uint64_t len);

/* Gives a region another policy and moves its present pages; on a running VM too. Pages that could
 * not be moved are an error (-EIO) which leaves the new policy in force: verify, or try again. */
int gmem_move(struct gmem *gmem, unsigned int region, enum mem_policy policy,
	      const struct cpuset *nodes, struct err *err);

#endif
