/*
 * Regions are served in the order of how little choice they have: first those that need one node,
 * then those that may use several, then those that may spill anywhere; and within that, those that
 * cannot fall back to smaller pages first. What does not fit is charged to the first node of the
 * region, which is then short.
 */
#include "numa/capacity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"

#define NODE_FOLDER "sys/devices/system/node"

static const uint64_t class_size[NR_PAGE_CLASSES] = { 4 * KIB, 2 * MIB, GIB };

static enum page_class class_of(uint64_t page_size)
{
	return page_size == GIB ? PAGES_1G : page_size == 2 * MIB ? PAGES_2M : PAGES_4K;
}

/* The number behind "<key>:" in a meminfo, of the host or of a node ("Node 0 MemFree:  12 kB"). */
static uint64_t meminfo_bytes(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = strstr(text, key); at; at = strstr(at + len, key))
		if ((at == text || at[-1] == '\n' || at[-1] == ' ') && at[len] == ':')
			return strtoull(at + len + 1, NULL, 10) * KIB;
	return 0;
}

static uint64_t small_free(const struct capacity *capacity, const struct fs_root *root,
			   unsigned int node)
{
	char text[8192];

	if (capacity->nr_nodes == 1 && fs_read(root, "proc/meminfo", text, sizeof(text)) > 0)
		return meminfo_bytes(text, "MemAvailable");
	if (fs_readf(root, text, sizeof(text), NODE_FOLDER "/node%u/meminfo", node) <= 0)
		return 0;
	return meminfo_bytes(text, "MemFree") + meminfo_bytes(text, "Active(file)") +
	       meminfo_bytes(text, "Inactive(file)") + meminfo_bytes(text, "SReclaimable");
}

static uint64_t huge_free(const struct fs_root *root, unsigned int node, uint64_t size)
{
	unsigned long long kib = size / KIB;
	uint64_t pages = 0;

	if (fs_read_u64f(root, &pages,
			 NODE_FOLDER "/node%u/hugepages/hugepages-%llukB/free_hugepages", node,
			 kib) == -ENOENT &&
	    !fs_exists(root, NODE_FOLDER))
		fs_read_u64f(root, &pages,
			     "sys/kernel/mm/hugepages/hugepages-%llukB/free_hugepages", kib);
	return pages;
}

static void read_offered(struct capacity *capacity, const struct fs_root *root)
{
	char path[64];

	capacity->offered[PAGES_4K] = true;
	for (int c = PAGES_2M; c < NR_PAGE_CLASSES; c++) {
		snprintf(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%llukB",
			 (unsigned long long)(class_size[c] / KIB));
		capacity->offered[c] = fs_exists(root, path);
	}
}

static void read_allowed(struct capacity *capacity, const struct fs_root *root)
{
	static const char key[] = "\nMems_allowed_list:";
	AUTO_FREE char *text = NULL;
	struct err unused;
	char *at, *end;

	cpuset_copy(&capacity->allowed, &capacity->nodes);
	if (fs_read_all(root, "proc/self/status", 1 << 20, &text) < 0 || !(at = strstr(text, key)))
		return;
	at += strlen(key);
	at += strspn(at, " \t");
	end = strchr(at, '\n');
	if (end)
		*end = '\0';
	if (cpuset_parse(&capacity->allowed, at, &unused))
		cpuset_copy(&capacity->allowed, &capacity->nodes);
}

int capacity_read(struct capacity *capacity, const struct fs_root *root, struct err *err)
{
	int ret = fs_read_listf(root, &capacity->nodes, NODE_FOLDER "/has_memory");

	if (ret == -ENOENT && !fs_exists(root, NODE_FOLDER))
		cpuset_add(&capacity->nodes, 0);
	else if (ret)
		return err_sys(err, EXIT_HOST, -ret,
			       "memory: cannot read /" NODE_FOLDER "/has_memory");
	read_allowed(capacity, root);
	read_offered(capacity, root);
	capacity->nr_nodes = cpuset_count(&capacity->nodes);
	capacity->node = alloc_zeroed(capacity->nr_nodes, sizeof(*capacity->node));

	struct capacity_node *at = capacity->node;

	cpuset_for_each (node, &capacity->nodes) {
		at->node = (unsigned int)node;
		at->free[PAGES_4K] = small_free(capacity, root, at->node) / class_size[PAGES_4K];
		for (int c = PAGES_2M; c < NR_PAGE_CLASSES; c++)
			if (capacity->offered[c])
				at->free[c] = huge_free(root, at->node, class_size[c]);
		at++;
	}
	return 0;
}

void capacity_fini(struct capacity *capacity)
{
	cpuset_fini(&capacity->nodes);
	cpuset_fini(&capacity->allowed);
	free(capacity->node);
	*capacity = (struct capacity){ 0 };
}

static int check_nodes(const struct capacity *capacity, const struct gmem_spec *spec,
		       struct err *err)
{
	AUTO_FREE char *wanted = cpuset_string(&spec->nodes);
	AUTO_FREE char *there = cpuset_string(&capacity->nodes);
	AUTO_FREE char *allowed = cpuset_string(&capacity->allowed);

	if (!cpuset_subset(&spec->nodes, &capacity->nodes))
		return err_set(
			err, EXIT_HOST, ENODEV,
			"memory: node %s is wanted, but the nodes of this host with memory are "
			"%s; name one of these",
			wanted, there);
	if (!cpuset_subset(&spec->nodes, &capacity->allowed))
		return err_set(
			err, EXIT_HOST, ENODEV,
			"memory: node %s is wanted, but this process may use node %s only; widen "
			"cpuset.mems of its cgroup",
			wanted, allowed);
	return 0;
}

static bool spills(const struct gmem_spec *spec)
{
	return spec->policy == MEM_POLICY_PREFERRED || spec->policy == MEM_POLICY_LOCAL;
}

static uint64_t left(const struct capacity_node *node, enum page_class pclass)
{
	return node->free[pclass] > node->wanted[pclass] ? node->free[pclass] - node->wanted[pclass]
							 : 0;
}

/* Interleaving deals pages out evenly, the remainder to the first nodes. */
static uint64_t share(const struct gmem_spec *spec, uint64_t pages, unsigned int rank)
{
	unsigned int nr = cpuset_count(&spec->nodes);

	return pages / nr + (rank < pages % nr);
}

static bool fits(const struct capacity *capacity, const struct gmem_spec *spec,
		 enum page_class pclass)
{
	uint64_t pages = spec->len / class_size[pclass], room = 0;
	unsigned int rank = 0;

	for (unsigned int i = 0; i < capacity->nr_nodes; i++) {
		const struct capacity_node *node = &capacity->node[i];
		bool named = cpuset_has(&spec->nodes, node->node);

		if (named && spec->policy == MEM_POLICY_INTERLEAVE &&
		    left(node, pclass) < share(spec, pages, rank++))
			return false;
		if (named || spills(spec))
			room += left(node, pclass);
	}
	return room >= pages;
}

static uint64_t take(struct capacity_node *node, enum page_class pclass, uint64_t pages)
{
	uint64_t part = left(node, pclass);

	if (part > pages)
		part = pages;
	node->wanted[pclass] += part;
	return pages - part;
}

static void charge(struct capacity *capacity, const struct gmem_spec *spec, enum page_class pclass)
{
	uint64_t pages = spec->len / class_size[pclass], rest = pages;
	struct capacity_node *first = NULL;
	unsigned int rank = 0;

	for (unsigned int i = 0; i < capacity->nr_nodes; i++) {
		struct capacity_node *node = &capacity->node[i];

		if (!cpuset_has(&spec->nodes, node->node))
			continue;
		if (!first)
			first = node;
		if (spec->policy == MEM_POLICY_INTERLEAVE)
			node->wanted[pclass] += share(spec, pages, rank++);
		else
			rest = take(node, pclass, rest);
	}
	if (spec->policy == MEM_POLICY_INTERLEAVE)
		return;
	for (unsigned int i = 0; spills(spec) && i < capacity->nr_nodes; i++)
		rest = take(&capacity->node[i], pclass, rest);
	if (!first)
		first = &capacity->node[0];
	first->wanted[pclass] += rest;
}

static void serve(struct capacity *capacity, struct gmem_spec *spec)
{
	enum page_class pclass = class_of(spec->page_size);

	while (pclass > PAGES_4K && spec->page_size_fallback && !fits(capacity, spec, pclass))
		pclass--;
	spec->page_size = class_size[pclass];
	charge(capacity, spec, pclass);
}

static unsigned int rank_of(const struct gmem_spec *spec)
{
	bool choice = spec->policy == MEM_POLICY_BIND && cpuset_count(&spec->nodes) > 1;

	return (spec->page_size_fallback ? 3 : 0) + (spills(spec) ? 2 : choice ? 1 : 0);
}

static int not_offered(const struct gmem_spec *spec, struct err *err)
{
	char size[SIZE_TEXT];

	return err_set(err, EXIT_HOST, EINVAL,
		       "memory: this host offers no %s pages; set %s, or reserve some (kernel "
		       "parameters hugepagesz= and hugepages=)",
		       size_format(spec->page_size, size),
		       spec->page_size == GIB ? "memory.hugepage_size: 2M"
					      : "memory.hugepages: false");
}

static size_t add_shortage(char *text, size_t len, const struct capacity_node *node,
			   enum page_class pclass)
{
	unsigned long long has = node->free[pclass], needs = node->wanted[pclass];
	char a[SIZE_TEXT], b[SIZE_TEXT];

	if (pclass == PAGES_4K)
		return (size_t)snprintf(text, len, "node %u has about %s free, %s are needed; ",
					node->node, size_format(has * class_size[pclass], a),
					size_format(needs * class_size[pclass], b));
	return (size_t)snprintf(text, len, "node %u has %llu free %s pages, %llu are needed; ",
				node->node, has, size_format(class_size[pclass], a), needs);
}

/* All shortages of a page size as "node 1 has 3 free 1 GiB pages, 8 are needed; ", or "". */
static bool shortages(const struct capacity *capacity, enum page_class pclass, char *text,
		      size_t len)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned int i = 0; i < capacity->nr_nodes; i++)
		if (capacity->node[i].wanted[pclass] > capacity->node[i].free[pclass] && used < len)
			used += add_shortage(text + used, len - used, &capacity->node[i], pclass);
	return used;
}

static int judge(const struct capacity *capacity, struct err *warning, struct err *err)
{
	char gib[200], mib[200], small[400];
	bool no_gib = shortages(capacity, PAGES_1G, gib, sizeof(gib));
	bool no_mib = shortages(capacity, PAGES_2M, mib, sizeof(mib));

	*warning = (struct err){ 0 };
	if (shortages(capacity, PAGES_4K, small, sizeof(small)))
		err_set(warning, EXIT_HOST, ENOMEM,
			"memory: %sthis is an estimate, but the guest may find no memory there",
			small);
	if (!no_gib && !no_mib)
		return 0;
	return err_set(err, EXIT_HOST, ENOMEM, "memory: %s%sfree memory or set %s", gib, mib,
		       no_gib ? "memory.hugepage_size: 2M" : "memory.hugepages: false");
}

int capacity_plan(struct capacity *capacity, struct gmem *gmem, struct err *warning,
		  struct err *err)
{
	for (unsigned int i = 0; i < gmem->nr_regions; i++) {
		const struct gmem_spec *spec = &gmem->regions[i].spec;
		int ret = check_nodes(capacity, spec, err);

		if (ret)
			return ret;
		if (!spec->page_size_fallback && !capacity->offered[class_of(spec->page_size)])
			return not_offered(spec, err);
	}
	for (unsigned int rank = 0; rank < 6; rank++)
		for (unsigned int i = 0; i < gmem->nr_regions; i++)
			if (!gmem->regions[i].spec.hva && rank_of(&gmem->regions[i].spec) == rank)
				serve(capacity, &gmem->regions[i].spec);
	return judge(capacity, warning, err);
}
