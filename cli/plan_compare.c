/* One VM under every policy: a row each. */
#include "cli/plan_compare.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "cli/plan_shape.h"
#include "cli/plan_text.h"

struct row {
	enum place_cpu_policy cpu;
	enum place_mem_policy mem;
	struct place_plan plan;
	struct plan_shape shape;
};

#define MAX_ROWS (NR_PLACE_CPU_POLICIES * NR_PLACE_MEM_POLICIES)

/* Bind and preferred say something only of nodes that are named; auto is local with a way out. */
static bool is_relevant(const struct place_vm *vm, enum place_mem_policy mem)
{
	if (mem == PLACE_MEM_BIND || mem == PLACE_MEM_PREFERRED)
		return vm->nr_nodes || vm->mem == mem;
	return mem != PLACE_MEM_LOCAL || vm->mem == mem;
}

static int fill_row(struct row *row, const struct plan_request *request, unsigned int vm,
		    struct err *err)
{
	struct place_vm one = request->vms[vm];
	struct place_request alone = request->place;
	int ret;

	one.cpu = row->cpu;
	one.mem = row->mem;
	alone.vms = &one;
	alone.nr_vms = 1;
	ret = place(&row->plan, &alone, err);
	if (!ret && row->plan.vms[0].placed)
		plan_shape_init(&row->shape, &request->topo, &row->plan.vms[0]);
	return ret;
}

static int fill_rows(struct row *rows, unsigned int *nr, const struct plan_request *request,
		     unsigned int vm, struct err *err)
{
	int ret = 0;

	*nr = 0;
	for (unsigned int cpu = 0; cpu < NR_PLACE_CPU_POLICIES; cpu++)
		for (unsigned int mem = 0; mem < NR_PLACE_MEM_POLICIES && !ret; mem++) {
			if (!is_relevant(&request->vms[vm], (enum place_mem_policy)mem))
				continue;
			rows[*nr] = (struct row){ .cpu = (enum place_cpu_policy)cpu,
						  .mem = (enum place_mem_policy)mem };
			ret = fill_row(&rows[(*nr)++], request, vm, err);
		}
	return ret;
}

static void free_rows(struct row *rows, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		plan_shape_fini(&rows[i].shape);
		place_plan_fini(&rows[i].plan);
	}
}

static double least_cost(const struct row *rows, unsigned int nr)
{
	double least = INFINITY;

	for (unsigned int i = 0; i < nr; i++)
		if (rows[i].plan.vms && rows[i].plan.vms[0].placed)
			least = fmin(least, rows[i].plan.vms[0].total);
	return least;
}

/* "least cost", "+46 %", "does not fit (local)"; the caller frees. */
static char *verdict_of(const struct row *row, double least)
{
	const struct place_vm_plan *vm = &row->plan.vms[0];

	if (!vm->placed)
		return alloc_printf("does not fit (%s)", vm->constraint);
	if (vm->total <= least * 1.0005)
		return alloc_string("least cost");
	return alloc_printf("+%.1f %%", (vm->total / least - 1) * 100);
}

static void print_row(FILE *out, const struct row *row, double least)
{
	const struct place_vm_plan *vm = &row->plan.vms[0];
	AUTO_FREE char *verdict = verdict_of(row, least);
	AUTO_FREE char *nodes = cpuset_string(&row->shape.node_set);
	AUTO_FREE char *memory = cpuset_string(&row->shape.memory_nodes);
	const double costs[] = { vm->cost.term[COST_COMM], vm->cost.term[COST_MEMORY],
				 vm->cost.term[COST_SMT], vm->total, vm->lower_bound };
	char ms[PLAN_MS_TEXT];

	fprintf(out, "  %-8s %-11s", place_cpu_policy_names[row->cpu],
		place_mem_policy_names[row->mem]);
	if (!vm->placed) {
		fprintf(out, "%71s  %s\n", "", verdict);
		return;
	}
	fprintf(out, " %-6s %-6s %4u %6u", nodes, memory, row->shape.l3s, row->shape.cores);
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++)
		fprintf(out, " %8s", plan_ms(costs[i], ms));
	fprintf(out, "  %s\n", verdict);
}

/* Rows that end alike say so once. */
static void print_reasons(FILE *out, const struct row *rows, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct place_vm_plan *vm = &rows[i].plan.vms[0];
		bool said = false;

		for (unsigned int j = 0; j < i && !vm->placed; j++)
			said = said || (!rows[j].plan.vms[0].placed &&
					!strcmp(rows[j].plan.vms[0].why, vm->why));
		if (!vm->placed && !said)
			fprintf(out, "  %s: %s\n", vm->constraint, vm->why);
	}
}

static void print_rows(FILE *out, const struct place_vm *vm, const struct row *rows,
		       unsigned int nr)
{
	double least = least_cost(rows, nr);

	fprintf(out, "%s: %u vCPUs under each policy; cost in ms of stall per second\n\n", vm->name,
		vm->nr_vcpus);
	fprintf(out, "  %-8s %-11s %-6s %-6s %4s %6s %8s %8s %8s %8s %8s  %s\n", "cpu", "memory",
		"nodes", "pages", "L3s", "cores", "comm", "memory", "smt", "cost", "bound",
		"verdict");
	for (unsigned int i = 0; i < nr; i++)
		print_row(out, &rows[i], least);
	print_reasons(out, rows, nr);
}

int plan_compare_text(FILE *out, const struct plan_request *request, struct err *err)
{
	int ret = 0;

	for (unsigned int vm = 0; vm < request->nr_vms && !ret; vm++) {
		struct row rows[MAX_ROWS];
		unsigned int nr;

		ret = fill_rows(rows, &nr, request, vm, err);
		if (!ret) {
			fputs(vm ? "\n" : "", out);
			print_rows(out, &request->vms[vm], rows, nr);
		}
		free_rows(rows, nr);
	}
	return ret;
}

static json_t *set_json(const struct cpuset *set)
{
	AUTO_FREE char *text = cpuset_string(set);

	return json_string(text);
}

static json_t *terms_json(const struct cost *cost)
{
	json_t *terms = json_object();

	for (int i = 0; i < NR_COST_TERMS; i++)
		json_object_set_new(terms, cost_term_names[i], json_real(cost->term[i]));
	return terms;
}

static json_t *row_json(const struct row *row, double least)
{
	const struct place_vm_plan *vm = &row->plan.vms[0];
	AUTO_FREE char *verdict = verdict_of(row, least);
	json_t *object = json_pack("{s:s, s:s, s:b, s:s}", "cpu", place_cpu_policy_names[row->cpu],
				   "memory", place_mem_policy_names[row->mem], "placed", vm->placed,
				   "verdict", verdict);

	if (!vm->placed) {
		json_object_set_new(object, "constraint", json_string(vm->constraint));
		json_object_set_new(object, "why", json_string(vm->why));
		return object;
	}
	json_object_set_new(object, "nodes", set_json(&row->shape.node_set));
	json_object_set_new(object, "memory_nodes", set_json(&row->shape.memory_nodes));
	json_object_set_new(object, "l3s", json_integer(row->shape.l3s));
	json_object_set_new(object, "cores", json_integer(row->shape.cores));
	json_object_set_new(object, "cost_terms", terms_json(&vm->cost));
	json_object_set_new(object, "cost", json_real(vm->total));
	json_object_set_new(object, "lower_bound", json_real(vm->lower_bound));
	json_object_set_new(object, "exact", json_boolean(vm->exact));
	return object;
}

int plan_compare_json(json_t **list, const struct plan_request *request, struct err *err)
{
	int ret = 0;

	*list = json_array();
	for (unsigned int vm = 0; vm < request->nr_vms && !ret; vm++) {
		struct row rows[MAX_ROWS];
		json_t *policies = json_array();
		unsigned int nr;

		ret = fill_rows(rows, &nr, request, vm, err);
		for (unsigned int i = 0; !ret && i < nr; i++)
			json_array_append_new(policies, row_json(&rows[i], least_cost(rows, nr)));
		json_array_append_new(*list, json_pack("{s:s, s:o}", "name", request->vms[vm].name,
						       "policies", policies));
		free_rows(rows, nr);
	}
	return ret;
}
