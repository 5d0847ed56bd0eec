/* Fixes in words, and what the rules share to make them. */
#include <stdlib.h>
#include <string.h>

#include "affinity/rules_table.h"
#include "base/alloc.h"
#include "base/size.h"

char *rule_list(const struct cpuset *set)
{
	char *text = alloc_string("[");
	const char *comma = "";

	cpuset_for_each (nr, set) {
		char *longer = alloc_printf("%s%s%d", text, comma, nr);

		free(text);
		text = longer;
		comma = ", ";
	}
	{
		char *closed = alloc_printf("%s]", text);

		free(text);
		return closed;
	}
}

void rule_allowed_nodes(const struct topology *topo, const struct place_vm *vm,
			struct cpuset *nodes)
{
	for (unsigned int i = 0; i < vm->nr_nodes; i++)
		cpuset_add(nodes, vm->nodes[i]);
	for (unsigned int i = 0; !vm->nr_nodes && i < topo->nr_nodes; i++)
		cpuset_add(nodes, topo->nodes[i].os);
}

static void take_away_used(const struct rule_input *in, struct cpuset *spare)
{
	const struct place_request *request = in->request;

	for (unsigned int i = 0; i < request->host.nr_holders; i++)
		cpuset_sub(spare, &request->host.holders[i].cpus);
	for (unsigned int i = 0; i < request->nr_vms; i++)
		for (unsigned int j = 0; j < request->vms[i].nr_pins; j++)
			cpuset_sub(spare, &request->vms[i].pins[j].cpus);
	for (unsigned int i = 0; in->plan && i < in->plan->nr_vms; i++)
		for (unsigned int j = 0; in->plan->vms[i].placed && j < in->plan->vms[i].nr_vcpus;
		     j++)
			cpuset_remove(spare, in->plan->vms[i].vcpus[j].cpu);
}

void rule_spare_cpus(const struct rule_input *in, unsigned int vm, struct cpuset *spare)
{
	const struct place_vm *at = &in->request->vms[vm];
	AUTO_CPUSET struct cpuset near = { 0 }, nodes = { 0 };

	cpuset_copy(spare, &in->topo->allowed);
	cpuset_sub(spare, &in->topo->isolated);
	cpuset_sub(spare, &at->avoid);
	take_away_used(in, spare);
	rule_allowed_nodes(in->topo, at, &nodes);
	for (unsigned int i = 0; i < in->topo->nr_nodes; i++)
		if (cpuset_has(&nodes, in->topo->nodes[i].os))
			cpuset_or(&near, &in->topo->nodes[i].cpus);
	if (cpuset_intersects(spare, &near))
		cpuset_and(spare, &near);
}

static char *nodes_text(const struct fix *fix)
{
	AUTO_FREE char *list = rule_list(&fix->set);

	if (cpuset_empty(&fix->set))
		return alloc_string("leave placement.nodes out");
	return alloc_printf("set placement.nodes: %s", list);
}

static char *pins_text(const struct fix *fix)
{
	AUTO_FREE char *from = cpuset_string(&fix->from), *to = cpuset_string(&fix->set);

	if (cpuset_empty(&fix->set))
		return alloc_printf("leave the vCPUs on CPU %s out of cpus.affinity", from);
	return alloc_printf("in cpus.affinity, set host_cpus %s in place of %s", to, from);
}

static char *pin_text(const struct fix *fix)
{
	AUTO_FREE char *list = rule_list(&fix->set);

	if (cpuset_empty(&fix->set))
		return alloc_printf("leave vCPU %u out of cpus.affinity", fix->value);
	return alloc_printf("set cpus.affinity: [{vcpu: %u, host_cpus: %s}]", fix->value, list);
}

static char *host_text(const struct place_vm *vm, const struct fix *fix)
{
	AUTO_FREE char *list = rule_list(&fix->set);
	unsigned int id = vm->guest_nodes[fix->value].id;

	if (cpuset_empty(&fix->set))
		return alloc_printf("leave host_numa_node out of the zones of guest node %u", id);
	return alloc_printf("set host_numa_node to one of %s in the zones of guest node %u", list,
			    id);
}

char *fix_text(const struct place_vm *vm, const struct fix *fix)
{
	char size[SIZE_TEXT];

	switch (fix->kind) {
	case FIX_NONE:
		return NULL;
	case FIX_CPU_POLICY:
		return alloc_printf("set placement.cpu: %s", place_cpu_policy_names[fix->value]);
	case FIX_MEM_POLICY:
		return alloc_printf("set placement.memory: %s", place_mem_policy_names[fix->value]);
	case FIX_SMT:
		return alloc_printf("set placement.smt: %s", place_smt_names[fix->value]);
	case FIX_VCPUS:
		return alloc_printf("set cpus.boot_vcpus: %u", fix->value);
	case FIX_EXCLUSIVE:
		return alloc_printf("set placement.exclusive: %s",
				    place_exclusive_names[fix->value]);
	case FIX_NODES:
		return nodes_text(fix);
	case FIX_PINS:
		return pins_text(fix);
	case FIX_PIN:
		return pin_text(fix);
	case FIX_MEMORY:
		return alloc_printf("set memory.size: %s", size_exact(fix->bytes, size));
	case FIX_GUEST_MEMORY:
		return alloc_printf("set the zones of guest node %u to %s together",
				    vm->guest_nodes[fix->value].id, size_exact(fix->bytes, size));
	case FIX_GUEST_HOST:
		return host_text(vm, fix);
	case FIX_NAME:
		return alloc_printf("set name: %s", fix->name);
	case FIX_DEVICE:
		return alloc_printf("remove device %s from this VM", vm->devices[fix->value].name);
	}
	return NULL;
}

static unsigned int cpus_used(const struct place_vm_plan *plan)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		cpuset_add(&cpus, plan->vcpus[i].cpu);
	return cpuset_count(&cpus);
}

/* One CPU is left to the threads that are no vCPUs. */
static struct fix fewer_vcpus(const struct place_vm *vm, const struct place_vm_plan *plan)
{
	unsigned int nr = cpus_used(plan);

	if (vm->nr_pins || vm->nr_guest_nodes || nr < 2 || !plan->placed)
		return (struct fix){ .kind = FIX_NONE };
	return (struct fix){ .kind = FIX_VCPUS, .value = nr - 1 };
}

struct fix fix_of_engine(const struct place_vm *vm, const struct place_vm_plan *plan,
			 const char *code)
{
	if (!strcmp(code, "smt-shared"))
		return (struct fix){ .kind = FIX_SMT, .value = PLACE_SMT_SHARE };
	if (!strcmp(code, "memory-remote"))
		return (struct fix){ .kind = FIX_MEM_POLICY, .value = PLACE_MEM_PREFERRED };
	if (!strcmp(code, "oversubscribed") || !strcmp(code, "threads-share-cpus"))
		return fewer_vcpus(vm, plan);
	return (struct fix){ .kind = FIX_NONE };
}
