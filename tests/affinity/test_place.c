#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "affinity/place.h"

/* One host and one plan; hosts are hwloc descriptions. */
struct world {
	struct topology topo;
	struct place_request request;
	struct place_plan plan;
	struct err err;
};

static void build(struct world *w, const char *host)
{
	memset(w, 0, sizeof(*w));
	topology_setup();
	cr_assert_eq(topology_load(&w->topo, host, &w->err), 0, "%s", w->err.text);
	w->request.topo = &w->topo;
}

static const struct place_vm_plan *solve(struct world *w, const struct place_vm *vms,
					 unsigned int nr)
{
	place_plan_fini(&w->plan);
	w->request.vms = vms;
	w->request.nr_vms = nr;
	cr_assert_eq(place(&w->plan, &w->request, &w->err), 0, "%s", w->err.text);
	return w->plan.vms;
}

static void destroy(struct world *w)
{
	place_plan_fini(&w->plan);
	topology_fini(&w->topo);
}

static const char *cpus_of(const struct place_vm_plan *plan)
{
	static char text[256];
	AUTO_CPUSET struct cpuset set = { 0 };

	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		cpuset_add(&set, plan->vcpus[i].cpu);
	cpuset_format(&set, text, sizeof(text));
	return text;
}

#define TWO_SOCKETS "synthetic:package:2 [numa(memory=8GB)] l3:2 core:4 pu:2"

struct default_case {
	char host[96];
	unsigned int nr_vcpus;
	char cpus[64];
};

ParameterizedTestParameters(place, the_default_takes_fewest_nodes_and_whole_l3s_without_siblings)
{
	static struct default_case cases[] = {
		{ TWO_SOCKETS, 1, "0" },
		{ TWO_SOCKETS, 4, "0,2,4,6" },
		{ TWO_SOCKETS, 8, "0,2,4,6,8,10,12,14" },
		{ TWO_SOCKETS, 9, "0,2,4,6,8,10,12,14,16" },
		{ TWO_SOCKETS, 16, "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30" },
		{ "synthetic:package:2 [numa] core:2 pu:1", 2, "0-1" },
		{ "synthetic:pu:4", 3, "0-2" },
	};

	return cr_make_param_array(struct default_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct default_case *c, place,
		  the_default_takes_fewest_nodes_and_whole_l3s_without_siblings)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = c->nr_vcpus };
	const struct place_vm_plan *plan;

	build(&w, c->host);
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed, "%s", plan->why);
	cr_assert_str_eq(cpus_of(plan), c->cpus);
	cr_assert(plan->exact);
	cr_assert_float_eq(plan->total, plan->lower_bound, 1e-3);
	destroy(&w);
}

Test(place, siblings_are_used_last_and_with_a_warning)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 17 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed);
	cr_assert_eq(plan->nr_warnings, 1);
	cr_assert_str_eq(plan->warnings[0].code, "smt-shared");
	cr_assert_gt(plan->cost.term[COST_SMT], 0);
	destroy(&w);
}
