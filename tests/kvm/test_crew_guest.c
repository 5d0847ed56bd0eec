#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "bench/crew.h"
#include "bench/memory.h"
#include "bench/ring_bench.h"
#include "tests/kvm/need_kvm.h"

/* A guest on CPUs 0 and 1, or on CPU 0 twice over where there is one CPU alone. */
struct bench {
	struct topology topo;
	struct bench_memory memory;
	struct crew crew;
};

static void bench_init(struct bench *bench)
{
	AUTO_CPUSET struct cpuset nodes = { 0 };
	struct crew_spec spec = { .pinned = true, .counters = &counters_of_host };
	struct err err = { 0 };
	unsigned int cpus[2];

	NEED_KVM();
	topology_setup();
	cr_assert_eq(topology_load(&bench->topo, "host", &err), 0, "%s", err.text);
	cpus[0] = bench->topo.cpus[0].os;
	cpus[1] = bench->topo.cpus[bench->topo.nr_cpus - 1].os;
	spec.cpus = cpus;
	spec.nr_cpus = 2;
	cpuset_add(&nodes, bench->topo.nodes[0].os);
	bench_memory_plan(&bench->memory, &bench->topo, &nodes, 0, false);
	cr_assert_eq(crew_init_guest(&bench->crew, &spec, &bench->memory, &err), 0, "%s", err.text);
}

static void bench_fini(struct bench *bench)
{
	crew_fini(&bench->crew);
	bench_memory_fini(&bench->memory);
	topology_fini(&bench->topo);
}

Test(crew_guest, vcpus_move_items_in_order_and_leave_the_guest_for_interrupts_alone)
{
	struct bench bench = { 0 };
	struct ring_case c = { .producer = 0,
			       .consumer = 1,
			       .variant = { RING_BATCHED, 128, 32, 1, 1, 4096 } };
	struct ring_plan plan = { .rounds = 5, .sample_s = 0.005, .rtt = true, .ns_per_tick = 0.4 };
	struct err err = { 0 };

	bench_init(&bench);
	c.crew = &bench.crew;
	c.place = &bench.memory.places[0];
	c.pair = (struct cpu_pair){ 0, bench.topo.nr_cpus - 1, REL_L3 };
	cr_assert_eq(ring_measure(&c, 1, &plan, &err), 0, "%s", err.text);
	cr_assert_eq(c.errors, 0);
	cr_assert_eq(c.nr_rounds, 5);
	cr_assert(c.verified, "%s", c.unverified);
	cr_assert_eq(c.pages.strays + c.pages.absent, 0);
	ring_case_fini(&c);
	bench_fini(&bench);
}

Test(crew_guest, a_fault_in_the_guest_is_reported_with_its_vector_and_address)
{
	struct bench bench = { 0 };
	struct job job = { .work = { .kind = WORK_FAULT, .buffer = UINT64_C(1) << 40 } };
	struct err err = { 0 };

	bench_init(&bench);
	cr_assert_neq(crew_run(&bench.crew, &job, 1, &err), 0);
	cr_assert_eq(err.status, EXIT_GUEST);
	cr_assert(strstr(err.text, "vector 14"), "%s", err.text);
	cr_assert(strstr(err.text, "cr2 0x10000000000"), "%s", err.text);
	bench_fini(&bench);
}

/* A spinning guest looks at nothing, so it does not see that it shall stop. */
Test(crew_guest, a_guest_that_does_not_stop_is_left_alone)
{
	struct bench bench = { 0 };
	struct job job = { .work = { .kind = WORK_SPIN, .count = UINT64_C(1) << 62 } };
	struct err err = { 0 };

	bench_init(&bench);
	bench.crew.timeout_s = 1;
	cr_assert_eq(crew_run(&bench.crew, &job, 1, &err), -ETIMEDOUT);
	cr_assert(strstr(err.text, "no end after 1 s"), "%s", err.text);
	cr_assert_not(job.done);
	bench_fini(&bench);
}
