/* Every rule on a request that breaks it and, as its remedy is applied, on one that does not. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "tests/affinity/rules_fixture.h"

/* Each makes the world break one rule. */
static void unknown_node(void)
{
	allow(0, 0);
	allow(0, 7);
}

static void unknown_guest_node(void)
{
	guest(0, GIB, 9);
}

static void forbidden_node(void)
{
	cpuset_add(&w.topo.disallowed_nodes, 5);
	allow(0, 5);
}

static void node_without_memory(void)
{
	w.topo.nodes[1].mem_total = 0;
	guest(0, GIB, 1);
}

static void unknown_cpu(void)
{
	pin(0, 0, 99);
}

static void offline_cpu(void)
{
	cpuset_add(&w.topo.offline, 40);
	pin(0, 0, 40);
}

static void forbidden_cpu(void)
{
	cpuset_add(&w.topo.disallowed, 41);
	pin(0, 0, 41);
}

static void avoided_cpu(void)
{
	cpuset_add_range(&w.vms[0].avoid, 0, 1);
	pin(0, 0, 1);
}

static void taken_cpu(void)
{
	hold(4, 5);
	pin(0, 0, 4);
}

static void doubled_cpu(void)
{
	pin(0, 0, 4);
	pin(0, 1, 4);
}

static void overlapping_cpus(void)
{
	pin(0, 0, 4);
	pin(0, 1, 6);
	pin(1, 0, 6);
	pin(1, 1, 8);
}

static void cpus_outside(void)
{
	allow(0, 0);
	pin(0, 0, 0);
	pin(0, 1, 16);
}

static void compact_over_nodes(void)
{
	w.vms[0].cpu = PLACE_CPU_COMPACT;
	pin(0, 0, 0);
	pin(0, 1, 16);
}

static void compact_over_cores(void)
{
	w.vms[0].cpu = PLACE_CPU_COMPACT;
	pin(0, 0, 0);
	pin(0, 1, 4);
}

static void spread_in_one(void)
{
	w.vms[0].cpu = PLACE_CPU_SPREAD;
	pin(0, 0, 0);
	pin(0, 1, 2);
}

static void local_too_big(void)
{
	w.vms[0].cpu = PLACE_CPU_LOCAL;
	w.vms[0].nr_vcpus = 20;
}

static void local_over_nodes(void)
{
	w.vms[0].cpu = PLACE_CPU_LOCAL;
	pin(0, 0, 0);
	pin(0, 1, 16);
}

static void local_pages_elsewhere(void)
{
	w.vms[0].mem = PLACE_MEM_LOCAL;
	pin(0, 0, 0);
	pin(0, 1, 2);
	guest(0, GIB, 1);
}

static void local_pages_for_two_nodes(void)
{
	w.vms[0].mem = PLACE_MEM_LOCAL;
	pin(0, 0, 0);
	pin(0, 1, 16);
	guest(0, GIB, 0);
}

static void local_cpus_and_far_pages(void)
{
	w.vms[0].cpu = PLACE_CPU_LOCAL;
	pin(0, 0, 0);
	pin(0, 1, 2);
	guest(0, GIB, 1);
}

static void bind_to_nothing(void)
{
	w.vms[0].mem = PLACE_MEM_BIND;
}

static void interleave_over_one(void)
{
	w.vms[0].mem = PLACE_MEM_INTERLEAVE;
	allow(0, 1);
}

static void no_memory(void)
{
	w.vms[0].memory = 0;
}

static void odd_memory(void)
{
	w.vms[0].memory = GIB + 1;
}

static void two_names(void)
{
	snprintf(w.names[1], sizeof(w.names[1]), "vm0");
}

static void no_such_device(void)
{
	w.devices[0][0].name = "0000:ff:00.0";
	w.vms[0].nr_devices = 1;
}

static void device_of_two(void)
{
	static char name[] = "eth9";
	static struct topo_device device = { .name = name, .node = 0 };

	w.topo.devices = &device;
	w.topo.nr_devices = 1;
	w.devices[0][0].name = w.devices[1][0].name = name;
	w.vms[0].nr_devices = w.vms[1].nr_devices = 1;
}

static void node_too_full(void)
{
	guest(0, 6 * GIB, 0);
	guest(1, 6 * GIB, 0);
}

static void host_too_small(void)
{
	w.vms[0].memory = 20 * GIB;
}

static void too_exclusive(void)
{
	w.vms[0].nr_vcpus = w.vms[1].nr_vcpus = 20;
	w.vms[0].exclusive = w.vms[1].exclusive = PLACE_EXCLUSIVE_YES;
}

static void two_on_one_node(void)
{
	w.vms[0].nr_vcpus = w.vms[1].nr_vcpus = 3;
	w.vms[0].exclusive = w.vms[1].exclusive = PLACE_EXCLUSIVE_NO;
	allow(0, 0);
	allow(1, 0);
}

#define MAX_CASES 40

struct rule_case {
	char code[24], host[80];
	unsigned int nr_vms;
	unsigned int spoil; /* index of spoilers: pointers do not go into parameters */
};

static void (*const spoilers[])(void) = {
	unknown_node,
	unknown_guest_node,
	forbidden_node,
	node_without_memory,
	unknown_cpu,
	offline_cpu,
	forbidden_cpu,
	avoided_cpu,
	taken_cpu,
	doubled_cpu,
	overlapping_cpus,
	cpus_outside,
	compact_over_nodes,
	compact_over_cores,
	spread_in_one,
	local_too_big,
	local_over_nodes,
	local_pages_elsewhere,
	local_pages_for_two_nodes,
	local_cpus_and_far_pages,
	bind_to_nothing,
	interleave_over_one,
	no_memory,
	odd_memory,
	two_names,
	no_such_device,
	device_of_two,
	node_too_full,
	host_too_small,
	too_exclusive,
	two_on_one_node,
};

ParameterizedTestParameters(rules, each_fires_on_its_contradiction_and_its_remedy_silences_it)
{
	static struct rule_case cases[] = {
		{ "node-unknown", TWO, 1, 0 },	   { "node-unknown", TWO, 1, 1 },
		{ "node-not-allowed", TWO, 1, 2 }, { "node-no-memory", TWO, 1, 3 },
		{ "cpu-unknown", TWO, 1, 4 },	   { "cpu-offline", TWO, 1, 5 },
		{ "cpu-not-allowed", TWO, 1, 6 },  { "cpu-avoided", TWO, 1, 7 },
		{ "cpu-taken", TWO, 1, 8 },	   { "cpu-twice", TWO, 1, 9 },
		{ "cpu-overlap", TWO, 2, 10 },	   { "cpu-outside-nodes", TWO, 1, 11 },
		{ "compact-nodes", TWO, 1, 12 },   { "compact-cores", TWO, 1, 13 },
		{ "spread-one-node", TWO, 1, 14 }, { "local-room", TWO, 1, 15 },
		{ "local-nodes", TWO, 1, 16 },	   { "local-memory", TWO, 1, 17 },
		{ "local-memory", TWO, 1, 18 },	   { "local-memory-away", TWO, 1, 19 },
		{ "bind-no-nodes", TWO, 1, 20 },   { "interleave-one-node", TWO, 1, 21 },
		{ "memory-zero", TWO, 1, 22 },	   { "memory-unaligned", TWO, 1, 23 },
		{ "name-twice", TWO, 2, 24 },	   { "device-unknown", TWO, 1, 25 },
		{ "device-twice", TWO, 2, 26 },	   { "node-memory-sum", TWO, 2, 27 },
		{ "memory-sum", TWO, 2, 28 },	   { "cpu-sum", TWO, 2, 29 },
		{ "node-crowded", FOUR, 2, 30 },
	};

	return cr_make_param_array(struct rule_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct rule_case *c, rules,
		  each_fires_on_its_contradiction_and_its_remedy_silences_it)
{
	build(c->host, c->nr_vms);
	check();
	cr_expect_not(found(c->code), "%s fires on a plain request: %s", c->code,
		      found(c->code) ? found(c->code)->message : "");
	spoilers[c->spoil]();
	check();
	cr_assert(found(c->code), "%s is silent", c->code);
	heal(c->code, true);
	if (w.topo.nr_devices == 1)
		w.topo.nr_devices = 0, w.topo.devices = NULL;
	destroy();
}

struct text_case {
	char code[24], host[80], text[200];
	unsigned int spoil;
};

ParameterizedTestParameters(rules, five_messages_are_worded_to_the_letter)
{
	static struct text_case cases[] = {
		{ "node-unknown", TWO, "NUMA node 7 does not exist in hardware topology", 0 },
		{ "cpu-outside-nodes", TWO,
		  "CPU 16 is in NUMA node 1, but instance is configured for NUMA nodes [0]. This "
		  "may cause performance issues due to remote memory access.",
		  11 },
		{ "compact-nodes", TWO,
		  "Compact CPU affinity requested but CPUs span multiple NUMA nodes: [0, 1]", 12 },
		{ "spread-one-node", TWO,
		  "Spread CPU affinity requested but CPUs are from single NUMA node 0", 14 },
		{ "local-memory", TWO,
		  "Local memory policy requested but CPUs are from NUMA nodes [0] while memory is "
		  "on NUMA node 1",
		  17 },
		{ "local-memory", TWO,
		  "Local memory policy requested but CPUs are from NUMA nodes [0, 1] while memory "
		  "is on NUMA node 0",
		  18 },
	};

	return cr_make_param_array(struct text_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct text_case *c, rules, five_messages_are_worded_to_the_letter)
{
	build(c->host, 1);
	spoilers[c->spoil]();
	check();
	cr_assert(found(c->code));
	cr_expect_str_eq(found(c->code)->message, c->text);
	cr_expect_str_eq(found(c->code)->name, "vm0");
	destroy();
}

Test(rules, a_request_without_contradictions_has_only_notes)
{
	build(TWO, 2);
	check();
	cr_expect_eq(w.findings.nr_errors, 0u);
	cr_expect_eq(w.findings.nr_warnings, 0u);
	cr_expect(found("unallocated"));
	cr_expect_str_eq(found("unallocated")->message,
			 "28 of 32 CPUs and 12.9 GiB of 14.9 GiB of memory stay unallocated");
	cr_expect_not(found("one-node"));
	destroy();
}

Test(rules, a_host_with_one_node_is_noted_with_advice)
{
	build(ONE, 1);
	check();
	cr_assert(found("one-node"));
	cr_expect_eq(found("one-node")->severity, RULE_NOTE);
	cr_expect(strstr(found("one-node")->message, "leave placement.nodes"));
	destroy();
}

Test(rules, all_findings_are_reported_in_one_run_errors_first)
{
	build(TWO, 2);
	allow(0, 7);
	pin(0, 0, 99);
	w.vms[1].mem = PLACE_MEM_BIND;
	check();
	cr_expect(found("node-unknown") && found("cpu-unknown") && found("bind-no-nodes"));
	for (unsigned int i = 1; i < w.findings.nr; i++)
		cr_expect_leq(w.findings.list[i - 1].severity, w.findings.list[i].severity);
	destroy();
}

Test(rules, an_overlap_is_reported_once_naming_both_and_free_cpus)
{
	build(TWO, 2);
	overlapping_cpus();
	check();
	cr_assert_eq(occurrences("cpu-overlap"), 1u);
	cr_expect_str_eq(found("cpu-overlap")->name, "vm1");
	cr_expect(strstr(found("cpu-overlap")->message, "CPU 6 is pinned by instance vm0 too"));
	cr_expect(strstr(found("cpu-overlap")->message, "free: 0-3,5,"));
	destroy();
}

Test(rules, cpus_in_no_node_are_left_alone)
{
	build(TWO, 1);
	spread_in_one();
	for (unsigned int i = 0; i < w.topo.nr_cpus; i++)
		w.topo.cpus[i].node = -1;
	rules_check(&w.findings, &w.request, NULL);
	cr_expect_not(found("spread-one-node"));
	cr_expect_not(found("cpu-outside-nodes"));
	destroy();
}

Test(rules, local_without_any_node_is_an_error)
{
	build(TWO, 1);
	w.vms[0].cpu = PLACE_CPU_LOCAL;
	rules_check(&w.findings, &w.request, NULL);
	cr_expect_not(found("local-topology"));
	findings_fini(&w.findings);
	for (unsigned int i = 0; i < w.topo.nr_cpus; i++)
		w.topo.cpus[i].node = -1;
	rules_check(&w.findings, &w.request, NULL);
	cr_expect(found("local-topology"));
	destroy();
}

struct locality_case {
	unsigned int cpu_node, memory_node;
	enum locality locality;
};

ParameterizedTestParameters(rules, locality_is_by_node_and_socket)
{
	static struct locality_case cases[] = {
		{ 0, 0, LOCALITY_LOCAL },
		{ 0, 1, LOCALITY_REMOTE },
		{ 0, 2, LOCALITY_CROSS_SOCKET },
		{ 3, 2, LOCALITY_REMOTE },
	};

	return cr_make_param_array(struct locality_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct locality_case *c, rules, locality_is_by_node_and_socket)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };

	build(FOUR, 0);
	cpuset_add(&nodes, c->cpu_node);
	cr_expect_eq(locality_of(&w.topo, &nodes, c->memory_node), c->locality);
	destroy();
}

static unsigned int any(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void spoil_vm(unsigned int vm, unsigned int *seed)
{
	struct place_vm *at = &w.vms[vm];

	at->nr_vcpus = 1 + any(seed, 10);
	at->memory = (1 + any(seed, 6)) * GIB + (any(seed, 4) ? 0 : 12345);
	at->cpu = any(seed, NR_PLACE_CPU_POLICIES);
	at->mem = any(seed, NR_PLACE_MEM_POLICIES);
	at->exclusive = any(seed, NR_PLACE_EXCLUSIVE);
	for (unsigned int i = any(seed, 3); i > 0; i--)
		if (!at->nr_nodes || w.nodes[vm][0] != i)
			allow(vm, i);
	if (!any(seed, 3))
		cpuset_add_range(&at->avoid, 0, any(seed, 4));
	for (unsigned int vcpu = 0; any(seed, 2) && vcpu < at->nr_vcpus; vcpu++)
		pin(vm, vcpu, any(seed, 36));
}

/* Hundreds of requests at random: whatever is wrong with them, the remedies lead out of it. */
Test(rules, remedies_applied_one_by_one_leave_no_error_whatever_the_request)
{
	unsigned int seed = 2026, fired = 0;

	for (unsigned int round = 0; round < 300; round++) {
		AUTO_FREE char *what = alloc_printf("round %u", round);

		build(TWO, 1 + any(&seed, 3));
		for (unsigned int vm = 0; vm < w.request.nr_vms; vm++)
			spoil_vm(vm, &seed);
		if (any(&seed, 2))
			hold(8, 8 + any(&seed, 4));
		check();
		fired += w.findings.nr_errors + w.findings.nr_warnings > 0;
		heal(what, false);
		destroy();
	}
	cr_expect_gt(fired, 200u);
}
