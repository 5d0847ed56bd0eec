/* Properties of placement over thousands of random hosts, VMs and loads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/place.h"
#include "base/alloc.h"
#include "base/size.h"
#include "bench/placement/oracle.h"
#include "tests/fake/host.h"

#define ROUNDS 1500u

struct world {
	struct topology topo;
	struct place_vm vm;
	struct place_holder taken;
	unsigned int nodes[8];
	struct place_pin pin;
	struct place_request request;
	struct place_plan plan;
};

static unsigned int dice(unsigned int *seed, unsigned int below)
{
	return (unsigned int)rand_r(seed) / 7 % below;
}

/* Random SLIT, symmetric: enough to make the top no tree. */
static void random_distances(struct topology *topo, unsigned int *seed)
{
	unsigned int nr = topo->nr_nodes;

	free(topo->distances);
	topo->distances = alloc_zeroed((size_t)nr * nr, sizeof(*topo->distances));
	for (unsigned int a = 0; a < nr; a++)
		for (unsigned int b = 0; b <= a; b++) {
			unsigned int d = a == b ? 10 : 12 + 4 * dice(seed, 4);

			topo->distances[a * nr + b] = topo->distances[b * nr + a] = d;
		}
}

static void random_host(struct world *w, unsigned int *seed, bool tree)
{
	struct fake_host_shape shape = {
		.packages = 1 + dice(seed, 4),
		.dies = 1 + dice(seed, 2),
		.l3s = 1 + dice(seed, 3),
		.l2s = 1 + dice(seed, 3),
		.cores = 1 + dice(seed, 2),
		.threads = 1 + dice(seed, 2),
		.node_per_die = dice(seed, 2),
		.no_l3 = !dice(seed, 8),
	};

	fake_host(&w->topo, &shape);
	for (unsigned int i = 0; i < w->topo.nr_nodes; i++)
		w->topo.nodes[i].mem_total = (1 + dice(seed, 8)) * GIB;
	if (!tree && dice(seed, 2))
		random_distances(&w->topo, seed);
	for (unsigned int i = 0; i < w->topo.nr_cpus; i++)
		if (!dice(seed, 3))
			cpuset_add(&w->taken.cpus, w->topo.cpus[i].os);
}

static void random_vm(struct world *w, unsigned int *seed)
{
	struct place_vm *vm = &w->vm;

	vm->name = "vm";
	vm->nr_vcpus = 1 + dice(seed, 10);
	vm->memory = dice(seed, 3) ? (uint64_t)(1 + dice(seed, 12)) * 512 * MIB : 0;
	vm->cpu = (enum place_cpu_policy)dice(seed, NR_PLACE_CPU_POLICIES);
	vm->mem = (enum place_mem_policy)dice(seed, NR_PLACE_MEM_POLICIES);
	vm->smt = (enum place_smt)dice(seed, NR_PLACE_SMT);
	vm->exclusive = dice(seed, 3) ? PLACE_EXCLUSIVE_YES : PLACE_EXCLUSIVE_AUTO;
	vm->traffic.pattern = (enum place_pattern)dice(seed, PLACE_TRAFFIC_MATRIX);
	vm->nr_io_threads = dice(seed, 3);
	vm->nr_emulator_threads = dice(seed, 2);
	for (unsigned int i = 0; i < w->topo.nr_nodes && i < 8 && dice(seed, 3) == 0; i++)
		w->nodes[vm->nr_nodes++] = w->topo.nodes[w->topo.nr_nodes - 1 - i].os;
	vm->nodes = w->nodes;
	if (!dice(seed, 4))
		cpuset_add(&vm->avoid, w->topo.cpus[dice(seed, w->topo.nr_cpus)].os);
	if (!dice(seed, 4)) {
		cpuset_add(&w->pin.cpus, w->topo.cpus[dice(seed, w->topo.nr_cpus)].os);
		w->pin.vcpu = dice(seed, vm->nr_vcpus);
		vm->pins = &w->pin;
		vm->nr_pins = 1;
	}
}

static void start(struct world *w, unsigned int *seed, bool tree)
{
	memset(w, 0, sizeof(*w));
	random_host(w, seed, tree);
	w->taken.name = "other";
	w->request.topo = &w->topo;
	w->request.host.holders = &w->taken;
	w->request.host.nr_holders = 1;
	w->request.vms = &w->vm;
	w->request.nr_vms = 1;
	w->request.steps = 2000;
}

static const struct place_vm_plan *solve(struct world *w)
{
	struct err err = { 0 };

	place_plan_fini(&w->plan);
	cr_assert_eq(place(&w->plan, &w->request, &err), 0, "%s", err.text);
	return w->plan.vms;
}

static void finish(struct world *w)
{
	place_plan_fini(&w->plan);
	cpuset_fini(&w->vm.avoid);
	cpuset_fini(&w->taken.cpus);
	cpuset_fini(&w->pin.cpus);
	topology_fini(&w->topo);
}

static bool node_listed(const struct place_vm *vm, unsigned int node)
{
	for (unsigned int i = 0; i < vm->nr_nodes; i++)
		if (vm->nodes[i] == node)
			return true;
	return !vm->nr_nodes;
}

static void check_cpus(const struct world *w, const struct place_vm_plan *plan, unsigned int round)
{
	AUTO_CPUSET struct cpuset used = { 0 };

	cr_assert_eq(plan->nr_vcpus, w->vm.nr_vcpus);
	for (unsigned int i = 0; i < plan->nr_vcpus; i++) {
		const struct place_vcpu *vcpu = &plan->vcpus[i];

		cr_assert_eq(vcpu->vcpu, i);
		cr_assert(topology_cpu(&w->topo, vcpu->cpu), "round %u", round);
		cr_assert_not(cpuset_has(&w->taken.cpus, vcpu->cpu), "round %u: taken", round);
		cr_assert_not(cpuset_has(&w->vm.avoid, vcpu->cpu), "round %u: avoided", round);
		cr_assert(vcpu->pinned || node_listed(&w->vm, (unsigned int)vcpu->node),
			  "round %u: node", round);
		if (w->vm.nr_pins && w->pin.vcpu == i)
			cr_assert(cpuset_has(&w->pin.cpus, vcpu->cpu), "round %u: pin", round);
		if (!vcpu->shared)
			cr_assert_not(cpuset_has(&used, vcpu->cpu), "round %u: twice", round);
		cpuset_add(&used, vcpu->cpu);
		cr_assert_not(cpuset_has(&plan->reserved, vcpu->cpu), "round %u: reserved", round);
	}
}

static unsigned int on_core(const struct place_vm_plan *plan, const struct topo_core *core)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		nr += cpuset_has(&core->cpus, plan->vcpus[i].cpu);
	return nr;
}

static void check_smt(const struct world *w, const struct place_vm_plan *plan, unsigned int round)
{
	unsigned int left_over = 0;

	if (w->vm.nr_pins)
		return;
	for (unsigned int c = 0; c < w->topo.nr_cores; c++) {
		const struct topo_core *core = &w->topo.cores[c];
		unsigned int nr = on_core(plan, core);

		if (w->vm.smt == PLACE_SMT_ISOLATE) {
			cr_assert_leq(nr, 1, "round %u: isolate", round);
			if (nr)
				cr_assert_not(cpuset_intersects(&core->cpus, &w->taken.cpus),
					      "round %u: isolate beside another VM", round);
		}
		if (w->vm.smt == PLACE_SMT_REQUIRE && nr) {
			cr_assert_not(cpuset_intersects(&core->cpus, &w->taken.cpus));
			left_over += nr < cpuset_count(&core->cpus);
		}
	}
	cr_assert_leq(left_over, 1, "round %u: require fills cores but one", round);
}

static void check_memory(const struct world *w, const struct place_vm_plan *plan,
			 unsigned int round)
{
	uint64_t sum = 0;

	for (unsigned int n = 0; n < w->topo.nr_nodes; n++) {
		uint64_t on_node = 0;

		for (unsigned int i = 0; i < plan->nr_memory; i++)
			if (plan->memory[i].host_node == w->topo.nodes[n].os)
				on_node += plan->memory[i].bytes;
		cr_assert_leq(on_node, w->topo.nodes[n].mem_total, "round %u: room", round);
		if (on_node)
			cr_assert(node_listed(&w->vm, w->topo.nodes[n].os), "round %u: mem", round);
		sum += on_node;
	}
	cr_assert_eq(sum, w->vm.memory, "round %u: all memory placed", round);
}

static void check_threads(const struct world *w, const struct place_vm_plan *plan)
{
	cr_assert_eq(plan->nr_threads, w->vm.nr_io_threads + w->vm.nr_emulator_threads);
	for (unsigned int i = 0; i < plan->nr_threads; i++) {
		cr_assert_not(cpuset_empty(&plan->threads[i].cpus));
		cr_assert_not(cpuset_intersects(&plan->threads[i].cpus, &w->taken.cpus));
		cr_assert_not(cpuset_intersects(&plan->threads[i].cpus, &plan->reserved));
	}
}

Test(place_random, no_constraint_is_ever_broken_and_no_bound_exceeds_its_cost)
{
	unsigned int placed = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int seed = round;
		struct world w;
		const struct place_vm_plan *plan;

		start(&w, &seed, false);
		random_vm(&w, &seed);
		plan = solve(&w);
		if (plan->placed) {
			placed++;
			check_cpus(&w, plan, round);
			check_smt(&w, plan, round);
			check_memory(&w, plan, round);
			check_threads(&w, plan);
			cr_assert_leq(plan->lower_bound, plan->total * (1 + 1e-12), "round %u",
				      round);
		} else {
			cr_assert(plan->constraint && plan->why, "round %u", round);
		}
		finish(&w);
	}
	cr_assert_gt(placed, ROUNDS / 4);
	cr_assert_lt(placed, ROUNDS);
}

/* Free CPUs, and cores none of whose CPUs is taken, counted the plain way. */
static void count_free(const struct world *w, unsigned int *cpus, unsigned int *cores)
{
	*cpus = *cores = 0;
	for (unsigned int c = 0; c < w->topo.nr_cores; c++) {
		const struct cpuset *set = &w->topo.cores[c].cpus;
		unsigned int busy = cpuset_and_count(set, &w->taken.cpus);

		*cpus += cpuset_count(set) - busy;
		*cores += !busy;
	}
}

Test(place_random, a_vm_is_refused_exactly_when_cpus_or_memory_lack_and_the_lack_is_named)
{
	unsigned int refused = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int seed = round + 100000, cpus, cores;
		uint64_t memory = 0;
		struct world w;
		const struct place_vm_plan *plan;
		bool fits;

		start(&w, &seed, false);
		w.vm = (struct place_vm){ .name = "vm",
					  .nr_vcpus = 1 + dice(&seed, 24),
					  .memory = (uint64_t)dice(&seed, 24) * GIB,
					  .exclusive = PLACE_EXCLUSIVE_YES,
					  .smt = dice(&seed, 2) ? PLACE_SMT_AUTO
								: PLACE_SMT_ISOLATE };
		count_free(&w, &cpus, &cores);
		for (unsigned int n = 0; n < w.topo.nr_nodes; n++)
			memory += w.topo.nodes[n].mem_total;
		plan = solve(&w);
		fits = w.vm.nr_vcpus <= (w.vm.smt == PLACE_SMT_AUTO ? cpus : cores);
		if (!fits)
			cr_assert_str_eq(plan->constraint,
					 w.vm.smt == PLACE_SMT_AUTO ? "cpus" : "smt", "round %u",
					 round);
		else if (w.vm.memory > memory)
			cr_assert_str_eq(plan->constraint, "memory", "round %u", round);
		fits = fits && w.vm.memory <= memory;
		cr_assert_eq(plan->placed, fits, "round %u: %s", round, plan->why ? plan->why : "");
		refused += !fits;
		finish(&w);
	}
	cr_assert_gt(refused, ROUNDS / 20);
}

static double nodes_used(const struct place_vm_plan *plan)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };

	for (unsigned int i = 0; i < plan->nr_vcpus; i++)
		cpuset_add(&nodes, (unsigned int)plan->vcpus[i].node);
	return cpuset_count(&nodes);
}

/* By the default's rule: siblings shared, then nodes, then cost. */
static int compare_plans(const struct place_vm_plan *a, const struct place_vm_plan *b)
{
	double x[] = { a->cost.term[COST_SMT], nodes_used(a), a->total };
	double y[] = { b->cost.term[COST_SMT], nodes_used(b), b->total };

	for (int i = 0; i < 3; i++)
		if (fabs(x[i] - y[i]) > 1e-9 * fabs(x[i]))
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

Test(place_random, in_exact_modes_more_capacity_never_makes_a_plan_worse)
{
	unsigned int compared = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int seed = round + 200000;
		struct world w;
		struct place_plan before;
		const struct place_vm_plan *plan;

		start(&w, &seed, true);
		w.vm = (struct place_vm){ .name = "vm",
					  .nr_vcpus = 1 + dice(&seed, 12),
					  .smt = PLACE_SMT_ISOLATE,
					  .exclusive = PLACE_EXCLUSIVE_YES };
		solve(&w);
		before = w.plan;
		w.plan = (struct place_plan){ 0 };
		for (unsigned int k = 0; k < 3; k++)
			cpuset_remove(&w.taken.cpus, w.topo.cpus[dice(&seed, w.topo.nr_cpus)].os);
		plan = solve(&w);
		if (before.vms[0].placed) {
			cr_assert(plan->placed, "round %u", round);
			cr_assert(before.vms[0].exact && plan->exact, "round %u", round);
			cr_assert_leq(compare_plans(plan, &before.vms[0]), 0,
				      "round %u: %f nodes %f, with more room %f nodes %f", round,
				      before.vms[0].total, nodes_used(&before.vms[0]), plan->total,
				      nodes_used(plan));
			compared++;
		}
		place_plan_fini(&before);
		finish(&w);
	}
	cr_assert_gt(compared, ROUNDS / 4);
}

/* New operating system's numbers for all CPUs, in a random order. */
static void renumber(struct topology *topo, struct cpuset *also, unsigned int *seed)
{
	unsigned int nr = topo->nr_cpus;
	AUTO_FREE unsigned int *to = alloc_zeroed(nr, sizeof(*to));
	struct cpuset *sets[512];
	unsigned int nr_sets = 0;

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int j = dice(seed, i + 1);

		to[i] = to[j];
		to[j] = i * 3; /* with gaps */
	}
	sets[nr_sets++] = also;
	sets[nr_sets++] = &topo->allowed;
	for (unsigned int i = 0; i < topo->nr_nodes; i++) {
		sets[nr_sets++] = &topo->nodes[i].cpus;
		sets[nr_sets++] = &topo->nodes[i].near_cpus;
	}
	for (unsigned int i = 0; i < topo->nr_packages; i++)
		sets[nr_sets++] = &topo->packages[i].cpus;
	for (unsigned int i = 0; i < topo->nr_cores && nr_sets < 500; i++)
		sets[nr_sets++] = &topo->cores[i].cpus;
	for (unsigned int s = 0; s < nr_sets; s++) {
		AUTO_CPUSET struct cpuset old = { 0 };

		cpuset_copy(&old, sets[s]);
		cpuset_clear(sets[s]);
		cpuset_for_each (os, &old)
			cpuset_add(sets[s], to[os]);
	}
	for (unsigned int i = 0; i < nr; i++)
		topo->cpus[i].os = to[topo->cpus[i].os];
	topology_index(topo);
}

Test(place_random, renumbering_cpus_never_changes_the_cost_in_exact_modes)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int seed = round + 300000;
		struct world w;
		double total, fragments;
		bool placed;

		start(&w, &seed, true);
		w.vm = (struct place_vm){ .name = "vm",
					  .nr_vcpus = 1 + dice(&seed, 12),
					  .cpu = dice(&seed, 2) ? PLACE_CPU_AUTO
								: PLACE_CPU_COMPACT,
					  .exclusive = PLACE_EXCLUSIVE_YES };
		placed = solve(&w)->placed;
		total = w.plan.vms[0].total;
		fragments = w.plan.vms[0].cost.term[COST_FRAGMENTATION];
		renumber(&w.topo, &w.taken.cpus, &seed);
		solve(&w);
		cr_assert_eq(w.plan.vms[0].placed, placed, "round %u", round);
		cr_assert_float_eq(w.plan.vms[0].total, total, 1e-9 * total + 1e-9,
				   "round %u: %f, not %f", round, w.plan.vms[0].total, total);
		if (w.vm.cpu == PLACE_CPU_AUTO)
			cr_assert_float_eq(w.plan.vms[0].cost.term[COST_FRAGMENTATION], fragments,
					   1e-9, "round %u", round);
		finish(&w);
	}
}

Test(place_random, the_same_input_gives_the_same_plan)
{
	for (unsigned int round = 0; round < 200; round++) {
		unsigned int seed = round + 400000;
		struct world w;
		struct place_plan first;

		start(&w, &seed, false);
		random_vm(&w, &seed);
		solve(&w);
		first = w.plan;
		w.plan = (struct place_plan){ 0 };
		solve(&w);
		cr_assert_eq(first.vms[0].placed, w.plan.vms[0].placed);
		for (unsigned int i = 0; i < first.vms[0].nr_vcpus; i++)
			cr_assert_eq(first.vms[0].vcpus[i].cpu, w.plan.vms[0].vcpus[i].cpu);
		cr_assert_eq(first.vms[0].nr_reasons, w.plan.vms[0].nr_reasons);
		place_plan_fini(&first);
		finish(&w);
	}
}

/* One CPU per core on random small hosts with random rates, against plain branch and bound. */
Test(place_random, known_traffic_on_small_hosts_costs_what_the_oracle_finds)
{
	unsigned int proven = 0, said_exact = 0;

	for (unsigned int round = 0; round < 300; round++) {
		unsigned int seed = round + 500000, n, nr = 0;
		double lines[64], both[64], ns[96 * 96];
		struct world w;
		const struct place_vm_plan *plan;
		struct oracle oracle = { .lines = both, .ns = ns, .nodes = 200000 };
		struct cost_model model;
		unsigned int cpu[96];
		struct err err;

		start(&w, &seed, false);
		n = 2 + dice(&seed, 6);
		for (unsigned int i = 0; i < n * n; i++)
			lines[i] = dice(&seed, 2) ? 1e5 * dice(&seed, 20) : 0;
		for (unsigned int i = 0; i < n; i++)
			for (unsigned int j = 0; j < n; j++)
				both[i * n + j] = i == j ? 0 : lines[i * n + j] + lines[j * n + i];
		w.vm = (struct place_vm){ .name = "vm",
					  .nr_vcpus = n,
					  .misses_per_s = 1e-9,
					  .smt = PLACE_SMT_ISOLATE,
					  .exclusive = PLACE_EXCLUSIVE_YES,
					  .traffic = { PLACE_TRAFFIC_MATRIX, lines, 0 } };
		w.request.steps = 20000;
		plan = solve(&w);
		for (unsigned int c = 0; c < w.topo.nr_cores; c++)
			if (!cpuset_intersects(&w.topo.cores[c].cpus, &w.taken.cpus) && nr < 96)
				cpu[nr++] =
					(unsigned int)(topology_cpu(
							       &w.topo,
							       (unsigned int)cpuset_next(
								       &w.topo.cores[c].cpus, 0)) -
						       w.topo.cpus);
		cr_assert_eq(plan->placed, nr >= n);
		if (plan->placed) {
			cr_assert_eq(cost_model_init(&model, &w.topo, NULL, &err), 0);
			for (unsigned int a = 0; a < nr; a++)
				for (unsigned int b = 0; b < nr; b++)
					ns[a * nr + b] = cost_c2c_ns(&model, cpu[a], cpu[b], -1);
			oracle.n = n;
			oracle.nr_places = nr;
			oracle.cost = INFINITY;
			oracle_solve(&oracle);
			cr_assert_geq(plan->cost.term[COST_COMM],
				      oracle.cost * (1 - 1e-9) - (oracle.proven ? 0 : 1e18));
			if (oracle.proven) {
				proven++;
				cr_assert_leq(plan->cost.term[COST_COMM], oracle.cost * 1.0001,
					      "round %u: %u vCPUs, %f, not %f", round, n,
					      plan->cost.term[COST_COMM], oracle.cost);
				cr_assert_leq(plan->lower_bound, oracle.cost * (1 + 1e-9) + 1,
					      "round %u", round);
			}
			said_exact += plan->exact;
			cost_model_fini(&model);
		}
		finish(&w);
	}
	cr_assert_gt(proven, 100);
	cr_assert_gt(said_exact, 30, "%u", said_exact);
}
