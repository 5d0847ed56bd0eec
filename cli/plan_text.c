#include "cli/plan_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/plan_shape.h"

#define INDENT	 10 /* of everything behind a line's first word */
#define MAX_CPUS 16 /* named one by one; of more the list, and the map shows which is whose */

/* Words, broken at the edge; what continues is indented. */
struct writer {
	FILE *out;
	unsigned int columns, at;
};

static void start(struct writer *writer, const char *title)
{
	fprintf(writer->out, "  %-*s", INDENT - 2, title);
	writer->at = INDENT;
}

static void put(struct writer *writer, const char *word)
{
	unsigned int len = (unsigned int)strlen(word);

	if (writer->at > INDENT && writer->at + 1 + len > writer->columns) {
		fprintf(writer->out, "\n%*s", INDENT, "");
		writer->at = INDENT;
	} else if (writer->at > INDENT) {
		fputc(' ', writer->out);
		writer->at++;
	}
	fputs(word, writer->out);
	writer->at += len;
}

static void put_sentence(struct writer *writer, const char *text)
{
	AUTO_FREE char *copy = alloc_string(text);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		put(writer, word);
}

static void end(struct writer *writer)
{
	fputc('\n', writer->out);
}

static void print_title(FILE *out, const struct topology *topo, const struct place_vm_plan *vm)
{
	struct plan_shape shape;
	char size[SIZE_TEXT];

	plan_shape_init(&shape, topo, vm);
	fprintf(out, "%s: %u vCPU%s and %s on %u node%s, %u core%s\n", vm->name, vm->nr_vcpus,
		vm->nr_vcpus == 1 ? "" : "s", size_format(shape.bytes, size), shape.nodes,
		shape.nodes == 1 ? "" : "s", shape.cores, shape.cores == 1 ? "" : "s");
	plan_shape_fini(&shape);
}

/* How many vCPUs from here on are on CPUs that count up by one. */
static unsigned int run_length(const struct place_vm_plan *vm, unsigned int first,
			       unsigned int last)
{
	unsigned int nr = 1;

	while (first + nr <= last && vm->vcpus[first + nr].cpu == vm->vcpus[first].cpu + nr &&
	       vm->vcpus[first + nr].shared == vm->vcpus[first].shared)
		nr++;
	return nr;
}

/* "4-7" for a run of three and more, else one CPU; "*": shared. Returns how many. */
static unsigned int put_run(struct writer *writer, const struct place_vm_plan *vm,
			    unsigned int first, unsigned int last)
{
	unsigned int nr = run_length(vm, first, last), cpu = vm->vcpus[first].cpu;
	const char *star = vm->vcpus[first].shared ? "*" : "";
	AUTO_FREE char *word = NULL;

	if (nr < 3)
		nr = 1;
	word = nr == 1 ? alloc_printf("%u%s", cpu, star)
		       : alloc_printf("%u-%u%s", cpu, cpu + nr - 1, star);
	put(writer, word);
	return nr;
}

static void put_list(struct writer *writer, const struct place_vm_plan *vm, unsigned int first,
		     unsigned int last)
{
	AUTO_CPUSET struct cpuset cpus = { 0 };
	AUTO_FREE char *list = NULL;
	bool shared = false;

	for (unsigned int i = first; i <= last; i++) {
		cpuset_add(&cpus, vm->vcpus[i].cpu);
		shared = shared || vm->vcpus[i].shared;
	}
	list = cpuset_string(&cpus);
	put(writer, list);
	if (shared)
		put(writer, "*");
}

static void print_group(struct writer *writer, const struct place_vm_plan *vm, unsigned int first,
			unsigned int last)
{
	AUTO_FREE char *vcpus =
		first == last ? alloc_printf("%u", first) : alloc_printf("%u-%u", first, last);
	AUTO_FREE char *node = vm->vcpus[first].node < 0
				       ? alloc_string("in no node")
				       : alloc_printf("in node %d", vm->vcpus[first].node);

	start(writer, first ? "" : "vCPUs");
	put(writer, vcpus);
	put(writer, first == last ? "on CPU" : "on CPUs");
	if (last - first >= MAX_CPUS)
		put_list(writer, vm, first, last);
	for (unsigned int i = first; last - first < MAX_CPUS && i <= last;)
		i += put_run(writer, vm, i, last);
	put_sentence(writer, node);
	end(writer);
}

/* vCPUs in a row on one node share a line. */
static void print_vcpus(struct writer *writer, const struct place_vm_plan *vm)
{
	unsigned int next;

	for (unsigned int first = 0; first < vm->nr_vcpus; first = next) {
		for (next = first + 1; next < vm->nr_vcpus; next++)
			if (vm->vcpus[next].node != vm->vcpus[first].node)
				break;
		print_group(writer, vm, first, next - 1);
	}
}

static bool any_shared(const struct place_vm_plan *vm)
{
	for (unsigned int i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].shared)
			return true;
	return false;
}

/* "16 GiB of guest node 0 in node 1, 4 KiB pages, cross-socket"; the caller frees. */
static char *memory_text(const struct place_memory *part, enum locality locality)
{
	bool plain = part->policy == PLACE_MEM_LOCAL && locality == LOCALITY_LOCAL;
	char size[SIZE_TEXT], page[SIZE_TEXT];

	return alloc_printf("%s of guest node %u in node %u, %s pages, %s%s%s%s",
			    size_format(part->bytes, size), part->guest_node, part->host_node,
			    size_format(part->page_size, page), locality_names[locality],
			    plain ? "" : " (policy ",
			    plain ? "" : place_mem_policy_names[part->policy], plain ? "" : ")");
}

static void print_memory(struct writer *writer, const struct topology *topo,
			 const struct place_vm_plan *vm)
{
	struct plan_shape shape;

	plan_shape_init(&shape, topo, vm);
	for (unsigned int i = 0; i < vm->nr_memory; i++) {
		const struct place_memory *part = &vm->memory[i];
		AUTO_FREE char *text =
			memory_text(part, locality_of(topo, &shape.node_set, part->host_node));

		start(writer, i ? "" : "memory");
		put_sentence(writer, text);
		end(writer);
	}
	plan_shape_fini(&shape);
}

static void print_cpus(struct writer *writer, const char *title, const struct cpuset *set,
		       const char *what)
{
	AUTO_FREE char *list = cpuset_string(set);
	AUTO_FREE char *text =
		alloc_printf("%s CPU%s %s", what, cpuset_count(set) == 1 ? "" : "s", list);

	if (cpuset_empty(set))
		return;
	start(writer, title);
	put_sentence(writer, text);
	end(writer);
}

static void print_threads(struct writer *writer, const struct place_vm_plan *vm)
{
	bool io = !cpuset_empty(&vm->io_cpus);

	print_cpus(writer, "threads", &vm->io_cpus, "I/O on");
	print_cpus(writer, io ? "" : "threads", &vm->emulator_cpus, "event loop and others on");
	print_cpus(writer, "empty", &vm->reserved, "siblings kept free:");
	if (any_shared(vm))
		fprintf(writer->out, "%*s* another vCPU or VM is there too\n", INDENT, "");
}

/* What the lines above do not show already. */
static void print_reasons(struct writer *writer, const struct place_vm_plan *vm)
{
	const char *title = "why";

	for (unsigned int i = 0; i < vm->nr_reasons; i++) {
		bool smt = !strcmp(vm->reasons[i].code, "smt") && cpuset_empty(&vm->reserved);

		if (strcmp(vm->reasons[i].code, "cpu-rule") != 0 && !smt)
			continue;
		start(writer, title);
		put_sentence(writer, vm->reasons[i].text);
		end(writer);
		title = "";
	}
}

const char *plan_ms(double ns, char text[PLAN_MS_TEXT])
{
	snprintf(text, PLAN_MS_TEXT, fabs(ns) < 1e9 ? "%.4g" : "%.0f", ns / 1e6);
	return text;
}

static void print_cost(struct writer *writer, const struct place_vm_plan *vm)
{
	char ms[PLAN_MS_TEXT];
	AUTO_FREE char *total = alloc_printf("%s ms of stall per second", plan_ms(vm->total, ms));
	const char *before = ":";

	start(writer, "cost");
	fputs(total, writer->out);
	writer->at += (unsigned int)strlen(total);
	for (int i = 0; i < NR_COST_TERMS; i++) {
		AUTO_FREE char *term =
			alloc_printf("%s %.4g", cost_term_names[i], vm->cost.term[i] / 1e6);

		if (vm->cost.term[i] <= 0 || i == COST_FRAGMENTATION)
			continue;
		fputs(before, writer->out);
		put(writer, term);
		before = ",";
	}
	end(writer);
}

static void print_bound(struct writer *writer, const struct place_vm_plan *vm)
{
	AUTO_FREE char *text = NULL;

	if (vm->exact)
		text = alloc_string("proved: nothing that fits is better by this rule");
	else if (vm->lower_bound > 0)
		text = alloc_printf("searched: at most %.1f %% above the least there can be",
				    (vm->total / vm->lower_bound - 1) * 100);
	else
		text = alloc_string("searched; no bound is known");
	start(writer, "bound");
	put_sentence(writer, text);
	end(writer);
}

static void print_alternatives(struct writer *writer, const struct place_vm_plan *vm)
{
	for (unsigned int i = 0; i < vm->nr_alternatives; i++) {
		const struct place_alternative *other = &vm->alternatives[i];
		bool known = other->feasible && isfinite(other->cost);
		char ms[PLAN_MS_TEXT];
		AUTO_FREE char *text = NULL;

		text = alloc_printf("%s: %s%s, %s", other->what,
				    known ? plan_ms(other->cost, ms) : "-", known ? " ms" : "",
				    other->chosen    ? "chosen"
				    : other->why_not ? other->why_not
						     : "not chosen");
		start(writer, i ? "" : "instead");
		put_sentence(writer, text);
		end(writer);
	}
}

static void print_unplaced(struct writer *writer, const struct place_vm_plan *vm)
{
	fprintf(writer->out, "%s: not placed (%s)\n", vm->name, vm->constraint);
	start(writer, "why");
	put_sentence(writer, vm->why);
	end(writer);
	print_alternatives(writer, vm);
}

static void print_placed(struct writer *writer, const struct topology *topo,
			 const struct place_vm_plan *vm)
{
	print_title(writer->out, topo, vm);
	print_vcpus(writer, vm);
	print_memory(writer, topo, vm);
	print_threads(writer, vm);
	print_reasons(writer, vm);
	print_cost(writer, vm);
	print_bound(writer, vm);
	print_alternatives(writer, vm);
}

void plan_print_brief(FILE *out, const struct topology *topo, const struct place_vm_plan *vm,
		      unsigned int columns)
{
	struct writer writer = { .out = out, .columns = columns < 40 ? 40 : columns };

	print_title(out, topo, vm);
	print_vcpus(&writer, vm);
	print_memory(&writer, topo, vm);
	print_threads(&writer, vm);
	for (unsigned int i = 0; i < vm->nr_warnings; i++)
		fprintf(out, "WARNING: Instance %s: %s\n  (%s) %s\n", vm->name,
			vm->warnings[i].message, vm->warnings[i].code, vm->warnings[i].remedy);
}

void plan_print_text(FILE *out, const struct topology *topo, const struct place_plan *plan,
		     unsigned int columns)
{
	struct writer writer = { .out = out, .columns = columns < 40 ? 40 : columns };

	for (unsigned int i = 0; i < plan->nr_vms; i++) {
		if (plan->vms[i].placed)
			print_placed(&writer, topo, &plan->vms[i]);
		else
			print_unplaced(&writer, &plan->vms[i]);
		fputc('\n', out);
	}
	fprintf(out, "Latencies between CPUs: %s; of memory: %s.\n", plan->latency_source,
		plan->memory_source);
}

void plan_print_findings(FILE *out, const struct findings *findings)
{
	static const char *const names[] = { "ERROR", "WARNING", "NOTE" };

	for (unsigned int i = 0; i < findings->nr; i++) {
		const struct finding *finding = &findings->list[i];

		fprintf(out, "%s: ", names[finding->severity]);
		if (finding->name)
			fprintf(out, "Instance %s: ", finding->name);
		fprintf(out, "%s\n", finding->message);
		if (finding->remedy)
			fprintf(out, "  (%s) %s\n", finding->code, finding->remedy);
	}
}
