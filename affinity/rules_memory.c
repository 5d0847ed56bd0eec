/* Rules on nodes and memory of one VM. */
#include <stdlib.h>

#include "affinity/rules_table.h"
#include "base/alloc.h"
#include "base/size.h"

static bool exists(const struct topology *topo, unsigned int node)
{
	return topology_node(topo, node) || cpuset_has(&topo->disallowed_nodes, node);
}

/* The VM's list without this node. */
static struct fix without_node(const struct rule_input *in, unsigned int node)
{
	struct fix fix = { .kind = FIX_NODES };

	rule_allowed_nodes(in->topo, in->vm, &fix.set);
	cpuset_remove(&fix.set, node);
	return fix;
}

static struct fix guest_without(const struct rule_input *in, unsigned int guest, unsigned int node)
{
	struct fix fix = { .kind = FIX_GUEST_HOST, .value = guest };

	cpuset_copy(&fix.set, &in->vm->guest_nodes[guest].host_nodes);
	cpuset_remove(&fix.set, node);
	return fix;
}

void rule_node_unknown(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int i = 0; i < in->vm->nr_nodes; i++)
		if (!exists(in->topo, in->vm->nodes[i]))
			rule_found(rule, in, in->index, without_node(in, in->vm->nodes[i]),
				   "NUMA node %u does not exist in hardware topology",
				   in->vm->nodes[i]);
	for (unsigned int g = 0; g < in->vm->nr_guest_nodes; g++)
		cpuset_for_each (os, &in->vm->guest_nodes[g].host_nodes)
			if (!exists(in->topo, (unsigned int)os))
				rule_found(rule, in, in->index,
					   guest_without(in, g, (unsigned int)os),
					   "NUMA node %d does not exist in hardware topology", os);
}

void rule_node_not_allowed(const struct rule *rule, const struct rule_input *in)
{
	static const char *const text = "NUMA node %u is there, but this process may not use it";

	for (unsigned int i = 0; i < in->vm->nr_nodes; i++)
		if (!topology_node(in->topo, in->vm->nodes[i]) &&
		    exists(in->topo, in->vm->nodes[i]))
			rule_found(rule, in, in->index, without_node(in, in->vm->nodes[i]), text,
				   in->vm->nodes[i]);
	for (unsigned int g = 0; g < in->vm->nr_guest_nodes; g++)
		cpuset_for_each (os, &in->vm->guest_nodes[g].host_nodes)
			if (!topology_node(in->topo, (unsigned int)os) &&
			    exists(in->topo, (unsigned int)os))
				rule_found(rule, in, in->index,
					   guest_without(in, g, (unsigned int)os), text,
					   (unsigned int)os);
}

static bool any_memory(const struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes; i++)
		if (topo->nodes[i].mem_total)
			return true;
	return false;
}

void rule_node_no_memory(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int g = 0; any_memory(in->topo) && g < in->vm->nr_guest_nodes; g++)
		cpuset_for_each (os, &in->vm->guest_nodes[g].host_nodes) {
			const struct topo_node *node = topology_node(in->topo, (unsigned int)os);

			if (node && !node->mem_total)
				rule_found(rule, in, in->index,
					   guest_without(in, g, (unsigned int)os),
					   "NUMA node %d has no memory, and guest node %u asks for "
					   "some of it",
					   os, in->vm->guest_nodes[g].id);
		}
}

/* Nodes of the CPUs of one guest node; without a plan those of the whole VM. */
static void guest_cpu_nodes(const struct rule_input *in, unsigned int guest, struct cpuset *nodes)
{
	const struct place_vm_plan *placed = in->placed;

	if (!placed) {
		cpuset_copy(nodes, &in->nodes);
		return;
	}
	for (unsigned int i = 0; i < placed->nr_vcpus; i++)
		if (placed->vcpus[i].node >= 0 &&
		    cpuset_has(&placed->guest_nodes[guest].vcpus, placed->vcpus[i].vcpu))
			cpuset_add(nodes, (unsigned int)placed->vcpus[i].node);
}

static void guest_memory_nodes(const struct rule_input *in, unsigned int guest,
			       struct cpuset *nodes)
{
	const struct place_vm_plan *placed = in->placed;

	if (!placed) {
		cpuset_copy(nodes, &in->vm->guest_nodes[guest].host_nodes);
		return;
	}
	for (unsigned int i = 0; i < placed->nr_memory; i++)
		if (placed->memory[i].guest_node == placed->guest_nodes[guest].id)
			cpuset_add(nodes, placed->memory[i].host_node);
}

/* A node of this guest node's memory that its CPUs are not on, or that serves CPUs of others too;
 * -1: all is where it should be. */
static int memory_away(const struct rule_input *in, unsigned int guest, struct cpuset *cpu_nodes)
{
	AUTO_CPUSET struct cpuset memory = { 0 }, away = { 0 };

	guest_cpu_nodes(in, guest, cpu_nodes);
	guest_memory_nodes(in, guest, &memory);
	if (cpuset_empty(cpu_nodes) || cpuset_empty(&memory))
		return -1;
	cpuset_copy(&away, &memory);
	cpuset_sub(&away, cpu_nodes);
	if (!cpuset_empty(&away))
		return cpuset_next(&away, 0);
	return cpuset_subset(cpu_nodes, &memory) ? -1 : cpuset_next(&memory, 0);
}

static unsigned int nr_guest_nodes(const struct rule_input *in)
{
	return in->placed ? in->placed->nr_guest_nodes : in->vm->nr_guest_nodes;
}

void rule_local_memory(const struct rule *rule, const struct rule_input *in)
{
	struct fix fix = { .kind = FIX_MEM_POLICY, .value = PLACE_MEM_PREFERRED };

	if (in->vm->mem != PLACE_MEM_LOCAL)
		return;
	for (unsigned int g = 0; g < nr_guest_nodes(in); g++) {
		AUTO_CPUSET struct cpuset nodes = { 0 };
		AUTO_FREE char *list = NULL;
		int node = memory_away(in, g, &nodes);

		if (node < 0)
			continue;
		list = rule_list(&nodes);
		rule_found(rule, in, in->index, fix,
			   "Local memory policy requested but CPUs are from NUMA nodes %s while "
			   "memory is on NUMA node %d",
			   list, node);
	}
}

void rule_local_memory_away(const struct rule *rule, const struct rule_input *in)
{
	if (in->vm->cpu != PLACE_CPU_LOCAL || in->vm->mem == PLACE_MEM_LOCAL)
		return;
	for (unsigned int g = 0; g < nr_guest_nodes(in); g++) {
		AUTO_CPUSET struct cpuset nodes = { 0 };
		struct fix fix = { .kind = FIX_CPU_POLICY, .value = PLACE_CPU_AUTO };
		int node = memory_away(in, g, &nodes);

		if (node >= 0)
			rule_found(rule, in, in->index, fix,
				   "Local CPU affinity requested but memory is on NUMA node %d "
				   "and the CPUs are on node %d",
				   node, cpuset_next(&nodes, 0));
	}
}

static bool names_host_nodes(const struct place_vm *vm)
{
	for (unsigned int g = 0; g < vm->nr_guest_nodes; g++)
		if (cpuset_empty(&vm->guest_nodes[g].host_nodes) && vm->guest_nodes[g].bytes)
			return false;
	return vm->nr_guest_nodes;
}

void rule_bind_nodes(const struct rule *rule, const struct rule_input *in)
{
	struct fix fix = { .kind = FIX_NODES };

	if (in->vm->mem != PLACE_MEM_BIND || in->vm->nr_nodes || names_host_nodes(in->vm))
		return;
	if (cpuset_empty(&in->nodes))
		rule_allowed_nodes(in->topo, in->vm, &fix.set);
	else
		cpuset_copy(&fix.set, &in->nodes);
	rule_found(rule, in, in->index, fix,
		   "Bind memory policy requested but no NUMA nodes are named");
}

static unsigned int memory_nodes(const struct rule_input *in, struct cpuset *nodes)
{
	for (unsigned int i = 0; in->placed && i < in->placed->nr_memory; i++)
		cpuset_add(nodes, in->placed->memory[i].host_node);
	if (!in->placed)
		rule_allowed_nodes(in->topo, in->vm, nodes);
	return cpuset_count(nodes);
}

void rule_interleave_node(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };

	if (in->vm->mem == PLACE_MEM_INTERLEAVE && memory_nodes(in, &nodes) == 1)
		rule_found(rule, in, in->index,
			   (struct fix){ .kind = FIX_MEM_POLICY, .value = PLACE_MEM_LOCAL },
			   "Interleave memory policy requested but memory is on single NUMA node "
			   "%d",
			   cpuset_next(&nodes, 0));
}

void rule_memory_zero(const struct rule *rule, const struct rule_input *in)
{
	uint64_t bytes = in->vm->nr_guest_nodes ? 0 : in->vm->memory;

	for (unsigned int g = 0; g < in->vm->nr_guest_nodes; g++)
		bytes += in->vm->guest_nodes[g].bytes;
	if (bytes)
		return;
	if (in->vm->nr_guest_nodes)
		rule_found(rule, in, in->index,
			   (struct fix){ .kind = FIX_GUEST_MEMORY, .bytes = 512 * MIB },
			   "no guest node has any memory");
	else
		rule_found(rule, in, in->index,
			   (struct fix){ .kind = FIX_MEMORY, .bytes = 512 * MIB },
			   "the VM has no memory");
}

static uint64_t page_of(const struct place_vm *vm, const struct place_guest_node *guest)
{
	uint64_t page = guest && guest->page_size ? guest->page_size : vm->page_size;

	return page ? page : 4 * KIB;
}

static void unaligned(const struct rule *rule, const struct rule_input *in, uint64_t bytes,
		      uint64_t page, struct fix fix)
{
	char size[SIZE_TEXT], text[SIZE_TEXT];

	if (bytes % page == 0)
		return;
	fix.bytes = bytes - bytes % page + page;
	rule_found(rule, in, in->index, fix, "memory of %s is no multiple of its %s pages",
		   size_exact(bytes, size), size_format(page, text));
}

void rule_memory_unaligned(const struct rule *rule, const struct rule_input *in)
{
	const struct place_vm *vm = in->vm;

	if (!vm->nr_guest_nodes)
		unaligned(rule, in, vm->memory, page_of(vm, NULL),
			  (struct fix){ .kind = FIX_MEMORY });
	for (unsigned int g = 0; g < vm->nr_guest_nodes; g++)
		unaligned(rule, in, vm->guest_nodes[g].bytes, page_of(vm, &vm->guest_nodes[g]),
			  (struct fix){ .kind = FIX_GUEST_MEMORY, .value = g });
}
