#include "cli/plan_json.h"

#include <math.h>

#include "base/alloc.h"

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *node_or_null(int node)
{
	return node < 0 ? json_null() : json_integer(node);
}

static json_t *set_json(const struct cpuset *set)
{
	AUTO_FREE char *text = cpuset_string(set);

	return json_string(text);
}

static json_t *vcpus_json(const struct place_vm_plan *vm)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		const struct place_vcpu *vcpu = &vm->vcpus[i];

		json_array_append_new(list, json_pack("{s:i, s:i, s:o, s:b, s:b}", "vcpu",
						      (int)vcpu->vcpu, "cpu", (int)vcpu->cpu,
						      "node", node_or_null(vcpu->node), "pinned",
						      vcpu->pinned, "shared", vcpu->shared));
	}
	return list;
}

static void add_nodes(const struct place_vm_plan *vm, struct cpuset *nodes)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].node >= 0)
			cpuset_add(nodes, (unsigned int)vm->vcpus[i].node);
}

static json_t *memory_json(const struct topology *topo, const struct place_vm_plan *vm)
{
	json_t *list = json_array();
	AUTO_CPUSET struct cpuset nodes = { 0 };

	add_nodes(vm, &nodes);
	for (unsigned int i = 0; i < vm->nr_memory; i++) {
		const struct place_memory *part = &vm->memory[i];
		enum locality locality = locality_of(topo, &nodes, part->host_node);

		json_array_append_new(list, json_pack("{s:i, s:i, s:I, s:s, s:I, s:s}",
						      "guest_node", (int)part->guest_node,
						      "host_node", (int)part->host_node, "bytes",
						      (json_int_t)part->bytes, "policy",
						      place_mem_policy_names[part->policy],
						      "page_size", (json_int_t)part->page_size,
						      "locality", locality_names[locality]));
	}
	return list;
}

static json_t *guest_nodes_json(const struct place_vm_plan *vm)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < vm->nr_guest_nodes; i++) {
		const struct place_guest_map *node = &vm->guest_nodes[i];

		json_array_append_new(list, json_pack("{s:i, s:o, s:I}", "id", (int)node->id,
						      "vcpus", set_json(&node->vcpus), "bytes",
						      (json_int_t)node->bytes));
	}
	return list;
}

static json_t *cost_json(const struct cost *cost)
{
	json_t *terms = json_object();

	for (int i = 0; i < NR_COST_TERMS; i++)
		json_object_set_new(terms, cost_term_names[i], real_or_null(cost->term[i]));
	return terms;
}

static json_t *reasons_json(const struct place_vm_plan *vm)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < vm->nr_reasons; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "code", vm->reasons[i].code,
						      "text", vm->reasons[i].text));
	return list;
}

static json_t *finding_json(const struct finding *finding)
{
	static const char *const names[] = { "error", "warning", "note" };

	return json_pack("{s:s, s:s, s:s?, s:s, s:s?}", "severity", names[finding->severity],
			 "code", finding->code, "vm", finding->name, "message", finding->message,
			 "remedy", finding->remedy);
}

/* vm: an index, or -1 for all. */
static json_t *findings_json(const struct findings *findings, enum rule_severity severity, int vm)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < findings->nr; i++)
		if (findings->list[i].severity == severity &&
		    (vm < 0 || findings->list[i].vm == vm))
			json_array_append_new(list, finding_json(&findings->list[i]));
	return list;
}

static json_t *alternatives_json(const struct place_vm_plan *vm)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < vm->nr_alternatives; i++) {
		const struct place_alternative *other = &vm->alternatives[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:b, s:b, s:s?}", "level",
						      other->level, "what", other->what, "cost",
						      real_or_null(other->cost), "feasible",
						      other->feasible, "chosen", other->chosen,
						      "why_not", other->why_not));
	}
	return list;
}

static json_t *vm_json(const struct topology *topo, const struct place_vm_plan *vm,
		       const struct findings *findings)
{
	json_t *object =
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", vm->name, "vcpus",
			  vcpus_json(vm), "reserved", set_json(&vm->reserved), "guest_nodes",
			  guest_nodes_json(vm), "memory", memory_json(topo, vm), "io_cpus",
			  set_json(&vm->io_cpus), "emulator_cpus", set_json(&vm->emulator_cpus));

	json_object_set_new(object, "cost", real_or_null(vm->total));
	json_object_set_new(object, "cost_terms", cost_json(&vm->cost));
	json_object_set_new(object, "lower_bound", real_or_null(vm->lower_bound));
	json_object_set_new(object, "exact", json_boolean(vm->exact));
	json_object_set_new(object, "rule", json_string(vm->rule));
	json_object_set_new(object, "reasons", reasons_json(vm));
	json_object_set_new(object, "warnings", findings_json(findings, RULE_WARNING, (int)vm->vm));
	json_object_set_new(object, "alternatives", alternatives_json(vm));
	return object;
}

static json_t *unplaced_json(const struct place_vm_plan *vm, const struct findings *findings)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", vm->name, "constraint",
			 vm->constraint, "why", vm->why, "warnings",
			 findings_json(findings, RULE_WARNING, (int)vm->vm), "alternatives",
			 alternatives_json(vm));
}

json_t *plan_json(const struct topology *topo, const struct place_plan *plan,
		  const struct findings *findings)
{
	json_t *vms = json_array(), *unplaced = json_array();

	for (unsigned int i = 0; i < plan->nr_vms; i++) {
		const struct place_vm_plan *vm = &plan->vms[i];

		if (vm->placed)
			json_array_append_new(vms, vm_json(topo, vm, findings));
		else
			json_array_append_new(unplaced, unplaced_json(vm, findings));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s?, s:s?}", "vms", vms, "unplaced", unplaced,
			 "errors", findings_json(findings, RULE_ERROR, -1), "warnings",
			 findings_json(findings, RULE_WARNING, -1), "notes",
			 findings_json(findings, RULE_NOTE, -1), "latency_source",
			 plan->latency_source, "memory_source", plan->memory_source);
}
