#ifndef SITU_TESTS_AFFINITY_RULES_FIXTURE_H
#define SITU_TESTS_AFFINITY_RULES_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/rules.h"
#include "base/alloc.h"
#include "base/size.h"

/*
 * A host, the VMs asked for and what the rules find in it, for the tests of the rules. A fix is
 * applied here as a user would apply it to the configuration. One thread.
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

static inline void build(const char *host, unsigned int nr_vms)
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

static inline void pin(unsigned int vm, unsigned int vcpu, unsigned int cpu)
{
	struct place_pin *at = &w.pins[vm][w.vms[vm].nr_pins++];

	at->vcpu = vcpu;
	cpuset_clear(&at->cpus);
	cpuset_add(&at->cpus, cpu);
}

static inline void allow(unsigned int vm, unsigned int node)
{
	w.nodes[vm][w.vms[vm].nr_nodes++] = node;
}

static inline struct place_guest_node *guest(unsigned int vm, uint64_t bytes, int host_node)
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

static inline void check(void)
{
	struct err err = { 0 };
	int refused;

	findings_fini(&w.findings);
	place_plan_fini(&w.plan);
	refused = place(&w.plan, &w.request, &err);
	rules_check(&w.findings, &w.request, refused ? NULL : &w.plan);
	cr_expect(!refused || w.findings.nr_errors, "refused, and no rule says why: %s", err.text);
}

static inline const struct finding *found(const char *code)
{
	for (unsigned int i = 0; i < w.findings.nr; i++)
		if (!strcmp(w.findings.list[i].code, code))
			return &w.findings.list[i];
	return NULL;
}

static inline unsigned int occurrences(const char *code)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < w.findings.nr; i++)
		nr += !strcmp(w.findings.list[i].code, code);
	return nr;
}

static inline void drop_pin(struct place_vm *vm, unsigned int nr)
{
	struct place_pin last = vm->pins[--vm->nr_pins];

	cpuset_fini(&vm->pins[nr].cpus);
	memset(&vm->pins[vm->nr_pins], 0, sizeof(last));
	if (nr < vm->nr_pins)
		vm->pins[nr] = last;
}

/* The member of `to` that has the rank of `cpu` in `from`. */
static inline int same_rank(const struct cpuset *from, const struct cpuset *to, unsigned int cpu)
{
	int at = -1;

	cpuset_for_each (os, from) {
		at = cpuset_next(to, (unsigned int)(at + 1));
		if ((unsigned int)os == cpu)
			break;
	}
	return at;
}

static inline void move_pins(struct place_vm *vm, const struct fix *fix)
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

static inline void move_pin(struct place_vm *vm, const struct fix *fix)
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

static inline void apply(const struct finding *finding)
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

static inline const struct finding *first_fixable(void)
{
	for (unsigned int i = 0; i < w.findings.nr; i++)
		if (w.findings.list[i].fix.kind != FIX_NONE)
			return &w.findings.list[i];
	return NULL;
}

/* Applies one remedy after the other; strict: each silences what it is for. */
static inline void heal(const char *what, bool strict)
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

static inline void destroy(void)
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

static inline void hold(unsigned int first, unsigned int last)
{
	w.holder.name = "other";
	cpuset_add_range(&w.holder.cpus, first, last);
	w.request.host.holders = &w.holder;
	w.request.host.nr_holders = 1;
}

#endif
