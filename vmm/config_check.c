/* Contradictions between values that are fine alone: a function for each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "vmm/config.h"

/* RUN/NAME/ is a folder of the host, so a name must not lead elsewhere. */
static void check_name(const struct vm_config *config, struct schema_report *report)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (!config->name)
		return;
	if (config->name[strspn(config->name, allowed)] || *config->name == '.' ||
	    *config->name == '-')
		schema_report_add(report,
				  "name: \"%s\" cannot name a folder; use letters, digits, \".\", "
				  "\"_\" and \"-\", beginning with a letter or a digit",
				  config->name);
}

static void check_max_vcpus(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_cpus *cpus = &config->cpus;

	if (cpus->max_vcpus < cpus->boot_vcpus)
		schema_report_add(report,
				  "cpus.max_vcpus: %u is below boot_vcpus, %u; leave it out",
				  cpus->max_vcpus, cpus->boot_vcpus);
	else if (cpus->max_vcpus > cpus->boot_vcpus)
		schema_report_add(report,
				  "cpus.max_vcpus: %u is above boot_vcpus, %u, and plugging vCPUs "
				  "is not supported yet; leave it out",
				  cpus->max_vcpus, cpus->boot_vcpus);
}

static void check_topology(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_cpu_topology *t = &config->cpus.topology;
	uint64_t product;

	if (t->packages == SCHEMA_UNSET)
		return;
	product = (uint64_t)t->threads_per_core * t->cores_per_die * t->dies_per_package *
		  t->packages;
	if (product != config->cpus.max_vcpus)
		schema_report_add(report,
				  "cpus.topology: %u threads x %u cores x %u dies x %u packages "
				  "make %llu vCPUs, but there are %u; change one of them",
				  t->threads_per_core, t->cores_per_die, t->dies_per_package,
				  t->packages, (unsigned long long)product, config->cpus.max_vcpus);
}

static void check_affinity_vcpu(const struct vm_config *config, struct schema_report *report)
{
	AUTO_CPUSET struct cpuset seen = { 0 };

	for (unsigned int i = 0; i < config->cpus.nr_affinity; i++) {
		unsigned int vcpu = config->cpus.affinity[i].vcpu;

		if (vcpu >= config->cpus.max_vcpus)
			schema_report_add(report,
					  "cpus.affinity[%u].vcpu: there is no vCPU %u, the last "
					  "is %u; correct it or raise boot_vcpus",
					  i, vcpu, config->cpus.max_vcpus - 1);
		else if (cpuset_has(&seen, vcpu))
			schema_report_add(report,
					  "cpus.affinity[%u].vcpu: vCPU %u is listed twice; put "
					  "its host CPUs into one entry",
					  i, vcpu);
		else
			cpuset_add(&seen, vcpu);
	}
}

static void check_affinity_cpus(const struct vm_config *config, struct schema_report *report)
{
	for (unsigned int i = 0; i < config->cpus.nr_affinity; i++) {
		const struct cpuset *cpus = &config->cpus.affinity[i].host_cpus;

		if (cpuset_empty(cpus))
			schema_report_add(report,
					  "cpus.affinity[%u].host_cpus: is empty; name a host CPU "
					  "or remove the entry",
					  i);
		else if (cpuset_intersects(cpus, &config->placement.avoid))
			schema_report_add(report,
					  "cpus.affinity[%u].host_cpus: shares CPUs with "
					  "placement.avoid; take them out of one of the two",
					  i);
	}
}

static bool is_huge_page(uint64_t size)
{
	return size == 2 * MIB || size == GIB;
}

/* One rule for memory and zones; `where` names which. */
static void check_pages(const char *where, uint64_t size, bool hugepages, uint64_t hugepage_size,
			struct schema_report *report)
{
	uint64_t page = hugepages ? hugepage_size : 4 * KIB;
	char size_text[SIZE_TEXT], page_text[SIZE_TEXT];

	if (hugepage_size && !hugepages)
		schema_report_add(report,
				  "%s.hugepage_size: is given, but hugepages is off; set "
				  "hugepages: true or remove it",
				  where);
	else if (hugepages && !is_huge_page(hugepage_size))
		schema_report_add(report, "%s.hugepage_size: %s is no page size; write 2M or 1G",
				  where, size_exact(hugepage_size, page_text));
	else if (size % page)
		schema_report_add(report,
				  "%s.size: %s is no multiple of the page size, %s; round it",
				  where, size_exact(size, size_text), size_exact(page, page_text));
}

static void check_memory_pages(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_memory *memory = &config->memory;
	char where[64];

	/* With zones, they are what is mapped, and memory.size is only their sum. */
	check_pages("memory", memory->nr_zones ? 0 : memory->size, memory->hugepages,
		    memory->hugepage_size, report);
	for (unsigned int i = 0; i < memory->nr_zones; i++) {
		const struct vm_memory_zone *zone = &memory->zones[i];

		snprintf(where, sizeof(where), "memory.zones[%u]", i);
		check_pages(where, zone->size, zone->hugepages == TRI_TRUE, zone->hugepage_size,
			    report);
	}
}

static void check_zone_sizes(const struct vm_config *config, struct schema_report *report)
{
	char size_text[SIZE_TEXT], sum_text[SIZE_TEXT];
	uint64_t sum = 0;

	for (unsigned int i = 0; i < config->memory.nr_zones; i++)
		if (__builtin_add_overflow(sum, config->memory.zones[i].size, &sum)) {
			schema_report_add(report,
					  "memory.zones[%u].size: the zones together are beyond "
					  "16 EiB; make them smaller",
					  i);
			return;
		}
	if (config->memory.nr_zones && sum != config->memory.size)
		schema_report_add(report,
				  "memory.size: %s is not the sum of the zones, %s; remove it or "
				  "correct a zone",
				  size_exact(config->memory.size, size_text),
				  size_exact(sum, sum_text));
}

static int find_zone(const struct vm_config *config, const char *id)
{
	for (unsigned int i = 0; i < config->memory.nr_zones; i++)
		if (!strcmp(config->memory.zones[i].id, id))
			return (int)i;
	return -1;
}

static void check_zone_ids(const struct vm_config *config, struct schema_report *report)
{
	for (unsigned int i = 0; i < config->memory.nr_zones; i++) {
		const char *id = config->memory.zones[i].id;

		if (find_zone(config, id) != (int)i)
			schema_report_add(report,
					  "memory.zones[%u].id: \"%s\" is taken by another zone; "
					  "choose another name",
					  i, id);
	}
}

static bool node_allowed(const struct vm_placement *placement, unsigned int node)
{
	for (unsigned int i = 0; i < placement->nr_nodes; i++)
		if (placement->nodes[i] == node)
			return true;
	return !placement->nr_nodes;
}

static void check_zone_nodes(const struct vm_config *config, struct schema_report *report)
{
	for (unsigned int i = 0; i < config->memory.nr_zones; i++) {
		unsigned int node = config->memory.zones[i].host_numa_node;

		if (node != SCHEMA_UNSET && !node_allowed(&config->placement, node))
			schema_report_add(report,
					  "memory.zones[%u].host_numa_node: node %u is not in "
					  "placement.nodes; add it there or choose one of them",
					  i, node);
	}
}

static int find_numa(const struct vm_config *config, unsigned int id)
{
	for (unsigned int i = 0; i < config->nr_numa; i++)
		if (config->numa[i].guest_numa_id == id)
			return (int)i;
	return -1;
}

static void check_numa_ids(const struct vm_config *config, struct schema_report *report)
{
	for (unsigned int i = 0; i < config->nr_numa; i++)
		if (find_numa(config, config->numa[i].guest_numa_id) != (int)i)
			schema_report_add(
				report,
				"numa[%u].guest_numa_id: node %u is there already; number "
				"each node once",
				i, config->numa[i].guest_numa_id);
}

/* Every vCPU in exactly one guest node. */
static void check_numa_cpus(const struct vm_config *config, struct schema_report *report)
{
	AUTO_CPUSET struct cpuset all = { 0 };
	AUTO_CPUSET struct cpuset seen = { 0 };
	AUTO_FREE char *text = NULL;

	cpuset_add_range(&all, 0, config->cpus.max_vcpus - 1);
	for (unsigned int i = 0; i < config->nr_numa; i++) {
		const struct cpuset *cpus = &config->numa[i].cpus;

		if (!cpuset_subset(cpus, &all))
			schema_report_add(report,
					  "numa[%u].cpus: goes beyond the last vCPU, %u; correct "
					  "it or raise cpus.boot_vcpus",
					  i, config->cpus.max_vcpus - 1);
		if (cpuset_intersects(cpus, &seen))
			schema_report_add(report,
					  "numa[%u].cpus: has vCPUs that another node has; list "
					  "each in one node",
					  i);
		cpuset_or(&seen, cpus);
	}
	cpuset_sub(&all, &seen);
	if (!config->nr_numa || cpuset_empty(&all))
		return;
	text = cpuset_string(&all);
	schema_report_add(report, "numa: vCPUs %.64s are in no node; add them to numa.cpus of one",
			  text);
}

static void check_numa_zone(const struct vm_config *config, unsigned int node, const char *id,
			    struct cpuset *used, struct schema_report *report)
{
	int zone = find_zone(config, id);

	if (zone < 0)
		schema_report_add(report,
				  "numa[%u].memory_zones: there is no zone \"%s\"; add it to "
				  "memory.zones or correct the name",
				  node, id);
	else if (cpuset_has(used, (unsigned int)zone))
		schema_report_add(report,
				  "numa[%u].memory_zones: zone \"%s\" is listed twice; list each "
				  "in one node",
				  node, id);
	else
		cpuset_add(used, (unsigned int)zone);
}

/* Every zone in exactly one guest node, where both are given. */
static void check_numa_zones(const struct vm_config *config, struct schema_report *report)
{
	AUTO_CPUSET struct cpuset used = { 0 };

	for (unsigned int i = 0; i < config->nr_numa; i++)
		for (unsigned int j = 0; j < config->numa[i].nr_memory_zones; j++)
			check_numa_zone(config, i, config->numa[i].memory_zones[j], &used, report);
	for (unsigned int i = 0; config->nr_numa && i < config->memory.nr_zones; i++)
		if (!cpuset_has(&used, i))
			schema_report_add(report,
					  "memory.zones[%u]: zone \"%s\" is in no guest node; add "
					  "it to numa.memory_zones of one",
					  i, config->memory.zones[i].id);
}

static void check_distance(const struct vm_config *config, unsigned int node, unsigned int i,
			   struct schema_report *report)
{
	const struct vm_numa_distance *d = &config->numa[node].distances[i];
	bool self = d->destination == config->numa[node].guest_numa_id;

	if (find_numa(config, d->destination) < 0)
		schema_report_add(report,
				  "numa[%u].distances[%u].destination: there is no guest node %u; "
				  "correct it or add the node",
				  node, i, d->destination);
	else if (self != (d->distance == 10))
		schema_report_add(
			report, "numa[%u].distances[%u].distance: is %u, but %s; correct it", node,
			i, d->distance,
			self ? "a node is at 10 from itself" : "another node is farther than 10");
	for (unsigned int j = 0; j < i; j++)
		if (config->numa[node].distances[j].destination == d->destination)
			schema_report_add(report,
					  "numa[%u].distances[%u].destination: node %u is listed "
					  "twice; remove one",
					  node, i, d->destination);
}

/* Linux drops the whole SLIT if a diagonal is not 10 or another entry is at most 10. */
static void check_distances(const struct vm_config *config, struct schema_report *report)
{
	for (unsigned int i = 0; i < config->nr_numa; i++)
		for (unsigned int j = 0; j < config->numa[i].nr_distances; j++)
			check_distance(config, i, j, report);
}

static void check_placement_nodes(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_placement *p = &config->placement;

	for (unsigned int i = 0; i < p->nr_nodes; i++)
		for (unsigned int j = 0; j < i; j++)
			if (p->nodes[i] == p->nodes[j])
				schema_report_add(
					report,
					"placement.nodes: node %u is listed twice; remove "
					"one",
					p->nodes[i]);
}

static void check_traffic(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_traffic *traffic = &config->placement.traffic;

	if (traffic->file && traffic->pattern != VM_TRAFFIC_NONE)
		schema_report_add(report,
				  "placement.traffic: has both a pattern and a file; keep one");
}

static void check_serial(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_console *serial = &config->serial;

	if (serial->mode == VM_CONSOLE_FILE && !serial->file)
		schema_report_add(report, "serial.file: mode File needs it; name the file");
	if (serial->mode != VM_CONSOLE_FILE && serial->file)
		schema_report_add(report,
				  "serial.file: is given, but the mode is another; set mode: File "
				  "or remove it");
}

static void check_payload(const struct vm_config *config, struct schema_report *report)
{
	const struct vm_payload *payload = &config->payload;

	if (!payload->kernel && (payload->initramfs || payload->cmdline))
		schema_report_add(report,
				  "payload.%s: is given without a kernel; set payload.kernel",
				  payload->initramfs ? "initramfs" : "cmdline");
}

int vm_config_check(const struct vm_config *config, struct schema_report *report)
{
	static void (*const checks[])(const struct vm_config *, struct schema_report *) = {
		check_name,	     check_max_vcpus,	    check_topology,  check_affinity_vcpu,
		check_affinity_cpus, check_memory_pages,    check_zone_ids,  check_zone_sizes,
		check_zone_nodes,    check_numa_ids,	    check_numa_cpus, check_numa_zones,
		check_distances,     check_placement_nodes, check_traffic,   check_serial,
		check_payload,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		checks[i](config, report);
	return report->nr ? -EINVAL : 0;
}

int vm_config_check_payload(const struct vm_config *config, struct err *err)
{
	if (config->payload.kernel)
		return 0;
	return err_set(err, EXIT_INPUT, EINVAL,
		       "payload.kernel: there is nothing to boot; set it or give --kernel");
}
