#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>
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
	for (unsigned int i = 0; i < w->topo.nr_nodes; i++)
		w->topo.nodes[i].mem_total = UINT64_C(8) << 30;
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

#define TWO_SOCKETS "synthetic:package:2 [numa] l3:2 core:4 pu:2"

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

static unsigned int on_node(const struct place_vm_plan *plan, int node)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		nr += plan->vcpus[i].node == node;
	return nr;
}

static uint64_t bytes_on(const struct place_vm_plan *plan, unsigned int node)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < plan->nr_memory; i++)
		if (plan->memory[i].host_node == node)
			bytes += plan->memory[i].bytes;
	return bytes;
}

static bool warns(const struct place_vm_plan *plan, const char *code)
{
	for (unsigned int i = 0; i < plan->nr_warnings; i++)
		if (!strcmp(plan->warnings[i].code, code))
			return true;
	return false;
}

#define FOUR_NODES "synthetic:package:4 [numa] l3:2 core:4 pu:2"

struct policy_case {
	char host[96];
	enum place_cpu_policy cpu;
	enum place_smt smt;
	unsigned int nr_vcpus;
	char cpus[96];
};

ParameterizedTestParameters(place, policies_and_sibling_rules_choose_these_cpus)
{
	static struct policy_case cases[] = {
		{ TWO_SOCKETS, PLACE_CPU_COMPACT, PLACE_SMT_AUTO, 4, "0-3" },
		{ TWO_SOCKETS, PLACE_CPU_COMPACT, PLACE_SMT_AUTO, 8, "0-7" },
		{ FOUR_NODES, PLACE_CPU_COMPACT, PLACE_SMT_AUTO, 16, "0-15" },
		{ TWO_SOCKETS, PLACE_CPU_COMPACT, PLACE_SMT_ISOLATE, 4, "0,2,4,6" },
		{ TWO_SOCKETS, PLACE_CPU_SPREAD, PLACE_SMT_AUTO, 4, "0,8,16,24" },
		{ FOUR_NODES, PLACE_CPU_SPREAD, PLACE_SMT_AUTO, 4, "0,16,32,48" },
		{ TWO_SOCKETS, PLACE_CPU_SPREAD, PLACE_SMT_REQUIRE, 4, "0-1,16-17" },
		{ TWO_SOCKETS, PLACE_CPU_LOCAL, PLACE_SMT_AUTO, 4, "0,2,4,6" },
		{ TWO_SOCKETS, PLACE_CPU_AUTO, PLACE_SMT_SHARE, 4, "0-3" },
		{ TWO_SOCKETS, PLACE_CPU_AUTO, PLACE_SMT_REQUIRE, 6, "0-5" },
		{ TWO_SOCKETS, PLACE_CPU_AUTO, PLACE_SMT_ISOLATE, 3, "0,2,4" },
	};

	return cr_make_param_array(struct policy_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct policy_case *c, place, policies_and_sibling_rules_choose_these_cpus)
{
	struct world w;
	struct place_vm vm = {
		.name = "vm", .nr_vcpus = c->nr_vcpus, .cpu = c->cpu, .smt = c->smt
	};
	const struct place_vm_plan *plan;

	build(&w, c->host);
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed, "%s", plan->why);
	cr_assert_str_eq(cpus_of(plan), c->cpus);
	destroy(&w);
}

Test(place, isolate_and_require_reserve_the_siblings_that_stay_empty)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 3, .smt = PLACE_SMT_ISOLATE };
	char text[64];

	build(&w, TWO_SOCKETS);
	cpuset_format(&solve(&w, &vm, 1)->reserved, text, sizeof(text));
	cr_assert_str_eq(text, "1,3,5");
	vm.smt = PLACE_SMT_REQUIRE;
	cpuset_format(&solve(&w, &vm, 1)->reserved, text, sizeof(text));
	cr_assert_str_eq(text, "3");
	destroy(&w);
}

Test(place, listed_nodes_are_the_only_ones_and_the_first_is_preferred)
{
	static const unsigned int nodes[] = { 3, 1 };
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 4, .nodes = nodes, .nr_nodes = 2 };
	const struct place_vm_plan *plan;

	build(&w, FOUR_NODES);
	plan = solve(&w, &vm, 1);
	cr_assert_eq(on_node(plan, 3), 4);
	vm.nr_vcpus = 16;
	plan = solve(&w, &vm, 1);
	cr_assert_eq(on_node(plan, 3), 8);
	cr_assert_eq(on_node(plan, 1), 8);
	vm.cpu = PLACE_CPU_SPREAD;
	vm.nr_vcpus = 5;
	plan = solve(&w, &vm, 1);
	cr_assert_eq(on_node(plan, 3) + on_node(plan, 1), 5);
	cr_assert_leq(abs((int)on_node(plan, 3) - (int)on_node(plan, 1)), 1);
	destroy(&w);
}

Test(place, local_needs_one_node_with_room_for_cpus_and_memory)
{
	struct world w;
	struct place_vm vm = {
		.name = "vm", .nr_vcpus = 4, .cpu = PLACE_CPU_LOCAL, .memory = UINT64_C(6) << 30
	};
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	w.topo.nodes[0].mem_total = UINT64_C(4) << 30;
	plan = solve(&w, &vm, 1);
	cr_assert_eq(on_node(plan, 1), 4);
	cr_assert_eq(bytes_on(plan, 1), vm.memory);
	vm.memory = UINT64_C(9) << 30;
	plan = solve(&w, &vm, 1);
	cr_assert_not(plan->placed);
	cr_assert_str_eq(plan->constraint, "local");
	cr_assert(strstr(plan->why, "no single node"));
	destroy(&w);
}

Test(place, memory_follows_the_vcpus_and_nodes_that_lack_it_take_fewer)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 8, .memory = UINT64_C(12) << 30 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed);
	cr_assert_eq(plan->nr_guest_nodes, 2, "8 GiB per node: two guest nodes");
	cr_assert_eq(bytes_on(plan, 0) + bytes_on(plan, 1), vm.memory);
	for (unsigned int i = 0; i < plan->nr_memory; i++)
		cr_assert_eq(plan->memory[i].policy, PLACE_MEM_LOCAL);
	cr_assert_not(warns(plan, "memory-remote"));
	destroy(&w);
}

Test(place, interleave_gives_equal_shares_and_says_when_there_is_one_node)
{
	static const unsigned int nodes[] = { 0, 1, 2, 3 };
	struct world w;
	struct place_vm vm = { .name = "vm",
			       .nr_vcpus = 4,
			       .memory = UINT64_C(4) << 30,
			       .mem = PLACE_MEM_INTERLEAVE,
			       .nodes = nodes,
			       .nr_nodes = 4 };
	const struct place_vm_plan *plan;

	build(&w, FOUR_NODES);
	plan = solve(&w, &vm, 1);
	for (unsigned int node = 0; node < 4; node++)
		cr_assert_eq(bytes_on(plan, node), UINT64_C(1) << 30);
	vm.nr_nodes = 1;
	cr_assert(warns(solve(&w, &vm, 1), "interleave-one-node"));
	destroy(&w);
}

Test(place, bind_never_spills_and_names_what_lacks)
{
	static const unsigned int nodes[] = { 1 };
	struct world w;
	struct place_vm vm = { .name = "vm",
			       .nr_vcpus = 2,
			       .memory = UINT64_C(8) << 30,
			       .mem = PLACE_MEM_BIND,
			       .nodes = nodes,
			       .nr_nodes = 1 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	cr_assert_eq(bytes_on(plan, 1), vm.memory);
	cr_assert_eq(plan->memory[0].policy, PLACE_MEM_BIND);
	vm.memory += UINT64_C(1) << 30;
	plan = solve(&w, &vm, 1);
	cr_assert_not(plan->placed);
	cr_assert_str_eq(plan->constraint, "memory");
	destroy(&w);
}

Test(place, preferred_fills_the_first_node_and_then_the_nearest)
{
	static const unsigned int nodes[] = { 1, 0 };
	struct world w;
	struct place_vm vm = { .name = "vm",
			       .nr_vcpus = 2,
			       .memory = UINT64_C(10) << 30,
			       .mem = PLACE_MEM_PREFERRED,
			       .nodes = nodes,
			       .nr_nodes = 2 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	cr_assert_eq(bytes_on(plan, 1), UINT64_C(8) << 30);
	cr_assert_eq(bytes_on(plan, 0), UINT64_C(2) << 30);
	destroy(&w);
}

Test(place, huge_pages_come_from_pools_of_their_size)
{
	struct world w;
	struct place_vm vm = { .name = "vm",
			       .nr_vcpus = 2,
			       .memory = UINT64_C(4) << 30,
			       .page_size = UINT64_C(1) << 30 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	cr_assert_not(plan->placed);
	cr_assert_str_eq(plan->constraint, "memory");
	free(w.topo.nodes[1].pools);
	w.topo.nodes[1].pools = calloc(1, sizeof(*w.topo.nodes[1].pools));
	w.topo.nodes[1].pools[0] = (struct topo_hugepages){ UINT64_C(1) << 30, 4, 4, true };
	w.topo.nodes[1].nr_pools = 1;
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed, "%s", plan->why);
	cr_assert_eq(on_node(plan, 1), 2, "vCPUs go where the pages are");
	cr_assert_eq(plan->memory[0].page_size, UINT64_C(1) << 30);
	destroy(&w);
}

Test(place, guest_nodes_that_are_declared_get_a_host_node_each)
{
	struct world w;
	struct place_guest_node guest[2] = { { .id = 0, .bytes = UINT64_C(1) << 30 },
					     { .id = 1, .bytes = UINT64_C(1) << 30 } };
	struct place_vm vm = {
		.name = "vm", .nr_vcpus = 4, .guest_nodes = guest, .nr_guest_nodes = 2
	};
	const struct place_vm_plan *plan;

	build(&w, FOUR_NODES);
	cpuset_add_range(&guest[0].vcpus, 0, 1);
	cpuset_add_range(&guest[1].vcpus, 2, 3);
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed, "%s", plan->why);
	cr_assert_eq(plan->vcpus[0].node, plan->vcpus[1].node);
	cr_assert_eq(plan->vcpus[2].node, plan->vcpus[3].node);
	cr_assert_neq(plan->vcpus[0].node, plan->vcpus[2].node);
	for (unsigned int i = 0; i < plan->nr_memory; i++)
		cr_assert_eq((int)plan->memory[i].host_node,
			     plan->vcpus[2 * plan->memory[i].guest_node].node);
	cpuset_fini(&guest[0].vcpus);
	cpuset_fini(&guest[1].vcpus);
	destroy(&w);
}

Test(place, several_vms_never_collide_and_what_does_not_fit_says_why)
{
	struct world w;
	struct place_vm vms[] = {
		{ .name = "small", .nr_vcpus = 4, .nr_io_threads = 1 },
		{ .name = "big", .nr_vcpus = 8, .exclusive = PLACE_EXCLUSIVE_YES },
		{ .name = "huge", .nr_vcpus = 32, .exclusive = PLACE_EXCLUSIVE_YES }
	};
	AUTO_CPUSET struct cpuset used = { 0 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, vms, 3);
	cr_assert_eq(w.plan.order[0], 2, "the biggest first");
	cr_assert(plan[2].placed);
	cr_assert_eq(w.plan.nr_unplaced, 2, "it takes all, and shares with none");
	cr_assert_str_eq(plan[1].constraint, "cpus");
	plan = solve(&w, vms, 2);
	cr_assert_eq(w.plan.nr_unplaced, 0);
	for (unsigned int vm = 0; vm < 2; vm++)
		for (unsigned int i = 0; i < plan[vm].nr_vcpus; i++) {
			cr_assert_not(cpuset_has(&used, plan[vm].vcpus[i].cpu));
			cpuset_add(&used, plan[vm].vcpus[i].cpu);
		}
	cr_assert_neq(plan[0].vcpus[0].node, plan[1].vcpus[0].node);
	destroy(&w);
}

Test(place, cpus_are_shared_only_when_free_ones_do_not_suffice)
{
	struct world w;
	struct place_holder holder = { .name = "db", .shared = true };
	struct place_vm vm = { .name = "vm", .nr_vcpus = 4 };
	const struct place_vm_plan *plan;

	build(&w, "synthetic:[numa] l3:1 core:4 pu:1");
	cpuset_add_range(&holder.cpus, 0, 1);
	w.request.host.holders = &holder;
	w.request.host.nr_holders = 1;
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed);
	cr_assert(warns(plan, "cpus-shared"));
	cr_assert(strstr(plan->warnings[0].message, "db"));
	vm.exclusive = PLACE_EXCLUSIVE_YES;
	plan = solve(&w, &vm, 1);
	cr_assert_not(plan->placed);
	cr_assert_str_eq(plan->constraint, "cpus");
	cpuset_fini(&holder.cpus);
	destroy(&w);
}

Test(place, every_cpu_is_used_once_before_any_is_doubled)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 7 };
	const struct place_vm_plan *plan;
	unsigned int used[4] = { 0 };

	build(&w, "synthetic:[numa] l3:1 core:4 pu:1");
	plan = solve(&w, &vm, 1);
	cr_assert(plan->placed);
	cr_assert(warns(plan, "oversubscribed"));
	for (unsigned int i = 0; i < 7; i++)
		used[plan->vcpus[i].cpu]++;
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		cr_assert(used[cpu] == 1 || used[cpu] == 2);
	destroy(&w);
}

Test(place, pins_hold_and_a_pin_to_a_taken_cpu_names_its_holder)
{
	struct world w;
	struct place_holder holder = { .name = "db" };
	struct place_pin pin = { .vcpu = 1 };
	struct place_vm vm = { .name = "vm", .nr_vcpus = 3, .pins = &pin, .nr_pins = 1 };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	cpuset_add(&pin.cpus, 20);
	plan = solve(&w, &vm, 1);
	cr_assert_eq(plan->vcpus[1].cpu, 20);
	cr_assert_eq(on_node(plan, 1), 3, "the others join it");
	cpuset_add(&holder.cpus, 20);
	w.request.host.holders = &holder;
	w.request.host.nr_holders = 1;
	plan = solve(&w, &vm, 1);
	cr_assert_not(plan->placed);
	cr_assert_str_eq(plan->constraint, "pin");
	cr_assert(strstr(plan->why, "db"), "%s", plan->why);
	cpuset_fini(&pin.cpus);
	cpuset_fini(&holder.cpus);
	destroy(&w);
}

Test(place, rules_keep_vcpus_and_vms_together_or_apart)
{
	struct world w;
	struct place_rule apart = { .kind = PLACE_APART, .level = PLACE_NODE };
	struct place_rule far = { .kind = PLACE_APART, .level = PLACE_NODE, .other_vm = "a" };
	struct place_rule near = { .kind = PLACE_TOGETHER, .level = PLACE_NODE, .other_vm = "a" };
	struct place_vm vms[] = { { .name = "a", .nr_vcpus = 2 },
				  { .name = "b", .nr_vcpus = 2, .rules = &far, .nr_rules = 1 },
				  { .name = "c", .nr_vcpus = 2, .rules = &near, .nr_rules = 1 } };
	const struct place_vm_plan *plan;

	build(&w, FOUR_NODES);
	plan = solve(&w, vms, 3);
	cr_assert_neq(plan[1].vcpus[0].node, plan[0].vcpus[0].node);
	cr_assert_eq(plan[2].vcpus[0].node, plan[0].vcpus[0].node);
	cpuset_add_range(&apart.vcpus, 0, 1);
	vms[0].rules = &apart;
	vms[0].nr_rules = 1;
	plan = solve(&w, vms, 1);
	cr_assert(plan->placed, "%s", plan->why);
	cr_assert_neq(plan->vcpus[0].node, plan->vcpus[1].node);
	cpuset_add_range(&apart.vcpus, 0, 7);
	vms[0].nr_vcpus = 8;
	plan = solve(&w, vms, 1);
	cr_assert_not(plan->placed, "eight vCPUs cannot be on eight of four nodes");
	cr_assert_str_eq(plan->constraint, "rule");
	cpuset_fini(&apart.vcpus);
	destroy(&w);
}

Test(place, load_and_distance_beat_round_robin_on_a_skewed_host)
{
	struct world w;
	double load[32] = { 0 }, placed = 0, dealt = 0;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 4 };
	const struct place_vm_plan *plan;
	struct place_pin pins[4] = { 0 };

	build(&w, TWO_SOCKETS);
	for (unsigned int cpu = 0; cpu < 12; cpu++)
		load[cpu] = 0.9;
	w.request.host.cpu_load = load;
	plan = solve(&w, &vm, 1);
	for (unsigned int i = 0; i < 4; i++)
		cr_assert_geq(plan->vcpus[i].cpu, 12);
	placed = plan->total;
	for (unsigned int i = 0; i < 4; i++) {
		pins[i].vcpu = i;
		cpuset_add(&pins[i].cpus, i % 2 * 16 + i / 2 * 2);
	}
	vm.pins = pins;
	vm.nr_pins = 4;
	dealt = solve(&w, &vm, 1)->total;
	cr_assert_lt(placed, dealt);
	for (unsigned int i = 0; i < 4; i++)
		cpuset_fini(&pins[i].cpus);
	destroy(&w);
}

Test(place, vcpus_stay_on_one_cpu_kind_unless_the_guest_is_told)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 3, .exclusive = PLACE_EXCLUSIVE_YES };
	const struct place_vm_plan *plan;

	build(&w, "synthetic:[numa] l3:1 core:6 pu:1");
	w.topo.nr_kinds = 2;
	for (unsigned int cpu = 0; cpu < 6; cpu++)
		w.topo.cpus[cpu].kind = cpu < 4 ? 0 : 1;
	plan = solve(&w, &vm, 1);
	cr_assert_str_eq(cpus_of(plan), "0-2", "the able kind has two CPUs");
	vm.nr_vcpus = 2;
	cr_assert_str_eq(cpus_of(solve(&w, &vm, 1)), "4-5");
	vm.nr_vcpus = 5;
	cr_assert_not(solve(&w, &vm, 1)->placed);
	vm.mix_kinds = true;
	cr_assert(solve(&w, &vm, 1)->placed);
	destroy(&w);
}

Test(place, isolated_cpus_are_left_alone_unless_allowed)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 2, .exclusive = PLACE_EXCLUSIVE_YES };

	build(&w, "synthetic:[numa] l3:1 core:3 pu:1");
	w.topo.cpus[0].isolated = w.topo.cpus[1].isolated = true;
	cr_assert_not(solve(&w, &vm, 1)->placed);
	vm.allow_isolated = true;
	cr_assert_str_eq(cpus_of(solve(&w, &vm, 1)), "0-1");
	destroy(&w);
}

Test(place, threads_go_beside_the_vcpus_and_share_only_where_nothing_is_free)
{
	struct world w;
	struct place_vm vm = {
		.name = "vm", .nr_vcpus = 4, .nr_io_threads = 2, .nr_emulator_threads = 1
	};
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	for (unsigned int i = 0; i < plan->nr_threads; i++) {
		cr_assert_eq(plan->threads[i].node, plan->vcpus[0].node);
		cr_assert_not(plan->threads[i].shared);
	}
	cr_assert_not(warns(plan, "threads-share-cpus"));
	vm.nr_vcpus = 32;
	plan = solve(&w, &vm, 1);
	cr_assert(plan->threads[0].shared);
	cr_assert(warns(plan, "threads-share-cpus"));
	destroy(&w);
}

Test(place, strict_refuses_what_would_be_a_warning)
{
	struct world w;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 17, .strict = true };
	const struct place_vm_plan *plan;

	build(&w, TWO_SOCKETS);
	plan = solve(&w, &vm, 1);
	cr_assert_not(plan->placed);
	cr_assert_str_eq(plan->constraint, "smt-shared");
	destroy(&w);
}

Test(place, a_measured_matrix_decides_among_cores_that_the_map_calls_alike)
{
	static const char csv[] = ",,,\n50,,,\n50,50,,\n50,50,20,\n";
	struct world w;
	struct latency latency;
	struct place_vm vm = { .name = "vm", .nr_vcpus = 2 };
	const struct place_vm_plan *plan;

	build(&w, "synthetic:[numa] l3:1 core:4 pu:1");
	cr_assert_eq(latency_parse(&latency, csv, sizeof(csv) - 1, &w.err), 0);
	w.request.latency = &latency;
	plan = solve(&w, &vm, 1);
	cr_assert_str_eq(cpus_of(plan), "2-3");
	cr_assert_float_eq(plan->cost.term[COST_COMM], 20 * PLACE_LINES_PER_S, 1);
	latency_fini(&latency);
	destroy(&w);
}

struct bad_case {
	char says[48];
	struct place_vm vm;
};

Test(place, a_request_that_contradicts_the_host_is_an_error_with_the_vm_named)
{
	static const unsigned int twice[] = { 0, 0 }, missing[] = { 9 };
	struct place_rule rule = { 0 };
	struct place_device device = { .name = "nvme9" };
	struct bad_case cases[] = {
		{ "vCPUs: 0", { .name = "vm" } },
		{ "vCPUs: 5000", { .name = "vm", .nr_vcpus = 5000 } },
		{ "names node 9",
		  { .name = "vm", .nr_vcpus = 1, .nodes = missing, .nr_nodes = 1 } },
		{ "twice node 0", { .name = "vm", .nr_vcpus = 1, .nodes = twice, .nr_nodes = 2 } },
		{ "no device nvme9",
		  { .name = "vm", .nr_vcpus = 1, .devices = &device, .nr_devices = 1 } },
		{ "a rule names vCPU 3",
		  { .name = "vm", .nr_vcpus = 1, .rules = &rule, .nr_rules = 1 } },
		{ "no weights",
		  { .name = "vm", .nr_vcpus = 1, .traffic = { .pattern = PLACE_TRAFFIC_MATRIX } } },
	};
	struct world w;

	cpuset_add(&rule.vcpus, 3);
	build(&w, TWO_SOCKETS);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = { 0 };

		w.request.vms = &cases[i].vm;
		w.request.nr_vms = 1;
		cr_assert_eq(place(&w.plan, &w.request, &err), -EINVAL);
		cr_assert(strstr(err.text, cases[i].says), "%s", err.text);
		cr_assert(strstr(err.text, "vm"));
	}
	cpuset_fini(&rule.vcpus);
	destroy(&w);
}
