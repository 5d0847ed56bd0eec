#include "numa/residency.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/mempolicy.h"
#include "base/size.h"
#include "numa/numa_maps.h"

#define BATCH	       16384u /* pages asked for in one move_pages() */
#define NUMA_MAPS_SIZE (64u << 20)

static void add_pages(struct residency_region *r, unsigned int node, uint64_t pages)
{
	if (node >= r->nr_nodes) {
		r->on_node = alloc_resize(r->on_node, node + 1, sizeof(*r->on_node));
		while (r->nr_nodes <= node)
			r->on_node[r->nr_nodes++] = 0;
	}
	r->on_node[node] += pages;
	r->present += pages;
}

/* A mapping belongs to the region in which it starts: guards keep regions from merging. */
static void count_mapping(const struct numa_count *count, void *arg)
{
	struct residency *residency = arg;

	for (unsigned int i = 0; i < residency->nr_regions; i++) {
		struct residency_region *r = &residency->regions[i];
		uint64_t first = (uintptr_t)r->region->hva;

		if (r->region->reserved && count->start - first < r->region->spec.len)
			add_pages(r, count->node,
				  count->pages * count->page_size / r->region->spec.page_size);
	}
}

static bool wanted(const struct gmem_spec *spec, unsigned int node)
{
	return cpuset_empty(&spec->nodes) || cpuset_has(&spec->nodes, node);
}

typedef void (*page_visit)(struct residency_region *r, gpa_t gpa, unsigned int node);

/* Absent pages have a negative status; so have, before Linux 6.0, pages of 1 GiB. */
static int visit_pages(struct residency_region *r, page_visit visit, struct err *err)
{
	uint64_t page = r->region->spec.page_size, done = 0;
	AUTO_FREE void **at = alloc_zeroed(BATCH, sizeof(*at));
	AUTO_FREE int *node = alloc_zeroed(BATCH, sizeof(*node));

	while (done < r->total) {
		unsigned long nr = r->total - done < BATCH ? r->total - done : BATCH;

		for (unsigned long i = 0; i < nr; i++)
			at[i] = (char *)r->region->hva + (done + i) * page;
		if (move_pages(0, nr, at, NULL, node, 0))
			return err_sys(
				err, EXIT_UNVERIFIED, errno,
				"memory: the kernel does not tell where pages are (move_pages)");
		for (unsigned long i = 0; i < nr; i++)
			if (node[i] >= 0)
				visit(r, r->region->spec.gpa + (done + i) * page,
				      (unsigned int)node[i]);
		done += nr;
	}
	return 0;
}

static void count_page(struct residency_region *r, gpa_t gpa, unsigned int node)
{
	(void)gpa;
	add_pages(r, node, 1);
}

static void name_stray(struct residency_region *r, gpa_t gpa, unsigned int node)
{
	if (!wanted(&r->region->spec, node) && r->nr_strays < RESIDENCY_NAMED)
		r->strays[r->nr_strays++] = (struct residency_stray){ gpa, node };
}

static int count_all(struct residency *residency, const struct fs_root *root, struct err *err)
{
	AUTO_FREE char *text = NULL;
	long len = fs_read_all(root, "proc/self/numa_maps", NUMA_MAPS_SIZE, &text);
	int ret = len < 0 ? (int)len : numa_maps_read(text, count_mapping, residency);

	if (ret)
		return err_sys(err, EXIT_UNVERIFIED, -ret,
			       "memory: the kernel does not tell where pages are (numa_maps)");
	/* Memory of the caller's may be a part of a larger mapping, so it is counted by page. */
	for (unsigned int i = 0; !ret && i < residency->nr_regions; i++)
		if (!residency->regions[i].region->reserved)
			ret = visit_pages(&residency->regions[i], count_page, err);
	return ret;
}

/* Within 5 % of an even share, or one page that is dealt out as a whole. */
static bool is_balanced(const struct residency_region *r)
{
	const struct gmem_spec *spec = &r->region->spec;
	uint64_t share, slack, unit = spec->thp && spec->page_size < 2 * MIB ? 512 : 1;

	if (spec->policy != MEM_POLICY_INTERLEAVE)
		return true;
	share = r->present / cpuset_count(&spec->nodes);
	slack = share / 20 > unit ? share / 20 : unit;
	cpuset_for_each (node, &spec->nodes) {
		uint64_t pages = (unsigned int)node < r->nr_nodes ? r->on_node[node] : 0;

		if (pages + slack < share || pages > share + slack)
			return false;
	}
	return true;
}

static int judge(struct residency_region *r, struct err *err)
{
	for (unsigned int node = 0; node < r->nr_nodes; node++)
		if (!wanted(&r->region->spec, node))
			r->off_plan += r->on_node[node];
	r->balanced = is_balanced(r);
	return r->off_plan ? visit_pages(r, name_stray, err) : 0;
}

static int judge_all(struct residency *residency, struct err *err)
{
	int ret = 0;

	residency->on_plan = true;
	for (unsigned int i = 0; !ret && i < residency->nr_regions; i++) {
		struct residency_region *r = &residency->regions[i];

		ret = judge(r, err);
		residency->on_plan = residency->on_plan && !r->off_plan && r->balanced;
	}
	return ret;
}

int residency_read(struct residency *residency, const struct gmem *gmem, const struct fs_root *root,
		   struct err *err)
{
	struct fs_root host __attribute__((cleanup(fs_close))) = { .fd = -1 };
	int ret = root ? 0 : fs_open_host(&host, err);

	*residency = (struct residency){ 0 };
	residency->regions = alloc_zeroed(gmem->nr_regions, sizeof(*residency->regions));
	residency->nr_regions = gmem->nr_regions;
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		const struct gmem_region *region = &gmem->regions[i];

		residency->regions[i].region = region;
		residency->regions[i].total = region->spec.len / region->spec.page_size;
	}
	if (!ret)
		ret = count_all(residency, root ? root : &host, err);
	if (!ret)
		ret = judge_all(residency, err);
	if (ret)
		residency_fini(residency);
	return ret;
}

void residency_fini(struct residency *residency)
{
	for (unsigned int i = 0; i < residency->nr_regions; i++)
		free(residency->regions[i].on_node);
	free(residency->regions);
	*residency = (struct residency){ 0 };
}

static char *verdict(const struct residency_region *r)
{
	if (r->nr_strays)
		return alloc_printf("%llu off plan, the first at 0x%llx on node %u",
				    (unsigned long long)r->off_plan,
				    (unsigned long long)r->strays[0].gpa, r->strays[0].node);
	if (r->off_plan)
		return alloc_printf("%llu off plan", (unsigned long long)r->off_plan);
	return alloc_string(r->balanced ? "all on plan" : "not evenly interleaved");
}

char *residency_line(const struct residency_region *r)
{
	const struct gmem_spec *spec = &r->region->spec;
	AUTO_FREE char *nodes = cpuset_string(&spec->nodes), *tail = verdict(r);
	char size[SIZE_TEXT], page[SIZE_TEXT];
	const char *where = cpuset_count(&spec->nodes) > 1 ? "nodes " : "node ";
	bool huge = spec->page_size > 4 * KIB;

	return alloc_printf("memory: %s on %s%s, %llu of %llu %s%spages present, %s",
			    size_format(spec->len, size), *nodes ? where : "",
			    *nodes ? nodes : "any node", (unsigned long long)r->present,
			    (unsigned long long)r->total,
			    huge ? size_format(spec->page_size, page) : "", huge ? " " : "", tail);
}
