#include "cli/topo_json.h"

#include <math.h>
#include <stdio.h>

#include "base/alloc.h"

/* What is not known is null. */
static json_t *number_or_null(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *index_or_null(int index)
{
	return number_or_null(index >= 0, (uint64_t)index);
}

static json_t *set_json(const struct cpuset *set)
{
	AUTO_FREE char *text = cpuset_string(set);

	return json_string(text);
}

static json_t *known_set(bool known, const struct cpuset *set)
{
	return known ? set_json(set) : json_null();
}

static json_t *package_id(const struct topology *topo, int index)
{
	return number_or_null(index >= 0, index >= 0 ? topo->packages[index].os : 0);
}

static json_t *node_id(const struct topology *topo, int index)
{
	return number_or_null(index >= 0, index >= 0 ? topo->nodes[index].os : 0);
}

static json_t *packages_json(const struct topology *topo)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < topo->nr_packages; i++) {
		const struct topo_package *package = &topo->packages[i];
		json_t *model = package->model ? json_string(package->model) : json_null();

		/* A file's text need not be UTF-8. */
		json_array_append_new(list,
				      json_pack("{s:I, s:o, s:o}", "id", (json_int_t)package->os,
						"cpus", set_json(&package->cpus), "model",
						model ? model : json_null()));
	}
	return list;
}

static json_t *pools_json(const struct topo_node *node)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < node->nr_pools; i++) {
		const struct topo_hugepages *pool = &node->pools[i];

		json_array_append_new(list,
				      json_pack("{s:I, s:I, s:o}", "size", (json_int_t)pool->size,
						"total", (json_int_t)pool->total, "free",
						number_or_null(pool->free_known, pool->free)));
	}
	return list;
}

static json_t *distances_json(const struct topology *topo, unsigned int from)
{
	json_t *row = json_object();
	char id[16];

	if (!topo->distances) {
		json_decref(row);
		return json_null();
	}
	for (unsigned int to = 0; to < topo->nr_nodes; to++) {
		unsigned int told = topo->distances[from * topo->nr_nodes + to];

		snprintf(id, sizeof(id), "%u", topo->nodes[to].os);
		json_object_set_new(row, id, number_or_null(told, told));
	}
	return row;
}

/* Towards this memory, by the node of the CPU. */
static json_t *attr_json(const struct topology *topo, enum mem_attr attr, unsigned int to)
{
	json_t *row = json_object();
	char id[16];

	for (unsigned int from = 0; topo->mem_attr[attr] && from < topo->nr_nodes; from++) {
		double value = topo->mem_attr[attr][from * topo->nr_nodes + to];

		snprintf(id, sizeof(id), "%u", topo->nodes[from].os);
		if (!isnan(value))
			json_object_set_new(row, id, json_real(value));
	}
	return row;
}

static json_t *nodes_json(const struct topology *topo)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		const struct topo_node *node = &topo->nodes[i];

		json_array_append_new(
			list,
			json_pack(
				"{s:i, s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}",
				"id", (int)node->os, "cpus", set_json(&node->cpus), "near_cpus",
				set_json(&node->near_cpus), "package",
				package_id(topo, node->package), "memory_total",
				(json_int_t)node->mem_total, "memory_free",
				number_or_null(node->mem_free_known, node->mem_free), "memory_base",
				number_or_null(node->mem_base_known, node->mem_base), "kind",
				mem_kind_names[node->kind], "kind_source", node->kind_source,
				"hugepages", pools_json(node), "distances", distances_json(topo, i),
				"latency_ns", attr_json(topo, MEM_ATTR_LATENCY_NS, i),
				"bandwidth_mbs", attr_json(topo, MEM_ATTR_BANDWIDTH_MBS, i)));
	}
	return list;
}

static json_t *caches_json(const struct topology *topo)
{
	static const char *const types[] = {
		[CACHE_UNIFIED] = "unified",
		[CACHE_DATA] = "data",
		[CACHE_INSTRUCTION] = "instruction",
	};
	json_t *list = json_array();

	for (unsigned int i = 0; i < topo->nr_caches; i++) {
		const struct topo_cache *cache = &topo->caches[i];

		json_array_append_new(list,
				      json_pack("{s:i, s:s, s:o, s:o, s:o, s:o}", "level",
						(int)cache->level, "type", types[cache->type],
						"size", number_or_null(cache->size, cache->size),
						"line", number_or_null(cache->line, cache->line),
						"ways", number_or_null(cache->ways, cache->ways),
						"cpus", set_json(&cache->cpus)));
	}
	return list;
}

static json_t *cores_json(const struct topology *topo)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < topo->nr_cores; i++) {
		const struct topo_core *core = &topo->cores[i];

		json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o, s:o}", "id", (int)i,
						      "package", package_id(topo, core->package),
						      "die", index_or_null(core->die), "node",
						      node_id(topo, core->node), "cpus",
						      set_json(&core->cpus)));
	}
	return list;
}

static json_t *cpus_json(const struct topology *topo)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		const struct topo_cpu *cpu = &topo->cpus[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o}", "id",
				  (int)cpu->os, "core", (int)cpu->core, "node",
				  node_id(topo, cpu->node), "package",
				  package_id(topo, cpu->package), "l3", index_or_null(cpu->l3),
				  "l2", index_or_null(cpu->l2), "l1d", index_or_null(cpu->l1d),
				  "smt", (int)cpu->smt, "kind", index_or_null(cpu->kind),
				  "capacity", number_or_null(cpu->capacity, cpu->capacity)));
	}
	return list;
}

static json_t *devices_json(const struct topology *topo)
{
	static const char *const classes[] = {
		[DEVICE_NIC] = "nic",
		[DEVICE_BLOCK] = "block",
		[DEVICE_GPU] = "gpu",
		[DEVICE_OTHER] = "other",
	};
	json_t *list = json_array();

	for (unsigned int i = 0; i < topo->nr_devices; i++) {
		const struct topo_device *device = &topo->devices[i];
		json_t *name = json_string(device->name);

		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o}", "class", classes[device->class],
					"name", name ? name : json_null(), "pci",
					device->pci ? json_string(device->pci) : json_null(),
					"node", node_id(topo, device->node)));
	}
	return list;
}

json_t *topo_json(const struct topology *topo)
{
	json_t *source = json_string(topo->source);

	return json_pack(
		"{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
		source ? source : json_null(), "is_host", topo->is_host, "packages",
		packages_json(topo), "nodes", nodes_json(topo), "caches", caches_json(topo),
		"cores", cores_json(topo), "cpus", cpus_json(topo), "disallowed",
		set_json(&topo->disallowed), "disallowed_nodes", set_json(&topo->disallowed_nodes),
		"offline", known_set(topo->offline_known, &topo->offline), "isolated",
		known_set(topo->isolated_known, &topo->isolated), "nohz_full",
		known_set(topo->nohz_full_known, &topo->nohz_full), "devices", devices_json(topo));
}
