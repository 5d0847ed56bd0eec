/* Rules on pins and CPU policies. */
#include <stdlib.h>

#include "affinity/rules_table.h"
#include "base/alloc.h"

/* The first `nr` of the set; the rest goes. */
static void keep_first(struct cpuset *set, unsigned int nr)
{
	unsigned int seen = 0;
	AUTO_CPUSET struct cpuset all = { 0 };

	cpuset_copy(&all, set);
	cpuset_for_each (os, &all)
		if (seen++ >= nr)
			cpuset_remove(set, (unsigned int)os);
}

/* Pins away from these CPUs, to spare ones where there are enough. */
static struct fix repin(const struct rule_input *in, unsigned int vm, const struct cpuset *from)
{
	struct fix fix = { .kind = FIX_PINS };
	unsigned int nr = cpuset_count(from);

	cpuset_copy(&fix.from, from);
	rule_spare_cpus(in, vm, &fix.set);
	keep_first(&fix.set, cpuset_count(&fix.set) < nr ? 0 : nr);
	return fix;
}

static char *spare_text(const struct rule_input *in, unsigned int vm)
{
	AUTO_CPUSET struct cpuset spare = { 0 };
	AUTO_FREE char *list = NULL;

	rule_spare_cpus(in, vm, &spare);
	list = cpuset_string(&spare);
	return *list ? alloc_printf("free: %s", list) : alloc_string("none is free");
}

/* All CPUs that the VM's pins name. */
static void pinned_cpus(const struct place_vm *vm, struct cpuset *cpus)
{
	for (unsigned int i = 0; i < vm->nr_pins; i++)
		cpuset_or(cpus, &vm->pins[i].cpus);
}

static void found_cpus(const struct rule *rule, const struct rule_input *in,
		       const struct cpuset *cpus, const char *what)
{
	AUTO_FREE char *list = NULL, *spare = NULL;

	if (cpuset_empty(cpus))
		return;
	list = cpuset_string(cpus);
	spare = spare_text(in, in->index);
	rule_found(rule, in, in->index, repin(in, in->index, cpus),
		   "vCPUs are pinned to CPU %s, which %s (%s)", list, what, spare);
}

void rule_cpu_unknown(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	pinned_cpus(in->vm, &cpus);
	cpuset_sub(&cpus, &in->topo->allowed);
	cpuset_sub(&cpus, &in->topo->disallowed);
	cpuset_sub(&cpus, &in->topo->offline);
	found_cpus(rule, in, &cpus, "the host does not have");
}

void rule_cpu_offline(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	pinned_cpus(in->vm, &cpus);
	cpuset_and(&cpus, &in->topo->offline);
	found_cpus(rule, in, &cpus, "is offline");
}

void rule_cpu_not_allowed(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	pinned_cpus(in->vm, &cpus);
	cpuset_and(&cpus, &in->topo->disallowed);
	cpuset_sub(&cpus, &in->topo->offline);
	found_cpus(rule, in, &cpus, "this process may not use");
}

/* Pins that `closed` leaves no CPU. */
static void pins_within(const struct place_vm *vm, const struct cpuset *closed, struct cpuset *cpus)
{
	for (unsigned int i = 0; i < vm->nr_pins; i++)
		if (!cpuset_empty(&vm->pins[i].cpus) && cpuset_subset(&vm->pins[i].cpus, closed))
			cpuset_or(cpus, &vm->pins[i].cpus);
}

void rule_cpu_avoided(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };

	pins_within(in->vm, &in->vm->avoid, &cpus);
	found_cpus(rule, in, &cpus, "placement.avoid keeps for the host");
}

void rule_cpu_taken(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int i = 0; i < in->request->host.nr_holders; i++) {
		const struct place_holder *holder = &in->request->host.holders[i];
		AUTO_CPUSET struct cpuset cpus = { 0 };
		AUTO_FREE char *what = alloc_printf("%s holds", holder->name);

		if (holder->shared && in->vm->exclusive != PLACE_EXCLUSIVE_YES)
			continue;
		pins_within(in->vm, &holder->cpus, &cpus);
		found_cpus(rule, in, &cpus, what);
	}
}

/* The single CPU of a pin, or -1. */
static int only_cpu(const struct place_pin *pin)
{
	return cpuset_count(&pin->cpus) == 1 ? cpuset_next(&pin->cpus, 0) : -1;
}

void rule_cpu_twice(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset seen = { 0 };

	for (unsigned int i = 0; i < in->vm->nr_pins; i++) {
		int cpu = only_cpu(&in->vm->pins[i]);
		unsigned int vcpu = in->vm->pins[i].vcpu;
		struct fix fix = { .kind = FIX_PIN, .value = vcpu };

		if (cpu < 0)
			continue;
		if (!cpuset_has(&seen, (unsigned int)cpu)) {
			cpuset_add(&seen, (unsigned int)cpu);
			continue;
		}
		rule_spare_cpus(in, in->index, &fix.set);
		keep_first(&fix.set, 1);
		rule_found(rule, in, in->index, fix,
			   "vCPU %u is pinned to CPU %d, as another vCPU of this VM is", vcpu, cpu);
	}
}

static void single_pins(const struct place_vm *vm, struct cpuset *cpus)
{
	for (unsigned int i = 0; i < vm->nr_pins; i++)
		if (only_cpu(&vm->pins[i]) >= 0)
			cpuset_or(cpus, &vm->pins[i].cpus);
}

static void overlap(const struct rule *rule, const struct rule_input *in, unsigned int first,
		    unsigned int second)
{
	const struct place_vm *a = &in->request->vms[first], *b = &in->request->vms[second];
	AUTO_CPUSET struct cpuset both = { 0 }, other = { 0 };
	AUTO_FREE char *list = NULL, *spare = NULL;

	if (a->exclusive == PLACE_EXCLUSIVE_NO && b->exclusive == PLACE_EXCLUSIVE_NO)
		return;
	single_pins(a, &both);
	single_pins(b, &other);
	cpuset_and(&both, &other);
	if (cpuset_empty(&both))
		return;
	list = cpuset_string(&both);
	spare = spare_text(in, second);
	rule_found(rule, in, second, repin(in, second, &both),
		   "CPU %s is pinned by instance %s too (%s)", list, a->name, spare);
}

void rule_cpu_overlap(const struct rule *rule, const struct rule_input *in)
{
	for (unsigned int second = 1; second < in->request->nr_vms; second++)
		for (unsigned int first = 0; first < second; first++)
			overlap(rule, in, first, second);
}

/* The node's number, or -1 for a CPU in none. */
static int node_of(const struct topology *topo, unsigned int os)
{
	const struct topo_cpu *cpu = topology_cpu(topo, os);

	return cpu && cpu->node >= 0 ? (int)topo->nodes[cpu->node].os : -1;
}

void rule_cpu_outside_nodes(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset allowed = { 0 };
	AUTO_FREE char *list = NULL;

	rule_allowed_nodes(in->topo, in->vm, &allowed);
	list = rule_list(&allowed);
	cpuset_for_each (os, &in->cpus) {
		int node = node_of(in->topo, (unsigned int)os);
		struct fix fix = { .kind = FIX_NODES };

		if (!in->vm->nr_nodes || node < 0 || cpuset_has(&allowed, (unsigned int)node))
			continue;
		cpuset_for_each (allowed_node, &allowed)
			if (topology_node(in->topo, (unsigned int)allowed_node))
				cpuset_add(&fix.set, (unsigned int)allowed_node);
		cpuset_or(&fix.set, &in->nodes);
		rule_found(rule, in, in->index, fix,
			   "CPU %d is in NUMA node %d, but instance is configured for NUMA nodes "
			   "%s. This may cause performance issues due to remote memory access.",
			   os, node, list);
	}
}

static struct fix cpu_policy(enum place_cpu_policy policy)
{
	return (struct fix){ .kind = FIX_CPU_POLICY, .value = policy };
}

void rule_compact_nodes(const struct rule *rule, const struct rule_input *in)
{
	AUTO_FREE char *list = rule_list(&in->nodes);

	if (in->vm->cpu == PLACE_CPU_COMPACT && cpuset_count(&in->nodes) > 1)
		rule_found(rule, in, in->index, cpu_policy(PLACE_CPU_AUTO),
			   "Compact CPU affinity requested but CPUs span multiple NUMA nodes: %s",
			   list);
}

/* Only CPUs named by hand can be on more cores than needed; the siblings of a core's CPU count. */
void rule_compact_cores(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset cores = { 0 };
	unsigned int nr = cpuset_count(&in->cpus), largest = 1, wanted;

	if (in->vm->cpu != PLACE_CPU_COMPACT || in->vm->nr_pins < in->vm->nr_vcpus ||
	    in->vm->smt == PLACE_SMT_ISOLATE)
		return;
	cpuset_for_each (os, &in->cpus) {
		const struct topo_cpu *cpu = topology_cpu(in->topo, (unsigned int)os);
		unsigned int threads;

		if (!cpu)
			return;
		cpuset_add(&cores, cpu->core);
		threads = cpuset_count(&in->topo->cores[cpu->core].cpus);
		largest = threads > largest ? threads : largest;
	}
	wanted = (nr + largest - 1) / largest;
	if (cpuset_count(&cores) > wanted)
		rule_found(rule, in, in->index, cpu_policy(PLACE_CPU_AUTO),
			   "Compact CPU affinity requested but %u CPUs span %u cores, %u would do",
			   nr, cpuset_count(&cores), wanted);
}

void rule_spread_node(const struct rule *rule, const struct rule_input *in)
{
	if (in->vm->cpu == PLACE_CPU_SPREAD && in->vm->nr_vcpus > 1 &&
	    cpuset_count(&in->cpus) > 1 && cpuset_count(&in->nodes) == 1)
		rule_found(rule, in, in->index, cpu_policy(PLACE_CPU_AUTO),
			   "Spread CPU affinity requested but CPUs are from single NUMA node %d",
			   cpuset_next(&in->nodes, 0));
}

void rule_local_topology(const struct rule *rule, const struct rule_input *in)
{
	if (in->vm->cpu != PLACE_CPU_LOCAL)
		return;
	for (unsigned int i = 0; i < in->topo->nr_cpus; i++)
		if (in->topo->cpus[i].node >= 0)
			return;
	rule_found(rule, in, in->index, cpu_policy(PLACE_CPU_AUTO),
		   "Local CPU affinity requested but the host tells no NUMA node of any CPU");
}

void rule_local_room(const struct rule *rule, const struct rule_input *in)
{
	AUTO_CPUSET struct cpuset allowed = { 0 };
	unsigned int most = 0, at = 0;

	rule_allowed_nodes(in->topo, in->vm, &allowed);
	for (unsigned int i = 0; i < in->topo->nr_nodes; i++) {
		AUTO_CPUSET struct cpuset cpus = { 0 };
		unsigned int nr;

		if (!cpuset_has(&allowed, in->topo->nodes[i].os))
			continue;
		cpuset_copy(&cpus, &in->topo->nodes[i].cpus);
		cpuset_sub(&cpus, &in->vm->avoid);
		for (unsigned int j = 0; j < in->request->host.nr_holders; j++)
			cpuset_sub(&cpus, &in->request->host.holders[j].cpus);
		nr = cpuset_count(&cpus);
		if (nr > most) {
			most = nr;
			at = in->topo->nodes[i].os;
		}
	}
	if (in->vm->cpu == PLACE_CPU_LOCAL && most && in->vm->nr_vcpus > most)
		rule_found(rule, in, in->index, cpu_policy(PLACE_CPU_AUTO),
			   "Local CPU affinity requested but no single NUMA node has %u free CPUs "
			   "(the most: %u on node %u)",
			   in->vm->nr_vcpus, most, at);
}

void rule_local_nodes(const struct rule *rule, const struct rule_input *in)
{
	AUTO_FREE char *list = rule_list(&in->nodes);

	if (in->vm->cpu == PLACE_CPU_LOCAL && cpuset_count(&in->nodes) > 1)
		rule_found(rule, in, in->index, cpu_policy(PLACE_CPU_AUTO),
			   "Local CPU affinity requested but CPUs are from NUMA nodes %s", list);
}
