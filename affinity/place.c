/*
 * Placement, in the order in which it happens: check the requests, see what the host has left, and
 * then VM by VM: pins, CPUs, memory, threads, cost, words. Each step has a file of its own.
 */
#include "affinity/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/place_account.h"
#include "affinity/place_check.h"
#include "affinity/place_cpus.h"
#include "affinity/place_explain.h"
#include "affinity/place_memory.h"
#include "affinity/place_pins.h"
#include "affinity/place_refine.h"
#include "affinity/place_threads.h"
#include "base/alloc.h"

const char *const place_cpu_policy_names[NR_PLACE_CPU_POLICIES] = { "auto", "compact", "spread",
								    "local" };
const char *const place_mem_policy_names[NR_PLACE_MEM_POLICIES] = { "auto", "local", "interleave",
								    "bind", "preferred" };
const char *const place_smt_names[NR_PLACE_SMT] = { "auto", "share", "isolate", "require" };
const char *const place_exclusive_names[NR_PLACE_EXCLUSIVE] = { "auto", "true", "false" };
const char *const place_pattern_names[NR_PLACE_PATTERNS] = { "none",	 "pairs", "ring",
							     "pipeline", "all",	  "matrix" };
const char *const place_level_names[NR_PLACE_LEVELS] = { "core", "l3", "node", "package" };

static void job_init(struct place_job *job, struct place_host *host, const struct place_vm *vm,
		     struct place_vm_plan *plan)
{
	unsigned int nr_cpus = host->topo->nr_cpus;

	memset(job, 0, sizeof(*job));
	job->host = host;
	job->vm = vm;
	job->plan = plan;
	job->misses_per_s = vm->misses_per_s > 0 ? vm->misses_per_s : PLACE_MISSES_PER_S;
	job->communicates = vm->traffic.pattern != PLACE_TRAFFIC_NONE && vm->nr_vcpus > 1;
	job->cpu = alloc_zeroed(vm->nr_vcpus, sizeof(*job->cpu));
	for (unsigned int vcpu = 0; vcpu < vm->nr_vcpus; vcpu++)
		job->cpu[vcpu] = -1;
	job->pinned = alloc_zeroed(vm->nr_vcpus, sizeof(*job->pinned));
	job->nr_free = vm->nr_vcpus;
	job->pinned_cpu = alloc_zeroed(nr_cpus, sizeof(*job->pinned_cpu));
	job->usable = alloc_zeroed(nr_cpus, sizeof(*job->usable));
	job->steps = host->request->steps ? host->request->steps : PLACE_STEPS;
	traffic_init(&job->traffic, vm);
}

static void job_fini(struct place_job *job)
{
	cpus_reset(job);
	traffic_fini(&job->traffic);
	free(job->cpu);
	free(job->pinned);
	free(job->pinned_cpu);
	free(job->usable);
}

static bool place_vm(struct place_host *host, const struct place_vm *vm, struct place_vm_plan *plan)
{
	struct place_job job;
	bool ok;

	job_init(&job, host, vm, plan);
	ok = pins_place(&job) && cpus_choose(&job) && refine(&job);
	if (ok)
		account_vcpus(&job);
	ok = ok && memory_place(&job) && threads_place(&job);
	if (ok) {
		account_cost(&job);
		explain(&job);
		ok = !vm->strict || !plan->nr_warnings ||
		     plan_refuse(plan, plan->warnings[0].code, "strict: %s; %s",
				 plan->warnings[0].message, plan->warnings[0].remedy);
	}
	plan->placed = ok;
	job_fini(&job);
	return ok;
}

/* How little choice a VM leaves: 0 none, higher more. */
static unsigned int freedom(const struct place_vm *vm)
{
	unsigned int free = 2;

	if (vm->nr_pins)
		return 0;
	if (vm->cpu == PLACE_CPU_LOCAL || vm->mem == PLACE_MEM_BIND || vm->nr_nodes)
		free = 1;
	for (unsigned int i = 0; i < vm->nr_rules; i++)
		if (vm->rules[i].other_vm)
			free = 3; /* behind those it is told to be near or far from */
	return free;
}

static bool goes_before(const struct place_vm *a, const struct place_vm *b)
{
	if (freedom(a) != freedom(b))
		return freedom(a) < freedom(b);
	if (a->nr_vcpus != b->nr_vcpus)
		return a->nr_vcpus > b->nr_vcpus;
	return place_vm_bytes(a) > place_vm_bytes(b);
}

/* Rigid VMs first, then big ones; the request's order otherwise. */
static void fill_order(struct place_plan *plan, const struct place_request *request)
{
	for (unsigned int i = 0; i < request->nr_vms; i++) {
		unsigned int at = i;

		while (at && goes_before(&request->vms[i], &request->vms[plan->order[at - 1]])) {
			plan->order[at] = plan->order[at - 1];
			at--;
		}
		plan->order[at] = i;
	}
}

static int check(const struct place_request *request, struct err *err)
{
	for (unsigned int i = 0; i < request->nr_vms; i++) {
		int ret = place_check_vm(request->topo, &request->vms[i], err);

		if (ret)
			return ret;
	}
	return 0;
}

int place(struct place_plan *plan, const struct place_request *request, struct err *err)
{
	struct place_host host;
	int ret;

	memset(plan, 0, sizeof(*plan));
	ret = check(request, err);
	if (ret)
		return ret;
	ret = place_host_init(&host, request, err);
	plan->vms = alloc_zeroed(request->nr_vms, sizeof(*plan->vms));
	plan->order = alloc_zeroed(request->nr_vms, sizeof(*plan->order));
	plan->nr_vms = request->nr_vms;
	plan->latency_source = request->latency ? "measured" : host.model.class_source;
	plan->memory_source = host.model.mem_source;
	fill_order(plan, request);
	for (unsigned int i = 0; !ret && i < request->nr_vms; i++) {
		const struct place_vm *vm = &request->vms[plan->order[i]];
		struct place_vm_plan *at = &plan->vms[plan->order[i]];

		at->vm = plan->order[i];
		at->name = vm->name;
		if (place_vm(&host, vm, at))
			place_host_commit(&host, vm, at);
		else
			plan->nr_unplaced++;
	}
	place_host_fini(&host);
	if (ret)
		place_plan_fini(plan);
	return ret;
}
