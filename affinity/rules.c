/* The table of rules, in the order in which their findings are listed, and its one run. */
#include "affinity/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/rules_table.h"
#include "base/alloc.h"

const char *const locality_names[NR_LOCALITIES] = { "local", "remote", "cross-socket" };

static const struct rule request_rules[] = {
	{ "name-twice", RULE_ERROR, rule_name_twice },
	{ "cpu-overlap", RULE_ERROR, rule_cpu_overlap },
	{ "device-twice", RULE_ERROR, rule_device_twice },
	{ "node-memory-sum", RULE_ERROR, rule_node_memory_sum },
	{ "memory-sum", RULE_ERROR, rule_memory_sum },
	{ "cpu-sum", RULE_ERROR, rule_cpu_sum },
	{ "node-crowded", RULE_WARNING, rule_node_crowded },
	{ "one-node", RULE_NOTE, rule_one_node },
	{ "unallocated", RULE_NOTE, rule_unallocated },
};

static const struct rule vm_rules[] = {
	{ "node-unknown", RULE_ERROR, rule_node_unknown },
	{ "node-not-allowed", RULE_ERROR, rule_node_not_allowed },
	{ "node-no-memory", RULE_ERROR, rule_node_no_memory },
	{ "cpu-unknown", RULE_ERROR, rule_cpu_unknown },
	{ "cpu-offline", RULE_ERROR, rule_cpu_offline },
	{ "cpu-not-allowed", RULE_ERROR, rule_cpu_not_allowed },
	{ "cpu-avoided", RULE_ERROR, rule_cpu_avoided },
	{ "cpu-taken", RULE_ERROR, rule_cpu_taken },
	{ "cpu-twice", RULE_ERROR, rule_cpu_twice },
	{ "local-topology", RULE_ERROR, rule_local_topology },
	{ "local-room", RULE_ERROR, rule_local_room },
	{ "memory-zero", RULE_ERROR, rule_memory_zero },
	{ "device-unknown", RULE_ERROR, rule_device_unknown },
	{ "cpu-outside-nodes", RULE_WARNING, rule_cpu_outside_nodes },
	{ "compact-nodes", RULE_WARNING, rule_compact_nodes },
	{ "compact-cores", RULE_WARNING, rule_compact_cores },
	{ "spread-one-node", RULE_WARNING, rule_spread_node },
	{ "local-nodes", RULE_WARNING, rule_local_nodes },
	{ "local-memory", RULE_WARNING, rule_local_memory },
	{ "local-memory-away", RULE_WARNING, rule_local_memory_away },
	{ "bind-no-nodes", RULE_WARNING, rule_bind_nodes },
	{ "interleave-one-node", RULE_WARNING, rule_interleave_node },
	{ "memory-unaligned", RULE_WARNING, rule_memory_unaligned },
};

/* What the engine warns of and a rule here says with a fix. */
static bool said_better(const struct findings *findings, unsigned int vm, const char *code)
{
	static const struct {
		const char *engine, *rule;
	} same[] = {
		{ "interleave-one-node", "interleave-one-node" },
		{ "memory-remote", "local-memory" },
		{ "cpus-shared", "cpu-overlap" },
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		if (strcmp(same[i].engine, code) != 0)
			continue;
		for (unsigned int j = 0; j < findings->nr; j++)
			if (findings->list[j].vm == (int)vm &&
			    !strcmp(findings->list[j].code, same[i].rule))
				return true;
	}
	return false;
}

static struct finding *add(struct findings *findings, enum rule_severity severity, const char *code)
{
	struct finding *finding;

	findings->list = alloc_resize(findings->list, findings->nr + 1, sizeof(*findings->list));
	finding = &findings->list[findings->nr++];
	*finding = (struct finding){ .severity = severity, .code = code, .vm = -1 };
	findings->nr_errors += severity == RULE_ERROR;
	findings->nr_warnings += severity == RULE_WARNING;
	return finding;
}

static char *text_of(const char *fmt, va_list ap)
{
	char *text = NULL;

	return vasprintf(&text, fmt, ap) < 0 ? alloc_string("") : text;
}

void rule_found(const struct rule *rule, const struct rule_input *in, unsigned int vm,
		struct fix fix, const char *fmt, ...)
{
	struct finding *finding = add(in->findings, rule->severity, rule->code);
	va_list ap;

	finding->vm = (int)vm;
	finding->name = in->request->vms[vm].name;
	finding->fix = fix;
	finding->remedy = fix_text(&in->request->vms[vm], &fix);
	va_start(ap, fmt);
	finding->message = text_of(fmt, ap);
	va_end(ap);
}

void rule_noted(const struct rule *rule, const struct rule_input *in, const char *fmt, ...)
{
	struct finding *finding = add(in->findings, rule->severity, rule->code);
	va_list ap;

	va_start(ap, fmt);
	finding->message = text_of(fmt, ap);
	va_end(ap);
}

static void add_engine(struct findings *findings, const struct place_request *request,
		       const struct place_vm_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_warnings; i++) {
		const struct place_warning *warning = &plan->warnings[i];
		struct finding *finding;

		if (said_better(findings, plan->vm, warning->code))
			continue;
		finding = add(findings, RULE_WARNING, warning->code);
		finding->vm = (int)plan->vm;
		finding->name = request->vms[plan->vm].name;
		finding->message = alloc_string(warning->message);
		finding->fix = fix_of_engine(&request->vms[plan->vm], plan, warning->code);
		finding->remedy = finding->fix.kind == FIX_NONE
					  ? alloc_string(warning->remedy)
					  : fix_text(&request->vms[plan->vm], &finding->fix);
	}
}

/* Which CPUs the VM has: the plan's, or those of pins with a single CPU. */
static void fill_cpus(struct rule_input *in)
{
	for (unsigned int i = 0; in->placed && i < in->placed->nr_vcpus; i++)
		cpuset_add(&in->cpus, in->placed->vcpus[i].cpu);
	for (unsigned int i = 0; !in->placed && i < in->vm->nr_pins; i++)
		if (cpuset_count(&in->vm->pins[i].cpus) == 1)
			cpuset_or(&in->cpus, &in->vm->pins[i].cpus);
	cpuset_for_each (os, &in->cpus) {
		const struct topo_cpu *cpu = topology_cpu(in->topo, (unsigned int)os);

		if (cpu && cpu->node >= 0)
			cpuset_add(&in->nodes, in->topo->nodes[cpu->node].os);
	}
}

static void check_vm(const struct rule_input *all, unsigned int index)
{
	struct rule_input in = *all;

	in.index = index;
	in.vm = &all->request->vms[index];
	if (all->plan && all->plan->vms[index].placed)
		in.placed = &all->plan->vms[index];
	fill_cpus(&in);
	for (size_t i = 0; i < sizeof(vm_rules) / sizeof(*vm_rules); i++)
		vm_rules[i].check(&vm_rules[i], &in);
	if (all->plan)
		add_engine(in.findings, in.request, &all->plan->vms[index]);
	cpuset_fini(&in.cpus);
	cpuset_fini(&in.nodes);
}

/* Stable: within a severity the order stays. */
static void sort(struct findings *findings)
{
	struct finding *sorted = alloc_zeroed(findings->nr + 1, sizeof(*sorted));
	unsigned int nr = 0;

	for (enum rule_severity severity = RULE_ERROR; severity <= RULE_NOTE; severity++)
		for (unsigned int i = 0; i < findings->nr; i++)
			if (findings->list[i].severity == severity)
				sorted[nr++] = findings->list[i];
	free(findings->list);
	findings->list = sorted;
}

void rules_check(struct findings *findings, const struct place_request *request,
		 const struct place_plan *plan)
{
	struct rule_input in = {
		.findings = findings, .request = request, .topo = request->topo, .plan = plan
	};

	*findings = (struct findings){ 0 };
	for (size_t i = 0; i < sizeof(request_rules) / sizeof(*request_rules); i++)
		request_rules[i].check(&request_rules[i], &in);
	for (unsigned int i = 0; i < request->nr_vms; i++)
		check_vm(&in, i);
	sort(findings);
}

void findings_fini(struct findings *findings)
{
	for (unsigned int i = 0; i < findings->nr; i++) {
		free(findings->list[i].message);
		free(findings->list[i].remedy);
		free(findings->list[i].fix.name);
		cpuset_fini(&findings->list[i].fix.set);
		cpuset_fini(&findings->list[i].fix.from);
	}
	free(findings->list);
	*findings = (struct findings){ 0 };
}

enum locality locality_of(const struct topology *topo, const struct cpuset *cpu_nodes,
			  unsigned int node)
{
	const struct topo_node *to = topology_node(topo, node);

	if (cpuset_has(cpu_nodes, node))
		return LOCALITY_LOCAL;
	cpuset_for_each (os, cpu_nodes) {
		const struct topo_node *from = topology_node(topo, (unsigned int)os);

		if (from && to && from->package >= 0 && from->package == to->package)
			return LOCALITY_REMOTE;
	}
	return LOCALITY_CROSS_SOCKET;
}
