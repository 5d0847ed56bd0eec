/*
 * hwloc's tree into the arrays of a map, in hwloc's logical order (left to right). Objects without
 * a CPU that may be used are left out, nodes excepted: their memory counts. Each hwloc object that
 * has a place in an array remembers it in its userdata.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "affinity/topology_source.h"
#include "base/alloc.h"

struct fill {
	struct topology *topo;
	hwloc_topology_t hw;
};

static void set_index(hwloc_obj_t obj, unsigned int index)
{
	/* NULL: has no place. NOLINTNEXTLINE(performance-no-int-to-ptr): hwloc's own idiom */
	obj->userdata = (void *)((uintptr_t)index + 1);
}

static int get_index(hwloc_obj_t obj)
{
	return (int)(uintptr_t)obj->userdata - 1;
}

/* hwloc's sets may be infinite (a full bitmap); such a set says nothing. */
static void copy_set(struct cpuset *to, hwloc_const_bitmap_t from)
{
	unsigned int nr;

	cpuset_clear(to);
	if (!from || hwloc_bitmap_weight(from) < 0)
		return;
	hwloc_bitmap_foreach_begin(nr, from)
	{
		if (nr < CPUSET_MAX)
			cpuset_add(to, nr);
	}
	hwloc_bitmap_foreach_end();
}

static unsigned int count_type(const struct fill *fill, hwloc_obj_type_t type)
{
	int nr = hwloc_get_nbobjs_by_type(fill->hw, type);

	return nr > 0 ? (unsigned int)nr : 0;
}

static int parent_index(hwloc_obj_t obj, hwloc_obj_type_t type)
{
	for (obj = obj->parent; obj; obj = obj->parent)
		if (obj->type == type)
			return get_index(obj);
	return -1;
}

/* The next object of the type that holds a CPU, or NULL. */
static hwloc_obj_t next_with_cpus(const struct fill *fill, hwloc_obj_type_t type, hwloc_obj_t obj)
{
	do
		obj = hwloc_get_next_obj_by_type(fill->hw, type, obj);
	while (obj && hwloc_bitmap_iszero(obj->cpuset));
	return obj;
}

/* A file need not number packages and cores. */
static unsigned int number_of(hwloc_obj_t obj, unsigned int index)
{
	return obj->os_index == HWLOC_UNKNOWN_INDEX ? index : obj->os_index;
}

/* CPUID pads the model name with blanks. */
static char *trimmed(const char *text)
{
	size_t len;

	text += text ? strspn(text, " ") : 0;
	len = text ? strlen(text) : 0;
	while (len && text[len - 1] == ' ')
		len--;
	return len ? alloc_printf("%.*s", (int)len, text) : NULL;
}

static void fill_packages(struct fill *fill)
{
	struct topology *topo = fill->topo;
	hwloc_obj_t obj = NULL;

	topo->packages =
		alloc_zeroed(count_type(fill, HWLOC_OBJ_PACKAGE) + 1, sizeof(*topo->packages));
	while ((obj = next_with_cpus(fill, HWLOC_OBJ_PACKAGE, obj))) {
		const char *model = hwloc_obj_get_info_by_name(obj, "CPUModel");
		struct topo_package *package = &topo->packages[topo->nr_packages];

		set_index(obj, topo->nr_packages++);
		package->os = number_of(obj, topo->nr_packages - 1);
		copy_set(&package->cpus, obj->cpuset);
		package->model = trimmed(model);
	}
	while ((obj = next_with_cpus(fill, HWLOC_OBJ_DIE, obj)))
		set_index(obj, topo->nr_dies++);
}

/* What the firmware or a driver says about a node's memory. DAX types are the kernel's
 * (device-dax memory that was handed to the page allocator). */
static void fill_kind(struct topo_node *node, hwloc_obj_t obj)
{
	static const struct {
		const char *tag;
		enum mem_kind kind;
		const char *source;
	} rules[] = {
		{ "MCDRAM", MEM_HBM, "tagged MCDRAM" },	    { "HBM", MEM_HBM, "tagged HBM" },
		{ "NVM", MEM_PMEM, "tagged NVM" },	    { "DRAM", MEM_DRAM, "tagged DRAM" },
		{ "CXL-DRAM", MEM_CXL, "tagged CXL-DRAM" }, { "CXL", MEM_CXL, "tagged CXL" },
	};
	const char *tags[] = { obj->subtype, hwloc_obj_get_info_by_name(obj, "DAXType") };
	const char *dax = hwloc_obj_get_info_by_name(obj, "DAXParent");

	node->kind = MEM_UNKNOWN;
	node->kind_source = "untagged, without CPUs";
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		if (!tags[i])
			continue;
		node->kind_source = "a tag that names no kind";
		for (size_t j = 0; j < sizeof(rules) / sizeof(*rules); j++) {
			if (strcmp(tags[i], rules[j].tag) != 0)
				continue;
			node->kind = rules[j].kind;
			node->kind_source = rules[j].source;
			return;
		}
	}
	/* ACPI0017 is the CXL root (Compute Express Link specification, 9.14.1). */
	if (dax && strstr(dax, "ACPI0017")) {
		node->kind = MEM_CXL;
		node->kind_source = "device memory below the CXL root, ACPI0017";
	}
}

/* hwloc lists the pages of normal size first. */
static void fill_pools(struct topo_node *node, const struct hwloc_numanode_attr_s *attr)
{
	if (attr->page_types_len < 2)
		return;
	node->pools = alloc_zeroed(attr->page_types_len, sizeof(*node->pools));
	for (unsigned int i = 1; i < attr->page_types_len; i++) {
		struct topo_hugepages *pool = &node->pools[node->nr_pools++];

		pool->size = attr->page_types[i].size;
		pool->total = pool->free = attr->page_types[i].count;
	}
}

static void fill_nodes(struct fill *fill)
{
	struct topology *topo = fill->topo;

	topo->nr_nodes = count_type(fill, HWLOC_OBJ_NUMANODE);
	topo->nodes = alloc_zeroed(topo->nr_nodes + 1, sizeof(*topo->nodes));
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		hwloc_obj_t obj = hwloc_get_obj_by_type(fill->hw, HWLOC_OBJ_NUMANODE, i);
		struct topo_node *node = &topo->nodes[i];

		set_index(obj, i);
		node->os = obj->os_index;
		node->package = parent_index(obj, HWLOC_OBJ_PACKAGE);
		node->mem_total = obj->attr->numanode.local_memory;
		copy_set(&node->near_cpus, obj->cpuset);
		fill_kind(node, obj);
		fill_pools(node, &obj->attr->numanode);
	}
}

static void fill_cache(struct topo_cache *cache, hwloc_obj_t obj)
{
	static const enum cache_type types[] = {
		[HWLOC_OBJ_CACHE_UNIFIED] = CACHE_UNIFIED,
		[HWLOC_OBJ_CACHE_DATA] = CACHE_DATA,
		[HWLOC_OBJ_CACHE_INSTRUCTION] = CACHE_INSTRUCTION,
	};

	cache->level = obj->attr->cache.depth;
	cache->type = types[obj->attr->cache.type];
	cache->size = obj->attr->cache.size;
	cache->line = obj->attr->cache.linesize;
	cache->ways = obj->attr->cache.associativity > 0
			      ? (unsigned int)obj->attr->cache.associativity
			      : 0;
	copy_set(&cache->cpus, obj->cpuset);
}

static void fill_caches(struct fill *fill)
{
	struct topology *topo = fill->topo;
	unsigned int room = 1;

	for (hwloc_obj_type_t type = HWLOC_OBJ_L1CACHE; type <= HWLOC_OBJ_L3ICACHE; type++)
		room += count_type(fill, type);
	topo->caches = alloc_zeroed(room, sizeof(*topo->caches));
	for (hwloc_obj_type_t type = HWLOC_OBJ_L1CACHE; type <= HWLOC_OBJ_L3ICACHE; type++) {
		hwloc_obj_t obj = NULL;

		while ((obj = next_with_cpus(fill, type, obj))) {
			fill_cache(&topo->caches[topo->nr_caches], obj);
			set_index(obj, topo->nr_caches++);
		}
	}
}

static void fill_cores(struct fill *fill)
{
	struct topology *topo = fill->topo;
	hwloc_obj_t obj = NULL;

	/* A source without cores: every CPU gets one of its own, hence the room. */
	topo->cores =
		alloc_zeroed(count_type(fill, HWLOC_OBJ_CORE) + count_type(fill, HWLOC_OBJ_PU) + 1,
			     sizeof(*topo->cores));
	while ((obj = next_with_cpus(fill, HWLOC_OBJ_CORE, obj))) {
		struct topo_core *core = &topo->cores[topo->nr_cores];

		set_index(obj, topo->nr_cores++);
		core->os = number_of(obj, topo->nr_cores - 1);
		core->package = parent_index(obj, HWLOC_OBJ_PACKAGE);
		core->die = parent_index(obj, HWLOC_OBJ_DIE);
		core->node = -1;
		copy_set(&core->cpus, obj->cpuset);
	}
}

/* The smallest data or unified cache of the level above the CPU. */
static int cache_above(hwloc_obj_t pu, unsigned int level)
{
	for (hwloc_obj_t obj = pu->parent; obj; obj = obj->parent)
		if (hwloc_obj_type_is_dcache(obj->type) && obj->attr->cache.depth == level)
			return get_index(obj);
	return -1;
}

static unsigned int core_of(const struct fill *fill, hwloc_obj_t pu, const struct topo_cpu *cpu)
{
	int index = parent_index(pu, HWLOC_OBJ_CORE);
	struct topo_core *core;

	if (index >= 0)
		return (unsigned int)index;
	core = &fill->topo->cores[fill->topo->nr_cores];
	*core = (struct topo_core){
		.os = cpu->os, .package = cpu->package, .die = cpu->die, .node = -1
	};
	cpuset_add(&core->cpus, cpu->os);
	return fill->topo->nr_cores++;
}

static int fill_cpus(struct fill *fill, struct err *err)
{
	struct topology *topo = fill->topo;
	AUTO_FREE unsigned int *siblings = NULL;

	topo->nr_cpus = count_type(fill, HWLOC_OBJ_PU);
	topo->cpus = alloc_zeroed(topo->nr_cpus + 1, sizeof(*topo->cpus));
	siblings = alloc_zeroed(topo->nr_cores + topo->nr_cpus + 1, sizeof(*siblings));
	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		hwloc_obj_t obj = hwloc_get_obj_by_type(fill->hw, HWLOC_OBJ_PU, i);
		struct topo_cpu *cpu = &topo->cpus[i];

		if (obj->os_index >= CPUSET_MAX)
			return err_set(err, EXIT_INPUT, ERANGE,
				       "CPU number %u is beyond the largest that situ takes, %u",
				       obj->os_index, CPUSET_MAX - 1);
		cpu->os = obj->os_index;
		cpu->package = parent_index(obj, HWLOC_OBJ_PACKAGE);
		cpu->die = parent_index(obj, HWLOC_OBJ_DIE);
		cpu->node = -1;
		cpu->kind = -1;
		cpu->capacity = 1024;
		cpu->core = core_of(fill, obj, cpu);
		cpu->smt = siblings[cpu->core]++;
		cpu->l1d = cache_above(obj, 1);
		cpu->l2 = cache_above(obj, 2);
		cpu->l3 = cache_above(obj, 3);
		cpuset_add(&topo->allowed, cpu->os);
	}
	return 0;
}

/* hwloc orders kinds by efficiency, the least able first. */
static void fill_kinds(struct fill *fill)
{
	struct topology *topo = fill->topo;
	int nr = hwloc_cpukinds_get_nr(fill->hw, 0);

	topo->nr_kinds = nr > 0 ? (unsigned int)nr : 0;
	if (nr < 2)
		return;
	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		hwloc_obj_t obj = hwloc_get_obj_by_type(fill->hw, HWLOC_OBJ_PU, i);

		topo->cpus[i].kind = hwloc_cpukinds_get_by_cpuset(fill->hw, obj->cpuset, 0);
		topo->cpus[i].capacity = 0;
	}
}

/* The kernel's node distances are the firmware's SLIT; distances that somebody measured and put
 * into a file are of another scale, and not taken. */
static void copy_distances(struct topology *topo, const struct hwloc_distances_s *from)
{
	topo->distances =
		alloc_zeroed((size_t)topo->nr_nodes * topo->nr_nodes, sizeof(*topo->distances));
	for (unsigned int i = 0; i < from->nbobjs; i++) {
		for (unsigned int j = 0; j < from->nbobjs; j++) {
			hwloc_uint64_t value = from->values[i * from->nbobjs + j];
			int row = from->objs[i] ? get_index(from->objs[i]) : -1;
			int column = from->objs[j] ? get_index(from->objs[j]) : -1;

			if (row >= 0 && column >= 0 && value <= 255)
				topo->distances[(unsigned int)row * topo->nr_nodes +
						(unsigned int)column] = (unsigned int)value;
		}
	}
}

static void fill_distances(struct fill *fill)
{
	struct hwloc_distances_s *found;
	unsigned int nr = 1;

	if (hwloc_distances_get_by_type(
		    fill->hw, HWLOC_OBJ_NUMANODE, &nr, &found,
		    HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) ||
	    !nr)
		return;
	copy_distances(fill->topo, found);
	hwloc_distances_release(fill->hw, found);
}

/* The value that the initiator holding all of a node's CPUs has; NAN where there is none. */
static double attr_value(const struct fill *fill, hwloc_memattr_id_t id, hwloc_obj_t from,
			 hwloc_obj_t to)
{
	struct hwloc_location initiator = { .type = HWLOC_LOCATION_TYPE_CPUSET,
					    .location.cpuset = from->cpuset };
	hwloc_uint64_t value;

	if (hwloc_bitmap_iszero(from->cpuset) ||
	    hwloc_memattr_get_value(fill->hw, id, to, &initiator, 0, &value))
		return NAN;
	return (double)value;
}

static void fill_attr(struct fill *fill, enum mem_attr attr, hwloc_memattr_id_t id)
{
	unsigned int nr = fill->topo->nr_nodes, known = 0;
	double *values = alloc_zeroed((size_t)nr * nr, sizeof(*values));

	for (unsigned int i = 0; i < nr; i++) {
		hwloc_obj_t from = hwloc_get_obj_by_type(fill->hw, HWLOC_OBJ_NUMANODE, i);

		for (unsigned int j = 0; j < nr; j++) {
			values[i * nr + j] =
				attr_value(fill, id, from,
					   hwloc_get_obj_by_type(fill->hw, HWLOC_OBJ_NUMANODE, j));
			known += !isnan(values[i * nr + j]);
		}
	}
	if (known)
		fill->topo->mem_attr[attr] = values;
	else
		free(values);
}

/* Complete sets hold also what is offline or belongs to others. */
static void fill_hidden(struct fill *fill)
{
	hwloc_obj_t root = hwloc_get_root_obj(fill->hw);
	AUTO_CPUSET struct cpuset shown = { 0 };

	copy_set(&fill->topo->disallowed, root->complete_cpuset);
	cpuset_sub(&fill->topo->disallowed, &fill->topo->allowed);
	copy_set(&fill->topo->disallowed_nodes, root->complete_nodeset);
	copy_set(&shown, root->nodeset);
	cpuset_sub(&fill->topo->disallowed_nodes, &shown);
}

int topology_fill_hwloc(struct topology *topo, hwloc_topology_t hw, struct err *err)
{
	struct fill fill = { .topo = topo, .hw = hw };
	int ret;

	fill_packages(&fill);
	fill_nodes(&fill);
	fill_caches(&fill);
	fill_cores(&fill);
	ret = fill_cpus(&fill, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (topo->nodes[i].os >= CPUSET_MAX)
			return err_set(err, EXIT_INPUT, ERANGE,
				       "node number %u is beyond the largest that situ takes, %u",
				       topo->nodes[i].os, CPUSET_MAX - 1);
	fill_kinds(&fill);
	fill_distances(&fill);
	fill_attr(&fill, MEM_ATTR_LATENCY_NS, HWLOC_MEMATTR_ID_LATENCY);
	fill_attr(&fill, MEM_ATTR_BANDWIDTH_MBS, HWLOC_MEMATTR_ID_BANDWIDTH);
	fill_hidden(&fill);
	return 0;
}
