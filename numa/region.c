/*
 * Each region gets a reservation of address space larger than itself, in which it lies so that its
 * host and guest addresses agree below the largest page: KVM can then map huge pages whole. The
 * rest of the reservation stays inaccessible, so that an overrun faults and no neighbouring mapping
 * merges with the region, which would blur the kernel's page counts per mapping (residency.c).
 */
#include "numa/region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/size.h"

#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26 /* linux/memfd.h; MAP_HUGE_SHIFT is the same */
#endif

static bool is_hugetlb(const struct gmem_spec *spec)
{
	return spec->page_size > PAGE_4K;
}

static int huge_bits(uint64_t page_size)
{
	return __builtin_ctzll(page_size) << MFD_HUGE_SHIFT;
}

static int reserve(struct gmem_region *region, struct err *err)
{
	const struct gmem_spec *spec = &region->spec;
	uint64_t align = spec->page_size > 2 * MIB ? spec->page_size : 2 * MIB;
	size_t len = spec->len + 2 * align;
	char size[SIZE_TEXT];
	uintptr_t at;
	void *base;

	base = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return err_sys(err, EXIT_HOST, errno, "memory: cannot reserve %s of address space",
			       size_format(spec->len, size));
	region->reserved = base;
	region->reserved_len = len;
	at = (uintptr_t)base + PAGE_4K;
	at += (spec->gpa - at) & (align - 1);
	region->hva = (char *)base + (at - (uintptr_t)base);
	return 0;
}

/* Sealed against resizing: a peer that has the descriptor cannot make an access here fault. */
static int open_memfd(struct gmem_region *region, struct err *err)
{
	const struct gmem_spec *spec = &region->spec;
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	if (is_hugetlb(spec))
		flags |= MFD_HUGETLB | (unsigned int)huge_bits(spec->page_size);
	region->memfd = memfd_create("situ-memory", flags);
	if (region->memfd < 0)
		return err_sys(err, EXIT_HOST, errno, "memory: cannot make a memfd");
	if (ftruncate(region->memfd, (off_t)spec->len))
		return err_sys(err, EXIT_HOST, errno, "memory: cannot size a memfd");
	if (fcntl(region->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return err_sys(err, EXIT_HOST, errno, "memory: cannot seal a memfd");
	return 0;
}

static int map_flags(const struct gmem_spec *spec)
{
	int flags = MAP_FIXED | (spec->shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);

	/* Huge pages are taken from the pool's count at once; small ones when touched. */
	if (!is_hugetlb(spec))
		return flags | MAP_NORESERVE;
	return spec->shared ? flags : flags | MAP_HUGETLB | huge_bits(spec->page_size);
}

static int map_pages(struct gmem_region *region, struct err *err)
{
	const struct gmem_spec *spec = &region->spec;
	char size[SIZE_TEXT], page[SIZE_TEXT];
	void *at;

	at = mmap(region->hva, spec->len, PROT_READ | PROT_WRITE, map_flags(spec), region->memfd,
		  0);
	if (at != MAP_FAILED)
		return 0;
	size_format(spec->len, size);
	size_format(spec->page_size, page);
	if (is_hugetlb(spec) && errno == ENOMEM)
		return err_set(
			err, EXIT_HOST, ENOMEM,
			"memory: the host has not enough free %s pages for %s; free memory or set "
			"a smaller memory.hugepage_size",
			page, size);
	return err_sys(err, EXIT_HOST, errno, "memory: cannot map %s in %s pages", size, page);
}

static int advise(const struct gmem_region *region, int advice, const char *what, struct err *err)
{
	if (!madvise(region->hva, region->spec.len, advice))
		return 0;
	/* A kernel built without the feature answers EINVAL, and then there is nothing to switch.
	 */
	if (errno == EINVAL)
		return 0;
	return err_sys(err, EXIT_HOST, errno, "memory: cannot %s", what);
}

/* A child made by fork must not share the pages: the next write here would move them. */
static int advise_all(const struct gmem_region *region, struct err *err)
{
	int thp = region->spec.thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
	int ret = advise(region, MADV_DONTDUMP, "leave guest memory out of core dumps", err);

	if (!ret)
		ret = advise(region, MADV_DONTFORK, "keep guest memory from child processes", err);
	if (!ret && !is_hugetlb(&region->spec))
		ret = advise(region, MADV_UNMERGEABLE, "keep KSM off guest memory", err);
	if (!ret && !is_hugetlb(&region->spec))
		ret = advise(region, thp, "set transparent huge pages", err);
	return ret;
}

/* The caller's memory keeps its own advice; it only has to be there. msync() walks the mappings and
 * does nothing else with MS_ASYNC. */
static int adopt(struct gmem_region *region, struct err *err)
{
	const struct gmem_spec *spec = &region->spec;

	region->hva = spec->hva;
	if (!msync(spec->hva, spec->len, MS_ASYNC))
		return 0;
	return err_set(
		err, EXIT_HOST, EFAULT,
		"memory: the memory given for guest address 0x%llx is not mapped at %p to its "
		"end; map all of it first",
		(unsigned long long)spec->gpa, spec->hva);
}

int region_map(struct gmem_region *region, struct err *err)
{
	int ret;

	if (region->spec.hva)
		return adopt(region, err);
	ret = reserve(region, err);
	if (!ret && region->spec.shared)
		ret = open_memfd(region, err);
	if (!ret)
		ret = map_pages(region, err);
	return ret ? ret : advise_all(region, err);
}

int region_lock(struct gmem_region *region, struct err *err)
{
	const struct gmem_spec *spec = &region->spec;
	char size[SIZE_TEXT], most[SIZE_TEXT];
	struct rlimit limit;

	if (!mlock2(region->hva, spec->len, spec->prefault ? 0 : MLOCK_ONFAULT))
		return 0;
	if ((errno != EPERM && errno != ENOMEM && errno != EAGAIN) ||
	    getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur >= spec->len)
		return err_sys(err, EXIT_HOST, errno, "memory: cannot lock %s",
			       size_format(spec->len, size));
	return err_set(
		err, EXIT_HOST, EPERM,
		"memory: cannot lock %s, the limit of this process is %s; raise it (ulimit -l, "
		"LimitMEMLOCK= of a unit) or set memory.mlock: false",
		size_format(spec->len, size), size_format(limit.rlim_cur, most));
}

void region_unmap(struct gmem_region *region)
{
	if (region->reserved)
		munmap(region->reserved, region->reserved_len);
	else if (region->hva && region->spec.mlock)
		munlock(region->hva, region->spec.len);
	if (region->memfd >= 0)
		close(region->memfd);
	region->reserved = NULL;
	region->hva = NULL;
	region->memfd = -1;
}
