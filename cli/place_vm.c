#include "cli/place_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/weights.h"
#include "base/alloc.h"
#include "base/size.h"

#define SMALL_PAGE (4 * KIB)

static const enum place_cpu_policy cpu_policies[] = {
	[VM_CPU_AUTO] = PLACE_CPU_AUTO,
	[VM_CPU_COMPACT] = PLACE_CPU_COMPACT,
	[VM_CPU_SPREAD] = PLACE_CPU_SPREAD,
	[VM_CPU_LOCAL] = PLACE_CPU_LOCAL,
};

static const enum place_mem_policy memory_policies[] = {
	[VM_MEMORY_AUTO] = PLACE_MEM_AUTO,
	[VM_MEMORY_LOCAL] = PLACE_MEM_LOCAL,
	[VM_MEMORY_INTERLEAVE] = PLACE_MEM_INTERLEAVE,
	[VM_MEMORY_BIND] = PLACE_MEM_BIND,
	[VM_MEMORY_PREFERRED] = PLACE_MEM_PREFERRED,
};

static const enum place_smt smt_rules[] = {
	[VM_SMT_AUTO] = PLACE_SMT_AUTO,
	[VM_SMT_SHARE] = PLACE_SMT_SHARE,
	[VM_SMT_ISOLATE] = PLACE_SMT_ISOLATE,
	[VM_SMT_REQUIRE] = PLACE_SMT_REQUIRE,
};

static const enum place_exclusive exclusives[] = {
	[TRI_AUTO] = PLACE_EXCLUSIVE_AUTO,
	[TRI_TRUE] = PLACE_EXCLUSIVE_YES,
	[TRI_FALSE] = PLACE_EXCLUSIVE_NO,
};

static const enum place_pattern patterns[] = {
	[VM_TRAFFIC_NONE] = PLACE_TRAFFIC_NONE, [VM_TRAFFIC_PAIRS] = PLACE_TRAFFIC_PAIRS,
	[VM_TRAFFIC_RING] = PLACE_TRAFFIC_RING, [VM_TRAFFIC_PIPELINE] = PLACE_TRAFFIC_PIPELINE,
	[VM_TRAFFIC_ALL] = PLACE_TRAFFIC_ALL,
};

static int take_traffic(struct place_vm *vm, const struct vm_traffic *traffic, struct err *err)
{
	double *weights;
	int ret;

	vm->traffic.pattern = patterns[traffic->pattern];
	if (!traffic->file)
		return 0;
	ret = weights_load(traffic->file, vm->nr_vcpus, &weights, err);
	if (ret) {
		err_context(err, "placement.traffic.file");
		return ret;
	}
	vm->traffic.pattern = PLACE_TRAFFIC_MATRIX;
	vm->traffic.weights = weights;
	return 0;
}

static void take_pins(struct place_vm *vm, const struct vm_cpus *cpus)
{
	vm->pins = alloc_zeroed(cpus->nr_affinity, sizeof(*vm->pins));
	for (unsigned int i = 0; i < cpus->nr_affinity; i++) {
		struct place_pin *pin = &vm->pins[vm->nr_pins++];

		pin->vcpu = cpus->affinity[i].vcpu;
		cpuset_copy(&pin->cpus, &cpus->affinity[i].host_cpus);
	}
}

static struct place_guest_node *add_node(struct place_vm *vm, unsigned int id)
{
	struct place_guest_node *node;

	vm->guest_nodes =
		alloc_resize(vm->guest_nodes, vm->nr_guest_nodes + 1, sizeof(*vm->guest_nodes));
	node = &vm->guest_nodes[vm->nr_guest_nodes++];
	*node = (struct place_guest_node){ .id = id };
	return node;
}

static uint64_t zone_page(const struct vm_memory_zone *zone)
{
	return zone->hugepages == TRI_TRUE ? zone->hugepage_size : SMALL_PAGE;
}

static int add_zone(struct place_guest_node *node, const struct vm_memory_zone *zone,
		    struct err *err)
{
	if (node->bytes && node->page_size != zone_page(zone))
		return err_set(
			err, EXIT_INPUT, EINVAL,
			"memory.zones: zone \"%s\" has other pages than the zone before it in "
			"guest node %u; use one page size per guest node",
			zone->id, node->id);
	node->page_size = zone_page(zone);
	node->bytes += zone->size;
	if (zone->host_numa_node != SCHEMA_UNSET)
		cpuset_add(&node->host_nodes, zone->host_numa_node);
	return 0;
}

static const struct vm_memory_zone *find_zone(const struct vm_memory *memory, const char *id)
{
	for (unsigned int i = 0; i < memory->nr_zones; i++)
		if (!strcmp(memory->zones[i].id, id))
			return &memory->zones[i];
	return NULL;
}

static int take_numa_zones(struct place_vm *vm, const struct vm_config *config, struct err *err)
{
	for (unsigned int i = 0; i < config->nr_numa; i++) {
		const struct vm_numa_node *numa = &config->numa[i];
		struct place_guest_node *node = add_node(vm, numa->guest_numa_id);

		cpuset_copy(&node->vcpus, &numa->cpus);
		for (unsigned int j = 0; j < numa->nr_memory_zones; j++) {
			const struct vm_memory_zone *zone =
				find_zone(&config->memory, numa->memory_zones[j]);
			int ret = zone ? add_zone(node, zone, err) : 0;

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Guest nodes without zones share the memory by their vCPUs; what rounding leaves goes to the
 * first. */
static void take_numa_shares(struct place_vm *vm, const struct vm_config *config)
{
	uint64_t page = vm->page_size ? vm->page_size : SMALL_PAGE;
	uint64_t pages = config->memory.size / page, left = pages;

	for (unsigned int i = 0; i < config->nr_numa; i++) {
		struct place_guest_node *node = add_node(vm, config->numa[i].guest_numa_id);
		uint64_t share;

		cpuset_copy(&node->vcpus, &config->numa[i].cpus);
		share = pages * cpuset_count(&node->vcpus) / vm->nr_vcpus;
		node->bytes = share * page;
		left -= share < left ? share : left;
	}
	vm->guest_nodes[0].bytes += left * page;
}

/* Zones that name host nodes, and no guest nodes: one for each host node; the first has the vCPUs.
 */
static int take_zones(struct place_vm *vm, const struct vm_memory *memory, struct err *err)
{
	for (unsigned int i = 0; i < memory->nr_zones; i++) {
		const struct vm_memory_zone *zone = &memory->zones[i];
		struct place_guest_node *node = NULL;
		int ret;

		for (unsigned int j = 0; j < vm->nr_guest_nodes && !node; j++)
			if (zone->host_numa_node == SCHEMA_UNSET ||
			    cpuset_has(&vm->guest_nodes[j].host_nodes, zone->host_numa_node))
				node = &vm->guest_nodes[j];
		if (!node)
			node = add_node(vm, vm->nr_guest_nodes);
		ret = add_zone(node, zone, err);
		if (ret)
			return ret;
	}
	cpuset_add_range(&vm->guest_nodes[0].vcpus, 0, vm->nr_vcpus - 1);
	return 0;
}

static int take_memory(struct place_vm *vm, const struct vm_config *config, struct err *err)
{
	const struct vm_memory *memory = &config->memory;

	vm->memory = memory->size;
	vm->page_size = memory->hugepages ? memory->hugepage_size : 0;
	if (config->nr_numa && memory->nr_zones)
		return take_numa_zones(vm, config, err);
	if (config->nr_numa)
		take_numa_shares(vm, config);
	else if (memory->nr_zones)
		return take_zones(vm, memory, err);
	return 0;
}

int place_vm_init(struct place_vm *vm, const struct vm_config *config, struct err *err)
{
	const struct vm_placement *placement = &config->placement;
	int ret;

	*vm = (struct place_vm){
		.name = config->name ? config->name : "vm",
		.nr_vcpus = config->cpus.boot_vcpus,
		.cpu = cpu_policies[placement->cpu],
		.mem = memory_policies[placement->memory],
		.smt = smt_rules[placement->smt],
		.exclusive = exclusives[placement->exclusive],
		.nodes = placement->nodes,
		.nr_nodes = placement->nr_nodes,
		.strict = placement->strict,
		.nr_emulator_threads = 1,
	};
	cpuset_copy(&vm->avoid, &placement->avoid);
	take_pins(vm, &config->cpus);
	ret = take_memory(vm, config, err);
	return ret ? ret : take_traffic(vm, &placement->traffic, err);
}

void place_vm_fini(struct place_vm *vm)
{
	for (unsigned int i = 0; i < vm->nr_pins; i++)
		cpuset_fini(&vm->pins[i].cpus);
	for (unsigned int i = 0; i < vm->nr_guest_nodes; i++) {
		cpuset_fini(&vm->guest_nodes[i].vcpus);
		cpuset_fini(&vm->guest_nodes[i].host_nodes);
	}
	free(vm->pins);
	free(vm->guest_nodes);
	free((double *)vm->traffic.weights);
	cpuset_fini(&vm->avoid);
	*vm = (struct place_vm){ 0 };
}
