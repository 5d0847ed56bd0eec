#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bench/crew.h"
#include "bench/memory.h"
#include "bench/ring_bench.h"

/* Two members on the host's first and last CPU (the same one where there is one). */
struct bench {
	struct topology topo;
	struct bench_memory memory;
	struct gmem gmem;
	struct crew crew;
};

static void bench_init(struct bench *bench, bool processes)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };
	struct crew_spec spec = { .pinned = true, .counters = &counters_of_host };
	struct err err = { 0 };
	unsigned int cpus[2];
	int ret;

	topology_setup();
	cr_assert_eq(topology_load(&bench->topo, "host", &err), 0, "%s", err.text);
	cpus[0] = bench->topo.cpus[0].os;
	cpus[1] = bench->topo.cpus[bench->topo.nr_cpus - 1].os;
	cpuset_add(&nodes, bench->topo.nodes[0].os);
	bench_memory_plan(&bench->memory, &bench->topo, &nodes, 0, processes);
	ret = gmem_init(&bench->gmem, bench->memory.specs, bench->memory.nr_specs, NULL, &err);
	cr_assert_eq(ret, 0, "%s", err.text);
	spec.cpus = cpus;
	spec.nr_cpus = 2;
	spec.gmem = &bench->gmem;
	ret = processes ? crew_init_process(&bench->crew, &spec, &err)
			: crew_init_host(&bench->crew, &spec, &err);
	cr_assert_eq(ret, 0, "%s", err.text);
}

static void bench_fini(struct bench *bench)
{
	crew_fini(&bench->crew);
	gmem_fini(&bench->gmem);
	bench_memory_fini(&bench->memory);
	topology_fini(&bench->topo);
}

ParameterizedTestParameters(crew, threads_and_processes_move_items_in_order_and_are_verified)
{
	static int kinds[] = { 0, 1 };

	return cr_make_param_array(int, kinds, 2);
}

ParameterizedTest(int *processes, crew, threads_and_processes_move_items_in_order_and_are_verified)
{
	struct bench bench = { 0 };
	struct ring_case cases[NR_RING_KINDS + 1] = { 0 };
	struct ring_plan plan = { .rounds = 3, .sample_s = 0.002, .rtt = true, .ns_per_tick = 0.4 };
	struct err err = { 0 };
	int ret;

	bench_init(&bench, *processes);
	for (int kind = 0; kind <= NR_RING_KINDS; kind++) {
		struct ring_case *c = &cases[kind];

		c->solo = kind == NR_RING_KINDS;
		c->variant = (struct ring_variant){ kind % NR_RING_KINDS, 64, 8, 1, 1, 1024 };
		c->consumer = 1;
		c->crew = &bench.crew;
		c->place = &bench.memory.places[0];
	}
	ret = ring_measure(cases, NR_RING_KINDS + 1, &plan, &err);
	cr_assert_eq(ret, 0, "%s", err.text);
	for (int kind = 0; kind <= NR_RING_KINDS; kind++) {
		cr_assert_eq(cases[kind].errors, 0);
		cr_assert(cases[kind].verified, "%s", cases[kind].unverified);
		cr_assert_eq(cases[kind].nr_rounds, 3);
		ring_case_fini(&cases[kind]);
	}
	bench_fini(&bench);
}

static void *kill_soon(void *pid)
{
	usleep(50000);
	kill(*(pid_t *)pid, SIGKILL);
	return NULL;
}

Test(crew, the_death_of_one_process_ends_the_other_ones_work)
{
	struct bench bench = { 0 };
	struct job jobs[2] = { { .member = 0 }, { .member = 1 } };
	struct err err = { 0 };
	pthread_t killer;

	bench_init(&bench, true);
	for (int i = 0; i < 2; i++)
		jobs[i].work = (struct work){
			.kind = i ? WORK_CONSUME : WORK_PRODUCE,
			.count = UINT64_MAX / 2,
			.ring_kind = RING_CACHED,
			.capacity = 64,
			.words = 1,
			.batch = 1,
			.ring = crew_address(&bench.crew, bench.memory.places[0].ring, 4096),
		};
	ring_reset(gmem_ptr(&bench.gmem, bench.memory.places[0].ring, 4096), 0);
	pthread_create(&killer, NULL, kill_soon, &bench.crew.members[0].pid);
	cr_assert_eq(crew_run(&bench.crew, jobs, 2, &err), -ESRCH);
	cr_assert(strstr(err.text, "died"), "%s", err.text);
	pthread_join(killer, NULL);
	bench_fini(&bench);
}

Test(crew, an_address_outside_its_memory_is_none)
{
	struct bench bench = { 0 };

	bench_init(&bench, false);
	cr_assert_eq(crew_address(&bench.crew, bench.memory.end, 8), 0);
	cr_assert_neq(crew_address(&bench.crew, BENCH_CONTROL, 8), 0);
	bench_fini(&bench);
}
