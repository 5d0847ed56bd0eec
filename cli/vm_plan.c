#include "cli/vm_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affinity/host_latency.h"
#include "base/alloc.h"
#include "base/log.h"
#include "cli/place_vm.h"
#include "cli/plan_text.h"
#include "cli/terminal.h"

static const enum mem_policy mem_policies[NR_PLACE_MEM_POLICIES] = {
	[PLACE_MEM_AUTO] = MEM_POLICY_BIND,
	[PLACE_MEM_LOCAL] = MEM_POLICY_BIND,
	[PLACE_MEM_INTERLEAVE] = MEM_POLICY_INTERLEAVE,
	[PLACE_MEM_BIND] = MEM_POLICY_BIND,
	[PLACE_MEM_PREFERRED] = MEM_POLICY_PREFERRED,
};

static const struct place_vm_plan *placed(const struct vm_plan *plan)
{
	return &plan->places.vms[0];
}

/* A measurement of another boot or host is worth a word, not a refusal. */
static const struct latency *own_latency(struct vm_plan *plan)
{
	AUTO_FREE char *path = NULL;
	struct err err;
	int ret = host_latency_find(&plan->latency, &path, &err);

	if (ret && ret != -ENOENT)
		log_warn("%s", err.text);
	return ret ? NULL : &plan->latency;
}

/* The host lacks what it does not have free; a wish that cannot be met is another answer. */
static int refuse(const struct place_vm_plan *vm, struct err *err)
{
	bool lacks = !strcmp(vm->constraint, "cpus") || !strcmp(vm->constraint, "memory");

	return err_set(err, lacks ? EXIT_HOST : EXIT_NO, ENOSPC, "%s", vm->why);
}

static int place_it(struct vm_plan *plan, const char *name, struct err *err)
{
	struct place_request request = { .topo = &plan->topo,
					 .latency = own_latency(plan),
					 .vms = &plan->request,
					 .nr_vms = 1 };
	int ret = vm_hold_open(&plan->hold, &plan->topo, &request.host, err);

	if (!ret)
		ret = place(&plan->places, &request, err);
	if (ret)
		return ret;
	if (!placed(plan)->placed)
		return refuse(placed(plan), err);
	return vm_hold_take(&plan->hold, name, &plan->request, placed(plan), err);
}

static int find_places(struct vm_plan *plan, const struct vm_config *config, struct err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "vm-%d", (int)getpid());
	return place_it(plan, config->name ? config->name : name, err);
}

/* The host node that holds the most of a guest node; -1: it has no memory. */
static int main_host_node(const struct place_vm_plan *places, unsigned int guest_node)
{
	uint64_t most = 0;
	int node = -1;

	for (unsigned int i = 0; i < places->nr_memory; i++)
		if (places->memory[i].guest_node == guest_node && places->memory[i].bytes > most) {
			most = places->memory[i].bytes;
			node = (int)places->memory[i].host_node;
		}
	return node;
}

/* Distances from the configuration, 0 where it gives none; guest nodes by index. */
static void config_distances(const struct vm_config *config, const struct place_vm_plan *places,
			     unsigned int *distances)
{
	unsigned int nr = places->nr_guest_nodes;

	for (unsigned int i = 0; i < config->nr_numa; i++)
		for (unsigned int j = 0; j < config->numa[i].nr_distances; j++)
			for (unsigned int a = 0; a < nr; a++)
				for (unsigned int b = 0; b < nr; b++)
					if (places->guest_nodes[a].id ==
						    config->numa[i].guest_numa_id &&
					    places->guest_nodes[b].id ==
						    config->numa[i].distances[j].destination)
						distances[a * nr + b] =
							config->numa[i].distances[j].distance;
}

static int make_guest(struct vm_plan *plan, const struct vm_config *config, struct err *err)
{
	const struct place_vm_plan *places = placed(plan);
	unsigned int nr_cpus = places->nr_vcpus, nr_nodes = places->nr_guest_nodes;
	AUTO_FREE int *cpus = alloc_zeroed(nr_cpus, sizeof(*cpus));
	AUTO_FREE unsigned int *cpu_nodes = alloc_zeroed(nr_cpus, sizeof(*cpu_nodes));
	AUTO_FREE struct guest_node *nodes = alloc_zeroed(nr_nodes, sizeof(*nodes));
	AUTO_FREE unsigned int *distances =
		alloc_zeroed((size_t)nr_nodes * nr_nodes, sizeof(*distances));
	const struct vm_cpu_topology *shape = &config->cpus.topology;
	struct guest_request request = { .host = &plan->topo,
					 .nr_cpus = nr_cpus,
					 .nr_nodes = nr_nodes,
					 .host_cpus = cpus,
					 .cpu_nodes = cpu_nodes,
					 .nodes = nodes,
					 .distances = distances,
					 .max_apic_id = plan->host.max_apic_id,
					 .l3_shift = plan->host.l3_shift };

	for (unsigned int i = 0; i < nr_cpus; i++)
		cpus[i] = (int)places->vcpus[i].cpu;
	for (unsigned int i = 0; i < nr_nodes; i++) {
		nodes[i].bytes = places->guest_nodes[i].bytes;
		nodes[i].host_node = main_host_node(places, places->guest_nodes[i].id);
		cpuset_for_each (vcpu, &places->guest_nodes[i].vcpus)
			cpu_nodes[vcpu] = i;
	}
	config_distances(config, places, distances);
	if (shape->packages != SCHEMA_UNSET)
		request.shape = (struct guest_shape){ shape->threads_per_core, shape->cores_per_die,
						      shape->dies_per_package, shape->packages };
	return guest_topology_init(&plan->guest, &request, err);
}

/* One region: [gpa, gpa + len) of a guest node on one host node. */
static void add_region(struct vm_plan *plan, const struct vm_config *config,
		       const struct place_memory *memory, gpa_t gpa, uint64_t len)
{
	const struct topo_node *node = topology_node(&plan->topo, memory->host_node);
	struct gmem_spec *region;

	plan->regions = alloc_resize(plan->regions, plan->nr_regions + 1, sizeof(*plan->regions));
	region = &plan->regions[plan->nr_regions++];
	*region = (struct gmem_spec){ .gpa = gpa,
				      .len = len,
				      .policy = mem_policies[memory->policy],
				      .page_size = memory->page_size,
				      .thp = config->memory.thp,
				      .prefault = config->memory.prefault == TRI_TRUE,
				      .mlock = config->memory.mlock,
				      .shared = config->memory.shared };
	cpuset_add(&region->nodes, memory->host_node);
	if (node)
		cpuset_copy(&region->prefault_cpus, &node->near_cpus);
}

/* Interleaved memory is one region over all its nodes; the kernel spreads the pages. */
static bool add_interleaved(struct vm_plan *plan, const struct vm_config *config,
			    const struct ram_range *range)
{
	const struct place_vm_plan *places = placed(plan);
	unsigned int id = places->guest_nodes[range->node].id, first = places->nr_memory;

	for (unsigned int m = places->nr_memory; m-- > 0;)
		if (places->memory[m].guest_node == id)
			first = m;
	if (first == places->nr_memory || places->memory[first].policy != PLACE_MEM_INTERLEAVE)
		return false;
	add_region(plan, config, &places->memory[first], range->gpa, range->len);
	for (unsigned int m = first + 1; m < places->nr_memory; m++)
		if (places->memory[m].guest_node == id)
			cpuset_add(&plan->regions[plan->nr_regions - 1].nodes,
				   places->memory[m].host_node);
	return true;
}

/* Bytes of the guest node in ranges before this one. */
static uint64_t bytes_before(const struct ram_map *ram, unsigned int range)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < range; i++)
		if (ram->ranges[i].node == ram->ranges[range].node)
			bytes += ram->ranges[i].len;
	return bytes;
}

/* A guest node's ranges and the host nodes that hold it are walked together: each cut in either
 * ends a region. */
static void add_regions(struct vm_plan *plan, const struct vm_config *config, unsigned int nr)
{
	const struct place_vm_plan *places = placed(plan);
	struct ram_range range = plan->ram.ranges[nr];
	unsigned int id = places->guest_nodes[range.node].id;
	uint64_t used = bytes_before(&plan->ram, nr);

	if (add_interleaved(plan, config, &range))
		return;
	for (unsigned int m = 0; m < places->nr_memory && range.len; m++) {
		uint64_t part = places->memory[m].bytes;

		if (places->memory[m].guest_node != id)
			continue;
		if (used >= part) {
			used -= part;
			continue;
		}
		part -= used;
		used = 0;
		if (part > range.len)
			part = range.len;
		add_region(plan, config, &places->memory[m], range.gpa, part);
		range.gpa += part;
		range.len -= part;
	}
}

static void make_cpu_places(struct vm_plan *plan)
{
	const struct place_vm_plan *places = placed(plan);

	plan->cpus = alloc_zeroed(places->nr_vcpus, sizeof(*plan->cpus));
	plan->mem_nodes = alloc_zeroed(places->nr_vcpus, sizeof(*plan->mem_nodes));
	for (unsigned int i = 0; i < places->nr_vcpus; i++) {
		cpuset_add(&plan->cpus[i], places->vcpus[i].cpu);
		plan->mem_nodes[i] = places->vcpus[i].node;
	}
}

int vm_plan_init(struct vm_plan *plan, const struct vm_config *config, struct err *err)
{
	int ret;

	*plan = (struct vm_plan){ .hold.hold.lock_fd = -1 };
	ret = topology_load(&plan->topo, "host", err);
	if (!ret)
		ret = place_vm_init(&plan->request, config, err);
	if (!ret)
		ret = find_places(plan, config, err);
	if (!ret)
		ret = machine_host_init(&plan->host, err);
	if (!ret)
		ret = make_guest(plan, config, err);
	if (ret)
		return ret;
	ram_map_init(&plan->ram, plan->guest.nodes, plan->guest.nr_nodes);
	for (unsigned int i = 0; i < plan->ram.nr_ranges; i++)
		add_regions(plan, config, i);
	make_cpu_places(plan);
	return 0;
}

void vm_plan_fini(struct vm_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_regions; i++) {
		cpuset_fini(&plan->regions[i].nodes);
		cpuset_fini(&plan->regions[i].prefault_cpus);
	}
	for (unsigned int i = 0; plan->cpus && i < plan->guest.nr_cpus; i++)
		cpuset_fini(&plan->cpus[i]);
	free(plan->regions);
	free(plan->cpus);
	free(plan->mem_nodes);
	ram_map_fini(&plan->ram);
	guest_topology_fini(&plan->guest);
	vm_hold_release(&plan->hold);
	machine_host_fini(&plan->host);
	place_plan_fini(&plan->places);
	place_vm_fini(&plan->request);
	latency_fini(&plan->latency);
	topology_fini(&plan->topo);
}

void vm_plan_print(const struct vm_plan *plan, FILE *out)
{
	plan_print_brief(out, &plan->topo, placed(plan), terminal_columns());
	for (unsigned int i = 0; i < plan->guest.nr_warnings; i++)
		fprintf(out, "warning: %s\n", plan->guest.warnings[i]);
}

void vm_plan_fill(const struct vm_plan *plan, struct machine_spec *spec)
{
	spec->host = &plan->host;
	spec->guest = &plan->guest;
	spec->ram = &plan->ram;
	spec->regions = plan->regions;
	spec->nr_regions = plan->nr_regions;
	spec->places = plan->cpus;
	spec->mem_nodes = plan->mem_nodes;
	spec->topology = &plan->topo;
}
