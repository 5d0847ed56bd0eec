#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/rules.h"
#include "base/alloc.h"
#include "base/size.h"

/*
 * Every rule on a request that breaks it and, as its remedy is applied, on one that does not. A
 * fix is applied here as a user would apply it to the configuration.
 */
#define TWO  "synthetic:package:2 [numa(memory=8GB)] l3:2 core:4 pu:2" /* node 0: 0-15 */
#define FOUR "synthetic:package:2 group:2 [numa(memory=8GB)] l3:1 core:4 pu:1" /* 4 CPUs a node */
#define ONE  "synthetic:package:1 [numa(memory=8GB)] core:4 pu:1"

#define MAX_VMS	  4
#define MAX_PINS  16
#define MAX_NODES 8

struct world {
	struct topology topo;
	struct place_vm vms[MAX_VMS];
	struct place_pin pins[MAX_VMS][MAX_PINS];
	unsigned int nodes[MAX_VMS][MAX_NODES];
	struct place_guest_node guests[MAX_VMS][2];
	struct place_device devices[MAX_VMS][2];
	char names[MAX_VMS][32];
	struct place_holder holder;
	struct place_request request;
	struct place_plan plan;
	struct findings findings;
};

static struct world w;

static void build(const char *host, unsigned int nr_vms)
{
	struct err err = { 0 };

	memset(&w, 0, sizeof(w));
	topology_setup();
	cr_assert_eq(topology_load(&w.topo, host, &err), 0, "%s", err.text);
	w.topo.devices_loaded = true;
	w.request.topo = &w.topo;
	w.request.vms = w.vms;
	w.request.nr_vms = nr_vms;
	for (unsigned int i = 0; i < nr_vms; i++) {
		snprintf(w.names[i], sizeof(w.names[i]), "vm%u", i);
		w.vms[i] = (struct place_vm){ .name = w.names[i],
					      .nr_vcpus = 2,
					      .memory = GIB,
					      .nodes = w.nodes[i],
					      .pins = w.pins[i],
					      .guest_nodes = w.guests[i],
					      .devices = w.devices[i] };
	}
}

static void pin(unsigned int vm, unsigned int vcpu, unsigned int cpu)
{
	struct place_pin *at = &w.pins[vm][w.vms[vm].nr_pins++];

	at->vcpu = vcpu;
	cpuset_clear(&at->cpus);
	cpuset_add(&at->cpus, cpu);
}

static void allow(unsigned int vm, unsigned int node)
{
	w.nodes[vm][w.vms[vm].nr_nodes++] = node;
}

static struct place_guest_node *guest(unsigned int vm, uint64_t bytes, int host_node)
{
	struct place_guest_node *at = &w.guests[vm][w.vms[vm].nr_guest_nodes++];

	at->id = w.vms[vm].nr_guest_nodes - 1;
	at->bytes = bytes;
	if (at->id == 0)
		cpuset_add_range(&at->vcpus, 0, w.vms[vm].nr_vcpus - 1);
	if (host_node >= 0)
		cpuset_add(&at->host_nodes, (unsigned int)host_node);
	return at;
}

static void check(void)
{
	struct err err = { 0 };
	int refused;

	findings_fini(&w.findings);
	place_plan_fini(&w.plan);
	refused = place(&w.plan, &w.request, &err);
	rules_check(&w.findings, &w.request, refused ? NULL : &w.plan);
	cr_expect(!refused || w.findings.nr_errors, "refused, and no rule says why: %s", err.text);
}

static const struct finding *found(const char *code)
{
	for (unsigned int i = 0; i < w.findings.nr; i++)
		if (!strcmp(w.findings.list[i].code, code))
			return &w.findings.list[i];
	return NULL;
}

static unsigned int occurrences(const char *code)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < w.findings.nr; i++)
		nr += !strcmp(w.findings.list[i].code, code);
	return nr;
}

static void drop_pin(struct place_vm *vm, unsigned int nr)
{
	struct place_pin last = vm->pins[--vm->nr_pins];

	cpuset_fini(&vm->pins[nr].cpus);
	memset(&vm->pins[vm->nr_pins], 0, sizeof(last));
	if (nr < vm->nr_pins)
		vm->pins[nr] = last;
}

/* The member of `to` that has the rank of `cpu` in `from`. */
static int same_rank(const struct cpuset *from, const struct cpuset *to, unsigned int cpu)
{
	int at = -1;

	cpuset_for_each (os, from) {
		at = cpuset_next(to, (unsigned int)(at + 1));
		if ((unsigned int)os == cpu)
			break;
	}
	return at;
}

static void move_pins(struct place_vm *vm, const struct fix *fix)
{
	for (unsigned int i = vm->nr_pins; i-- > 0;) {
		int cpu = cpuset_next(&vm->pins[i].cpus, 0);

		if (!cpuset_has(&fix->from, (unsigned int)cpu))
			continue;
		if (cpuset_empty(&fix->set)) {
			drop_pin(vm, i);
			continue;
		}
		cpuset_clear(&vm->pins[i].cpus);
		cpuset_add(&vm->pins[i].cpus,
			   (unsigned int)same_rank(&fix->from, &fix->set, (unsigned int)cpu));
	}
}

static void move_pin(struct place_vm *vm, const struct fix *fix)
{
	for (unsigned int i = vm->nr_pins; i-- > 0;) {
		if (vm->pins[i].vcpu != fix->value)
			continue;
		if (cpuset_empty(&fix->set))
			drop_pin(vm, i);
		else
			cpuset_copy(&vm->pins[i].cpus, &fix->set);
	}
}

static void apply(const struct finding *finding)
{
	struct place_vm *vm = &w.vms[finding->vm];
	const struct fix *fix = &finding->fix;

	switch (fix->kind) {
	case FIX_CPU_POLICY:
		vm->cpu = fix->value;
		break;
	case FIX_MEM_POLICY:
		vm->mem = fix->value;
		break;
	case FIX_SMT:
		vm->smt = fix->value;
		break;
	case FIX_VCPUS:
		vm->nr_vcpus = fix->value;
		break;
	case FIX_EXCLUSIVE:
		vm->exclusive = fix->value;
		break;
	case FIX_NODES:
		vm->nr_nodes = 0;
		cpuset_for_each (os, &fix->set)
			allow((unsigned int)finding->vm, (unsigned int)os);
		break;
	case FIX_PINS:
		move_pins(vm, fix);
		break;
	case FIX_PIN:
		move_pin(vm, fix);
		break;
	case FIX_MEMORY:
		vm->memory = fix->bytes;
		break;
	case FIX_GUEST_MEMORY:
		vm->guest_nodes[fix->value].bytes = fix->bytes;
		break;
	case FIX_GUEST_HOST:
		cpuset_copy(&vm->guest_nodes[fix->value].host_nodes, &fix->set);
		break;
	case FIX_NAME:
		snprintf(w.names[finding->vm], sizeof(w.names[0]), "%s", fix->name);
		break;
	case FIX_DEVICE:
		vm->devices[fix->value] = vm->devices[--vm->nr_devices];
		break;
	case FIX_NONE:
		cr_assert_fail("%s has no fix", finding->code);
	}
}

static const struct finding *first_fixable(void)
{
	for (unsigned int i = 0; i < w.findings.nr; i++)
		if (w.findings.list[i].fix.kind != FIX_NONE)
			return &w.findings.list[i];
	return NULL;
}

/* Applies one remedy after the other; strict: each silences what it is for. */
static void heal(const char *what, bool strict)
{
	const struct finding *finding;
	unsigned int rounds = 0;

	while ((finding = first_fixable())) {
		unsigned int before = occurrences(finding->code);
		const char *code = finding->code;

		cr_expect(finding->remedy && *finding->remedy, "%s has no remedy", code);
		apply(finding);
		check();
		cr_expect(!strict || occurrences(code) < before, "%s: the fix of %s does not help",
			  what, code);
		cr_assert_lt(++rounds, 64u, "%s: fixes go in circles at %s", what, code);
	}
	cr_expect_eq(w.findings.nr_errors, 0u, "%s", what);
	for (unsigned int i = 0; strict && i < w.plan.nr_vms; i++)
		cr_expect(w.plan.vms[i].placed, "%s: %s", what, w.plan.vms[i].why);
}

static void destroy(void)
{
	findings_fini(&w.findings);
	place_plan_fini(&w.plan);
	for (unsigned int vm = 0; vm < MAX_VMS; vm++) {
		for (unsigned int i = 0; i < MAX_PINS; i++)
			cpuset_fini(&w.pins[vm][i].cpus);
		for (unsigned int g = 0; g < 2; g++) {
			cpuset_fini(&w.guests[vm][g].vcpus);
			cpuset_fini(&w.guests[vm][g].host_nodes);
		}
		cpuset_fini(&w.vms[vm].avoid);
	}
	cpuset_fini(&w.holder.cpus);
	topology_fini(&w.topo);
}

static void hold(unsigned int first, unsigned int last)
{
	w.holder.name = "other";
	cpuset_add_range(&w.holder.cpus, first, last);
	w.request.host.holders = &w.holder;
	w.request.host.nr_holders = 1;
}

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
