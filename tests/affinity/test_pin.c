#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "affinity/pin.h"
#include "base/alloc.h"

/* A host of 8 CPUs: 0-3 ours, 4-5 another cgroup's, 6-7 offline. */
static void make_host(struct topology *topo)
{
	memset(topo, 0, sizeof(*topo));
	topo->source = alloc_string("a test");
	topo->is_host = true;
	cpuset_add_range(&topo->allowed, 0, 3);
	cpuset_add_range(&topo->disallowed, 4, 5);
	cpuset_add_range(&topo->offline, 6, 7);
}

struct check_case {
	char cpus[16], part[64];
	int ret;
	enum exit_status status;
};

ParameterizedTestParameters(pin, a_set_is_judged_by_the_map_and_the_cpu_named)
{
	static struct check_case cases[] = {
		{ "0-3", "", 0, EXIT_OK },
		{ "2", "", 0, EXIT_OK },
		{ "", "the CPU set is empty", -EINVAL, EXIT_INPUT },
		{ "3-4", "CPU 4 is outside this process's cpuset", -EPERM, EXIT_HOST },
		{ "0,7", "CPU 7 is offline", -EINVAL, EXIT_INPUT },
		{ "0,8", "CPU 8 does not exist", -EINVAL, EXIT_INPUT },
		{ "4000", "CPU 4000 does not exist", -EINVAL, EXIT_INPUT },
	};
	return cr_make_param_array(struct check_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct check_case *param, pin, a_set_is_judged_by_the_map_and_the_cpu_named)
{
	struct cpuset cpus AUTO_CPUSET = { 0 };
	struct topology topo;
	struct err err = { 0 };

	make_host(&topo);
	cr_assert_eq(cpuset_parse(&cpus, param->cpus, &err), 0);
	cr_expect_eq(pin_check(&topo, &cpus, &err), param->ret);
	cr_expect_eq(err.status, param->status);
	cr_expect(strstr(err.text, param->part), "%s", err.text);
	topology_fini(&topo);
}

Test(pin, a_map_of_another_machine_pins_nothing)
{
	struct cpuset cpus AUTO_CPUSET = { 0 };
	struct topology topo;
	struct err err = { 0 };

	make_host(&topo);
	topo.is_host = false;
	cpuset_add(&cpus, 0);
	cr_expect_eq(pin_check(&topo, &cpus, &err), -EXDEV);
	cr_expect_eq(err.status, EXIT_NO);
	topology_fini(&topo);
}

Test(pin, a_thread_goes_where_it_is_told_and_says_so)
{
	struct cpuset all AUTO_CPUSET = { 0 };
	struct cpuset one AUTO_CPUSET = { 0 };
	struct cpuset got AUTO_CPUSET = { 0 };
	struct err err = { 0 };

	cr_assert_eq(pin_read(0, &all, &err), 0, "%s", err.text);
	cr_assert_not(cpuset_empty(&all));
	cpuset_for_each (cpu, &all) {
		cpuset_clear(&one);
		cpuset_add(&one, (unsigned int)cpu);
		cr_expect_eq(pin_thread(0, &one, &err), 0, "%s", err.text);
		cr_expect_eq(pin_read(gettid(), &got, &err), 0);
		cr_expect(cpuset_equal(&one, &got));
		cr_expect_eq(sched_getcpu(), cpu);
		cr_expect_eq(pin_last_cpu(gettid()), cpu);
	}
}

Test(pin, a_set_of_which_the_kernel_drops_a_part_is_an_error)
{
	struct cpuset cpus AUTO_CPUSET = { 0 };
	struct err err = { 0 };

	cr_assert_eq(pin_read(0, &cpus, &err), 0);
	cpuset_add(&cpus, 5000); /* beyond cpu_set_t's 1024 too */
	cr_expect_eq(pin_thread(0, &cpus, &err), -EINVAL);
	cr_expect(strstr(err.text, "CPU 5000 does not exist"), "%s", err.text);
	cpuset_clear(&cpus);
	cpuset_add(&cpus, 5000);
	cr_expect_eq(pin_thread(0, &cpus, &err), -EINVAL);
	cr_expect(strstr(err.text, "CPU 5000 does not exist"), "%s", err.text);
	cpuset_clear(&cpus);
	cr_expect_eq(pin_thread(0, &cpus, &err), -EINVAL);
	cr_expect(strstr(err.text, "empty"), "%s", err.text);
}

Test(pin, a_thread_that_is_gone_is_an_error)
{
	struct cpuset cpus AUTO_CPUSET = { 0 };
	struct err err = { 0 };

	cpuset_add(&cpus, 0);
	cr_expect_eq(pin_thread(0x3fffff, &cpus, &err), -ESRCH);
	cr_expect_eq(pin_read(0x3fffff, &cpus, &err), -ESRCH);
	cr_expect_lt(pin_last_cpu(0x3fffff), 0);
}

Test(pin, nice_is_set_for_the_thread_and_read_back)
{
	const struct pin_priority priority = { PIN_NICE, 7 };
	struct err err = { 0 };

	cr_expect_eq(pin_set_priority(0, &priority, &err), 0, "%s", err.text);
	cr_expect_eq(getpriority(PRIO_PROCESS, (id_t)gettid()), 7);
}

/* Without the capability the error says so; with it the policy is really set. */
Test(pin, a_real_time_policy_needs_a_capability)
{
	const struct pin_priority priority = { PIN_FIFO, 10 };
	const struct rlimit none = { 0, 0 };
	struct err err = { 0 };

	if (geteuid())
		cr_skip_test("only root can drop to a user to see the refusal");
	cr_expect_eq(pin_set_priority(0, &priority, &err), 0, "%s", err.text);
	cr_expect_eq(sched_getscheduler(0), SCHED_FIFO);
	cr_assert_eq(sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 }), 0);
	cr_assert_eq(setrlimit(RLIMIT_RTPRIO, &none), 0);
	cr_assert_eq(setuid(65534), 0);
	cr_expect_eq(pin_set_priority(0, &priority, &err), -EPERM);
	cr_expect_eq(err.status, EXIT_HOST);
	cr_expect(strstr(err.text, "SCHED_FIFO priority 10 needs CAP_SYS_NICE"), "%s", err.text);
}

Test(pin, a_priority_out_of_range_is_an_input_error)
{
	const struct pin_priority priority = { PIN_RR, 100 };
	struct err err = { 0 };

	cr_expect_eq(pin_set_priority(0, &priority, &err), -EINVAL);
	cr_expect_eq(err.status, EXIT_INPUT);
}

Test(pin, a_thread_may_prefer_a_nodes_memory_and_not_one_that_is_absent)
{
	struct err err = { 0 };

	cr_expect_eq(pin_prefer_node(0, &err), 0, "%s", err.text);
	cr_expect_eq(pin_prefer_node(-1, &err), 0, "%s", err.text);
	cr_expect_lt(pin_prefer_node(900, &err), 0);
}
