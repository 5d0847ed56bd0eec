#include "numa/memory.h"

#include <stdlib.h>

#include <errno.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/size.h"
#include "numa/bind.h"
#include "numa/capacity.h"
#include "numa/populate.h"
#include "numa/region.h"

#define GPA_LIMIT (UINT64_C(1) << 52) /* guest-physical addresses of x86 have at most 52 bits */

static int invalid(const struct gmem_spec *spec, const char *fault, struct err *err)
{
	return err_set(err, EXIT_INPUT, EINVAL,
		       "memory: region at 0x%llx of 0x%llx bytes %s; change its address or size",
		       (unsigned long long)spec->gpa, (unsigned long long)spec->len, fault);
}

static int check_region(const struct gmem_spec *spec, struct err *err)
{
	uint64_t page = spec->page_size;

	if (page != PAGE_4K && page != 2 * MIB && page != GIB)
		return invalid(spec, "has a page size that is not 4K, 2M or 1G", err);
	if (!spec->len)
		return invalid(spec, "is empty", err);
	if (spec->gpa >= GPA_LIMIT || spec->len > GPA_LIMIT - spec->gpa)
		return invalid(spec, "ends beyond 52 bits of address", err);
	if (spec->gpa % page || spec->len % page || (uintptr_t)spec->hva % page)
		return invalid(spec, "is not made of whole pages", err);
	if (spec->hva && (spec->shared || page != PAGE_4K))
		return invalid(spec, "is memory of the caller's and cannot be mapped anew", err);
	if (spec->policy != MEM_POLICY_LOCAL && cpuset_empty(&spec->nodes))
		return invalid(spec, "has a policy but names no node", err);
	return 0;
}

static int check_overlap(const struct gmem *gmem, struct err *err)
{
	for (unsigned int i = 1; i < gmem->nr_regions; i++) {
		const struct gmem_spec *low = &gmem->regions[i - 1].spec;

		if (gmem->regions[i].spec.gpa - low->gpa < low->len)
			return invalid(&gmem->regions[i].spec, "overlaps the one below it", err);
	}
	return 0;
}

static int by_gpa(const void *a, const void *b)
{
	gpa_t left = ((const struct gmem_region *)a)->spec.gpa;
	gpa_t right = ((const struct gmem_region *)b)->spec.gpa;

	return (left > right) - (left < right);
}

static void copy_spec(struct gmem_region *region, const struct gmem_spec *spec)
{
	struct gmem_spec *own = &region->spec;

	*own = *spec;
	own->nodes = own->prefault_cpus = (struct cpuset){ 0 };
	cpuset_copy(&own->nodes, &spec->nodes);
	cpuset_copy(&own->prefault_cpus, &spec->prefault_cpus);
	if (!own->page_size)
		own->page_size = PAGE_4K;
	if (own->page_size > PAGE_4K)
		own->prefault = true;
	region->wanted_page_size = own->page_size;
	region->memfd = region->slot = -1;
}

static void copy_specs(struct gmem *gmem, const struct gmem_spec *specs, unsigned int nr)
{
	gmem->regions = alloc_zeroed(nr, sizeof(*gmem->regions));
	gmem->nr_regions = nr;
	for (unsigned int i = 0; i < nr; i++)
		copy_spec(&gmem->regions[i], &specs[i]);
	qsort(gmem->regions, nr, sizeof(*gmem->regions), by_gpa);
}

static int check(const struct gmem *gmem, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < gmem->nr_regions; i++)
		ret = check_region(&gmem->regions[i].spec, err);
	return ret ? ret : check_overlap(gmem, err);
}

/*
 * Where a bound node is full, the kernel does not fail the fault: it kills the process (OOM). So
 * small pages that are touched now are taken from their nodes by preference, and what spilled is
 * moved in, or is the error, when all are there: confine().
 */
static bool confined_later(const struct gmem_spec *spec, const struct cpuset *host_nodes)
{
	return spec->policy == MEM_POLICY_BIND && spec->prefault && spec->page_size == PAGE_4K &&
	       !spec->hva && !cpuset_subset(host_nodes, &spec->nodes);
}

static int confine(const struct gmem_region *region, const struct cpuset *host_nodes,
		   struct err *err)
{
	const struct gmem_spec *spec = &region->spec;
	AUTO_FREE char *nodes = cpuset_string(&spec->nodes);
	char size[SIZE_TEXT];
	int ret;

	if (!confined_later(spec, host_nodes))
		return 0;
	ret = bind_range(region->hva, spec->len, spec->policy, &spec->nodes, true, err);
	if (ret != -EIO)
		return ret;
	return err_set(err, EXIT_HOST, ENOMEM,
		       "memory: node %s is full, not all of %s fit there; free memory there, allow "
		       "other nodes or ask for less",
		       nodes, size_format(spec->len, size));
}

/* Memory of the caller's has pages already; they move. */
static int bind_region(struct gmem_region *region, const struct cpuset *host_nodes, struct err *err)
{
	struct gmem_spec *spec = &region->spec;
	enum mem_policy policy = spec->policy;
	struct err refused;
	int ret;

	/* The caller's own node, even if the threads that prefault run elsewhere. */
	if (policy == MEM_POLICY_LOCAL && spec->prefault && cpuset_empty(&spec->nodes) &&
	    cpuset_empty(&spec->prefault_cpus)) {
		cpuset_add(&spec->nodes, bind_current_node());
		policy = MEM_POLICY_PREFERRED;
	}
	if (confined_later(spec, host_nodes))
		policy = MEM_POLICY_PREFERRED;
	ret = bind_range(region->hva, spec->len, policy, &spec->nodes, spec->hva != NULL, &refused);
	/* A container may refuse the call, which matters only where pages could go elsewhere. */
	if ((ret == -EPERM || ret == -ENOSYS) &&
	    (spec->policy == MEM_POLICY_LOCAL || cpuset_subset(host_nodes, &spec->nodes)))
		return 0;
	if (ret)
		*err = refused;
	return ret;
}

static int map_and_bind(struct gmem *gmem, const struct cpuset *host_nodes, struct err *err)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < gmem->nr_regions; i++) {
		ret = region_map(&gmem->regions[i], err);
		if (!ret)
			ret = bind_region(&gmem->regions[i], host_nodes, err);
	}
	return ret;
}

static int fill(struct gmem *gmem, const struct gmem_options *options,
		const struct cpuset *host_nodes, struct err *err)
{
	struct populate_options populate = { .progress = options->progress, .arg = options->arg };
	int ret = populate_regions(gmem, &populate, err);

	for (unsigned int i = 0; !ret && i < gmem->nr_regions; i++) {
		ret = confine(&gmem->regions[i], host_nodes, err);
		if (!ret && gmem->regions[i].spec.mlock)
			ret = region_lock(&gmem->regions[i], err);
	}
	return ret;
}

static void warn(const struct gmem *gmem, const struct err *shortage)
{
	char wanted[SIZE_TEXT], got[SIZE_TEXT];

	if (shortage->errnum)
		log_warn("%s", shortage->text);
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		const struct gmem_region *region = &gmem->regions[i];

		if (region->spec.page_size != region->wanted_page_size)
			log_warn("memory: too few %s pages for the region at 0x%llx, it gets %s "
				 "pages",
				 size_format(region->wanted_page_size, wanted),
				 (unsigned long long)region->spec.gpa,
				 size_format(region->spec.page_size, got));
	}
}

static int make(struct gmem *gmem, const struct gmem_options *options, struct err *err)
{
	struct capacity capacity __attribute__((cleanup(capacity_fini))) = { 0 };
	struct fs_root host __attribute__((cleanup(fs_close))) = { .fd = -1 };
	struct err warning = { 0 };
	int ret = options->root ? 0 : fs_open_host(&host, err);

	if (!ret)
		ret = capacity_read(&capacity, options->root ? options->root : &host, err);
	if (!ret)
		ret = capacity_plan(&capacity, gmem, &warning, err);
	if (!ret)
		warn(gmem, &warning);
	if (!ret)
		ret = map_and_bind(gmem, &capacity.nodes, err);
	return ret ? ret : fill(gmem, options, &capacity.nodes, err);
}

int gmem_init(struct gmem *gmem, const struct gmem_spec *specs, unsigned int nr,
	      const struct gmem_options *options, struct err *err)
{
	static const struct gmem_options defaults;
	int ret;

	copy_specs(gmem, specs, nr);
	ret = check(gmem, err);
	if (!ret)
		ret = make(gmem, options ? options : &defaults, err);
	if (ret)
		gmem_fini(gmem);
	return ret;
}

void gmem_fini(struct gmem *gmem)
{
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		region_unmap(&gmem->regions[i]);
		cpuset_fini(&gmem->regions[i].spec.nodes);
		cpuset_fini(&gmem->regions[i].spec.prefault_cpus);
	}
	free(gmem->regions);
	*gmem = (struct gmem){ 0 };
}

void *gmem_ptr(const struct gmem *gmem, gpa_t gpa, uint64_t len)
{
	unsigned int low = 0, high = gmem->nr_regions;

	/* The last region that starts at or below gpa is regions[low - 1]. */
	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (gmem->regions[mid].spec.gpa <= gpa)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;

	const struct gmem_region *region = &gmem->regions[low - 1];
	uint64_t offset = gpa - region->spec.gpa;

	if (offset >= region->spec.len || len > region->spec.len - offset)
		return NULL;
	return (char *)region->hva + offset;
}

int gmem_move(struct gmem *gmem, unsigned int index, enum mem_policy policy,
	      const struct cpuset *nodes, struct err *err)
{
	struct gmem_region *region = &gmem->regions[index];
	int ret = bind_range(region->hva, region->spec.len, policy, nodes, true, err);

	if (ret && ret != -EIO)
		return ret;
	region->spec.policy = policy;
	cpuset_copy(&region->spec.nodes, nodes);
	return ret;
}
