#include "cli/plan_text.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/size.h"

static void print_set(FILE *out, const char *before, const struct cpuset *set)
{
	AUTO_FREE char *text = cpuset_string(set);

	fprintf(out, "%s%s", before, text);
}

static uint64_t memory_bytes(const struct place_vm_plan *vm)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < vm->nr_memory; i++)
		bytes += vm->memory[i].bytes;
	return bytes;
}

static void print_title(FILE *out, const struct place_vm_plan *vm)
{
	char size[SIZE_TEXT];

	fprintf(out, "%s: %u vCPU%s, %s\n", vm->name, vm->nr_vcpus, vm->nr_vcpus == 1 ? "" : "s",
		size_format(memory_bytes(vm), size));
}

/* vCPUs in a row on one node share a line: "vCPUs 0-3 on CPUs 4 5 6 7, node 0". */
static void print_vcpus(FILE *out, const struct place_vm_plan *vm)
{
	unsigned int next;

	for (unsigned int first = 0; first < vm->nr_vcpus; first = next) {
		for (next = first + 1; next < vm->nr_vcpus; next++)
			if (vm->vcpus[next].node != vm->vcpus[first].node)
				break;
		if (next == first + 1)
			fprintf(out, "  vCPU  %-9u on CPU ", vm->vcpus[first].vcpu);
		else
			fprintf(out, "  vCPUs %u-%-7u on CPUs", vm->vcpus[first].vcpu,
				vm->vcpus[next - 1].vcpu);
		for (unsigned int i = first; i < next; i++)
			fprintf(out, " %u%s", vm->vcpus[i].cpu, vm->vcpus[i].shared ? "*" : "");
		if (vm->vcpus[first].node >= 0)
			fprintf(out, ", node %d", vm->vcpus[first].node);
		fputc('\n', out);
	}
}

static bool any_shared(const struct place_vm_plan *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].shared)
			return true;
	return false;
}

static void print_memory(FILE *out, const struct place_vm_plan *vm)
{
	char size[SIZE_TEXT], page[SIZE_TEXT];

	for (unsigned int i = 0; i < vm->nr_memory; i++) {
		const struct place_memory *part = &vm->memory[i];

		fprintf(out, "  memory %s of guest node %u on node %u, %s pages, %s\n",
			size_format(part->bytes, size), part->guest_node, part->host_node,
			size_format(part->page_size, page), place_mem_policy_names[part->policy]);
	}
}

static void print_threads(FILE *out, const struct place_vm_plan *vm)
{
	if (!cpuset_empty(&vm->io_cpus))
		print_set(out, "  I/O threads on CPUs ", &vm->io_cpus), fputc('\n', out);
	if (!cpuset_empty(&vm->emulator_cpus))
		print_set(out, "  other threads on CPUs ", &vm->emulator_cpus), fputc('\n', out);
	if (!cpuset_empty(&vm->reserved))
		print_set(out, "  kept empty: CPUs ", &vm->reserved), fputc('\n', out);
	if (any_shared(vm))
		fputs("  * also has another vCPU or VM\n", out);
}

static void print_reasons(FILE *out, const struct place_vm_plan *vm)
{
	for (unsigned int i = 0; i < vm->nr_reasons; i++)
		fprintf(out, "%s %s\n", i ? "     " : "  why", vm->reasons[i].text);
}

static void print_bound(FILE *out, const struct place_vm_plan *vm)
{
	fprintf(out, "  cost %.4g ms of stall per second", vm->total / 1e6);
	if (vm->exact)
		fputs("; proved: nothing that fits is better", out);
	else if (vm->lower_bound > 0)
		fprintf(out, "; at most %.1f %% above the best there can be",
			(vm->total / vm->lower_bound - 1) * 100);
	fputc('\n', out);
	for (int i = 0; i < NR_COST_TERMS; i++)
		if (vm->cost.term[i] > 0 && i != COST_FRAGMENTATION)
			fprintf(out, "       %-10s %.4g\n", cost_term_names[i],
				vm->cost.term[i] / 1e6);
	fprintf(out, "  by   %s\n", vm->rule);
}

static void print_alternatives(FILE *out, const struct place_vm_plan *vm)
{
	for (unsigned int i = 0; i < vm->nr_alternatives; i++) {
		const struct place_alternative *other = &vm->alternatives[i];
		char cost[32] = "-";

		if (other->feasible && isfinite(other->cost))
			snprintf(cost, sizeof(cost), "%.4g", other->cost / 1e6);
		fprintf(out, "%s %s %-30s %9s  %s\n", i ? "       " : "  else ",
			other->chosen ? "*" : " ", other->what, cost,
			other->chosen	 ? "chosen"
			: other->why_not ? other->why_not
					 : "");
	}
}

static void print_warnings(FILE *out, const struct place_vm_plan *vm)
{
	for (unsigned int i = 0; i < vm->nr_warnings; i++)
		fprintf(out, "  warning (%s): %s; %s\n", vm->warnings[i].code,
			vm->warnings[i].message, vm->warnings[i].remedy);
}

void plan_print_brief(FILE *out, const struct place_vm_plan *vm)
{
	print_title(out, vm);
	print_vcpus(out, vm);
	print_memory(out, vm);
	print_threads(out, vm);
	print_warnings(out, vm);
}

static void print_unplaced(FILE *out, const struct place_vm_plan *vm)
{
	fprintf(out, "%s: not placed (%s): %s\n", vm->name, vm->constraint, vm->why);
	print_alternatives(out, vm);
	print_warnings(out, vm);
}

void plan_print_text(FILE *out, const struct place_plan *plan)
{
	for (unsigned int i = 0; i < plan->nr_vms; i++) {
		const struct place_vm_plan *vm = &plan->vms[i];

		if (i)
			fputc('\n', out);
		if (!vm->placed) {
			print_unplaced(out, vm);
			continue;
		}
		plan_print_brief(out, vm);
		print_reasons(out, vm);
		print_bound(out, vm);
		print_alternatives(out, vm);
	}
	fprintf(out, "\nlatencies: %s; memory: %s\n", plan->latency_source, plan->memory_source);
}
