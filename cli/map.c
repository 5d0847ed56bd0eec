#include "cli/map.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/size.h"

static int l3_of(const struct topology *topo, const struct topo_core *core)
{
	int os = cpuset_next(&core->cpus, 0);
	const struct topo_cpu *cpu = os < 0 ? NULL : topology_cpu(topo, (unsigned int)os);

	return cpu ? cpu->l3 : -1;
}

struct map_domain *map_domains(const struct topology *topo, unsigned int *nr)
{
	struct map_domain *domains = alloc_zeroed(topo->nr_cores + 1, sizeof(*domains));
	struct map_domain *last = NULL;

	*nr = 0;
	for (unsigned int i = 0; i < topo->nr_cores; i++) {
		const struct topo_core *core = &topo->cores[i];
		int l3 = l3_of(topo, core);

		if (!last || last->package != core->package || last->node != core->node ||
		    last->l3 != l3) {
			last = &domains[(*nr)++];
			*last = (struct map_domain){
				.package = core->package,
				.node = core->node,
				.l3 = l3,
				.first_core = i,
			};
		}
		last->nr_cores++;
	}
	return domains;
}

unsigned int *map_node_order(const struct topology *topo)
{
	unsigned int *order = alloc_zeroed(topo->nr_nodes + 1, sizeof(*order)), nr = 0;

	for (unsigned int os = 0; os < topo->node_index_len; os++)
		if (topo->node_index[os] >= 0)
			order[nr++] = (unsigned int)topo->node_index[os];
	return order;
}

static const char *plural(unsigned int nr)
{
	return nr == 1 ? "" : "s";
}

char *map_summary(const struct topology *topo)
{
	uint64_t bytes = 0;
	char size[SIZE_TEXT];

	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		bytes += topo->nodes[i].mem_total;
	return alloc_printf("%u package%s, %u node%s, %u core%s, %u CPU%s, %s", topo->nr_packages,
			    plural(topo->nr_packages), topo->nr_nodes, plural(topo->nr_nodes),
			    topo->nr_cores, plural(topo->nr_cores), topo->nr_cpus,
			    plural(topo->nr_cpus), bytes ? size_format(bytes, size) : "no memory");
}

char *map_node_memory(const struct topo_node *node)
{
	static const char *const names[NR_MEM_KINDS] = {
		[MEM_UNKNOWN] = "memory of unknown kind",
		[MEM_DRAM] = "DRAM",
		[MEM_HBM] = "HBM",
		[MEM_CXL] = "CXL memory",
		[MEM_PMEM] = "persistent memory",
	};
	char total[SIZE_TEXT], unused[SIZE_TEXT];

	if (!node->mem_total)
		return alloc_string("no memory");
	size_format(node->mem_total, total);
	if (!node->mem_free_known)
		return alloc_printf("%s %s", names[node->kind], total);
	return alloc_printf("%s %s, %s free", names[node->kind], total,
			    size_format(node->mem_free, unused));
}

const char *map_device_class(enum device_class class)
{
	static const char *const names[] = {
		[DEVICE_NIC] = "NIC",
		[DEVICE_BLOCK] = "disk",
		[DEVICE_GPU] = "GPU",
		[DEVICE_OTHER] = "other",
	};

	return names[class];
}

static bool any_free_known(const struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (topo->nodes[i].mem_free_known)
			return true;
	return false;
}

static bool any_pool(const struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (topo->nodes[i].nr_pools)
			return true;
	return false;
}

static bool any_l3(const struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_cpus; i++)
		if (topo->cpus[i].l3 >= 0)
			return true;
	return false;
}

void map_unknown(const struct topology *topo, const char *out[MAP_MAX_UNKNOWN])
{
	const struct {
		bool unknown;
		const char *text;
	} facts[MAP_MAX_UNKNOWN - 1] = {
		{ topo->nr_nodes > 1 && !topo->distances, "distances of the nodes" },
		{ !any_l3(topo), "L3 caches" },
		{ !any_free_known(topo), "free memory" },
		{ !any_pool(topo), "huge pages" },
		{ !topo->offline_known, "offline CPUs" },
		{ !topo->isolated_known || !topo->nohz_full_known,
		  "isolated and tickless (nohz_full) CPUs" },
		{ topo->devices_loaded && !topo->nr_devices, "devices" },
	};
	unsigned int nr = 0;

	for (unsigned int i = 0; i < MAP_MAX_UNKNOWN - 1; i++)
		if (facts[i].unknown)
			out[nr++] = facts[i].text;
	out[nr] = NULL;
}
