#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/host.h"
#include "vmm/guest_topology.h"

#define MAX_CPUS 64

static const struct fake_host_shape shapes[] = {
	{ 1, 1, 1, 1, 1, 1, false, false }, /* one CPU */
	{ 2, 1, 1, 6, 1, 2, false, false }, /* 12 threads below each L3 */
	{ 2, 1, 3, 3, 1, 2, false, false }, /* three L3s of three cores */
	{ 2, 2, 1, 4, 1, 1, true, false }, /* a node per die */
	{ 4, 1, 2, 2, 4, 1, false, false }, /* four cores share an L2 */
	{ 2, 1, 1, 4, 1, 2, false, true }, /* no L3 */
	{ 3, 3, 3, 3, 1, 1, true, false },
};
#define NR_SHAPES (sizeof(shapes) / sizeof(*shapes))

struct plan {
	int host_cpus[MAX_CPUS];
	unsigned int cpu_nodes[MAX_CPUS];
	struct guest_node nodes[MAX_CPUS];
	struct guest_request req;
};

/* A random choice of distinct host CPUs; guest nodes are the host's. */
static void random_plan(struct plan *plan, const struct topology *host, unsigned int *seed)
{
	unsigned int nr = 1 + (unsigned int)rand_r(seed) %
				      (host->nr_cpus < MAX_CPUS ? host->nr_cpus : MAX_CPUS);
	struct cpuset left = { 0 };

	memset(plan, 0, sizeof(*plan));
	cpuset_copy(&left, &host->allowed);
	for (unsigned int i = 0; i < nr; i++) {
		int cpu = -1;

		while (cpu < 0)
			cpu = cpuset_next(&left, (unsigned int)rand_r(seed) % host->nr_cpus);
		cpuset_remove(&left, (unsigned int)cpu);
		plan->host_cpus[i] = cpu;
		plan->cpu_nodes[i] = (unsigned int)topology_cpu(host, (unsigned int)cpu)->node;
	}
	for (unsigned int i = 0; i < host->nr_nodes; i++)
		plan->nodes[i] = (struct guest_node){ 1u << 30, (int)i };
	plan->req = (struct guest_request){ .host = host,
					    .nr_cpus = nr,
					    .nr_nodes = host->nr_nodes,
					    .host_cpus = plan->host_cpus,
					    .cpu_nodes = plan->cpu_nodes,
					    .nodes = plan->nodes,
					    .max_apic_id = 4095 };
	cpuset_fini(&left);
}

static bool host_shares(const struct topology *host, int a, int b, enum guest_level level)
{
	const struct topo_cpu *x = topology_cpu(host, (unsigned int)a);
	const struct topo_cpu *y = topology_cpu(host, (unsigned int)b);

	switch (level) {
	case GUEST_CORE:
		return x->core == y->core;
	case GUEST_L2:
		return x->l2 == y->l2;
	case GUEST_L3:
		return x->l3 == y->l3 && x->die == y->die;
	case GUEST_DIE:
		return x->die == y->die;
	default:
		return x->package == y->package;
	}
}

static void check_truth(const struct guest_topology *guest, const struct topology *host)
{
	for (unsigned int i = 0; i < guest->nr_cpus; i++)
		for (unsigned int j = 0; j < guest->nr_cpus; j++) {
			const struct guest_cpu *a = &guest->cpus[i], *b = &guest->cpus[j];

			cr_assert(i == j || a->apic_id != b->apic_id, "vCPUs %u and %u", i, j);
			for (int level = 0; level < NR_GUEST_LEVELS; level++) {
				bool shares = host_shares(host, a->host_cpu, b->host_cpu,
							  (enum guest_level)level);

				cr_assert_eq(a->group[level] == b->group[level], shares);
				cr_assert_eq(a->apic_id >> guest->shift[level] ==
						     b->apic_id >> guest->shift[level],
					     shares, "level %d, vCPUs %u and %u", level, i, j);
			}
		}
}

Test(guest_topology, groups_and_apic_ids_are_those_of_the_host_cpus_for_random_plans)
{
	unsigned int seed = 8;

	for (unsigned int round = 0; round < 20 * NR_SHAPES; round++) {
		struct topology host;
		struct plan plan;
		struct guest_topology guest;
		struct err err = { 0 };

		fake_host(&host, &shapes[round % NR_SHAPES]);
		random_plan(&plan, &host, &seed);
		cr_assert_eq(guest_topology_init(&guest, &plan.req, &err), 0, "%s", err.text);
		cr_assert_eq(guest.cpus[0].apic_id, 0);
		check_truth(&guest, &host);
		guest_topology_fini(&guest);
		topology_fini(&host);
	}
}

/* One plan on a host of two packages, six cores each, two threads. */
struct fixture {
	struct topology host;
	struct plan plan;
	struct guest_topology guest;
	struct err err;
};

static int build(struct fixture *f, const int *cpus, unsigned int nr)
{
	f->err = (struct err){ 0 };
	memset(&f->plan, 0, sizeof(f->plan));
	for (unsigned int i = 0; i < nr; i++) {
		const struct topo_cpu *cpu =
			cpus[i] < 0 ? NULL : topology_cpu(&f->host, (unsigned int)cpus[i]);

		f->plan.host_cpus[i] = cpus[i];
		f->plan.cpu_nodes[i] = cpu ? (unsigned int)cpu->node : 0;
	}
	f->plan.nodes[0] = (struct guest_node){ 1u << 30, 0 };
	f->plan.nodes[1] = (struct guest_node){ 1u << 30, 1 };
	f->plan.req = (struct guest_request){ .host = &f->host,
					      .nr_cpus = nr,
					      .nr_nodes = 2,
					      .host_cpus = f->plan.host_cpus,
					      .cpu_nodes = f->plan.cpu_nodes,
					      .nodes = f->plan.nodes,
					      .max_apic_id = 4095 };
	return 0;
}

static int make(struct fixture *f)
{
	return guest_topology_init(&f->guest, &f->plan.req, &f->err);
}

static void teardown(struct fixture *f)
{
	guest_topology_fini(&f->guest);
	topology_fini(&f->host);
}

static void setup(struct fixture *f, const int *cpus, unsigned int nr)
{
	fake_host(&f->host, &shapes[1]);
	build(f, cpus, nr);
}

Test(guest_topology, vcpus_that_take_turns_on_one_cpu_are_cores_and_it_is_said)
{
	struct fixture f;

	setup(&f, (int[]){ 0, 0, 12 }, 3);
	cr_assert_eq(make(&f), 0);
	cr_assert_neq(f.guest.cpus[0].group[GUEST_CORE], f.guest.cpus[1].group[GUEST_CORE]);
	cr_assert_eq(f.guest.cpus[0].group[GUEST_CORE], f.guest.cpus[2].group[GUEST_CORE]);
	cr_assert_eq(f.guest.cpus[0].group[GUEST_L3], f.guest.cpus[1].group[GUEST_L3]);
	cr_assert_eq(f.guest.nr_warnings, 1);
	teardown(&f);
}

Test(guest_topology, a_floating_vcpu_shares_the_package_alone)
{
	struct fixture f;

	setup(&f, (int[]){ 0, -1, -1 }, 3);
	cr_assert_eq(make(&f), 0);
	for (int level = GUEST_CORE; level <= GUEST_L3; level++)
		cr_assert_neq(f.guest.cpus[1].group[level], f.guest.cpus[2].group[level]);
	cr_assert_eq(f.guest.nr_groups[GUEST_PACKAGE], 1);
	cr_assert(strstr(f.guest.warnings[0], "2 vCPUs float"));
	teardown(&f);
}

Test(guest_topology, guest_nodes_that_divide_an_l3_divide_it_for_the_guest)
{
	struct fixture f;

	setup(&f, (int[]){ 0, 1 }, 2);
	f.plan.cpu_nodes[1] = 1;
	cr_assert_eq(make(&f), 0);
	cr_assert_neq(f.guest.cpus[0].group[GUEST_L3], f.guest.cpus[1].group[GUEST_L3]);
	cr_assert(strstr(f.guest.warnings[0], "divide one L3"));
	teardown(&f);
}

Test(guest_topology, a_configured_shape_overrides_the_host)
{
	struct fixture f;

	setup(&f, (int[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, 8);
	f.plan.req.shape = (struct guest_shape){ 2, 2, 1, 2 };
	memset(f.plan.cpu_nodes, 0, sizeof(f.plan.cpu_nodes));
	cr_assert_eq(make(&f), 0, "%s", f.err.text);
	for (unsigned int i = 0; i < 8; i++) {
		cr_assert_eq(f.guest.cpus[i].apic_id, i);
		cr_assert_eq(f.guest.cpus[i].group[GUEST_CORE], i / 2);
		cr_assert_eq(f.guest.cpus[i].group[GUEST_PACKAGE], i / 4);
	}
	teardown(&f);
}

Test(guest_topology, a_shape_of_another_product_is_refused)
{
	struct fixture f;

	setup(&f, (int[]){ 0, 1, 2 }, 3);
	f.plan.req.shape = (struct guest_shape){ 2, 1, 1, 1 };
	cr_assert_eq(make(&f), -EINVAL);
	cr_assert_eq(f.err.status, EXIT_INPUT);
	teardown(&f);
}

Test(guest_topology, a_cpu_that_the_host_lacks_is_refused)
{
	struct fixture f;

	setup(&f, (int[]){ 0, 1 }, 2);
	f.plan.host_cpus[1] = 99;
	cr_assert_eq(make(&f), -EINVAL);
	cr_assert(strstr(f.err.text, "CPU 99"));
	teardown(&f);
}

Test(guest_topology, levels_go_with_a_warning_where_ids_run_out_and_then_it_is_refused)
{
	struct fixture f;
	int cpus[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

	/* Three dies of three L3s: 2 + 2 bits, up to id 10; as nine L3s: up to id 8. */
	fake_host(&f.host, &(struct fake_host_shape){ 1, 3, 3, 1, 1, 1, false, false });
	build(&f, cpus, 9);
	f.plan.req.nr_nodes = 1;
	f.plan.req.max_apic_id = 8;
	cr_assert_eq(make(&f), 0, "%s", f.err.text);
	cr_assert_eq(f.guest.nr_groups[GUEST_L3], 9);
	cr_assert_eq(f.guest.nr_groups[GUEST_DIE], 1);
	cr_assert_eq(f.guest.nr_warnings, 1);
	guest_topology_fini(&f.guest);
	f.plan.req.max_apic_id = 7;
	cr_assert_eq(make(&f), -ERANGE);
	cr_assert_eq(f.err.status, EXIT_NO);
	teardown(&f);
}

Test(guest_topology, distances_fit_a_slit_whatever_the_host_or_the_config_says)
{
	struct fixture f;
	unsigned int host[] = { 11, 300, 10, 10 }, given[] = { 0, 21, 0, 0 };

	setup(&f, (int[]){ 0, 6 }, 2);
	f.host.distances = calloc(4, sizeof(unsigned int));
	memcpy(f.host.distances, host, sizeof(host));
	cr_assert_eq(make(&f), 0);
	cr_assert_arr_eq(f.guest.distances, ((unsigned int[]){ 10, 254, 11, 10 }),
			 4 * sizeof(unsigned int));
	guest_topology_fini(&f.guest);
	f.plan.req.distances = given;
	cr_assert_eq(make(&f), 0);
	cr_assert_arr_eq(f.guest.distances, ((unsigned int[]){ 10, 21, 11, 10 }),
			 4 * sizeof(unsigned int));
	teardown(&f);
}

Test(guest_topology, a_memory_only_node_before_one_with_cpus_is_warned_of)
{
	struct fixture f;

	setup(&f, (int[]){ 6 }, 1);
	cr_assert_eq(make(&f), 0);
	cr_assert_eq(f.guest.nr_warnings, 1);
	cr_assert(strstr(f.guest.warnings[0], "guest node 0 has no CPUs"));
	teardown(&f);
}
