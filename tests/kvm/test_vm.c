#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "affinity/pin.h"
#include "base/alloc.h"
#include "tests/kvm/barrier.h"
#include "tests/kvm/cycles.h"
#include "tests/kvm/echo_guest.h"
#include "tests/kvm/need_kvm.h"

Test(vm, fifty_vcpus_run_at_the_same_time_and_each_is_itself)
{
	struct err err = { 0 };

	NEED_KVM();
	cr_expect_eq(barrier_run(50, &err), 0, "%s", err.text);
}

Test(vm, fifty_pauses_at_random_points_lose_no_exit)
{
	static struct echo_guest echo;
	struct err err = { 0 };
	uint64_t before;

	NEED_KVM();
	cr_assert_eq(echo_init(&echo, 3, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&echo.small.vm, &err), 0, "%s", err.text);
	cr_expect_eq(echo_pause_often(&echo, 50, 1), 0);
	before = echo_count(&echo);
	while (echo_count(&echo) < before + 100) /* it goes on */
		sched_yield();
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
}

Test(vm, pauses_nest)
{
	static struct echo_guest echo;
	struct err err = { 0 };
	uint64_t before;

	NEED_KVM();
	cr_assert_eq(echo_init(&echo, 2, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&echo.small.vm, &err), 0, "%s", err.text);
	vm_pause(&echo.small.vm);
	vm_pause(&echo.small.vm);
	before = echo_count(&echo);
	vm_resume(&echo.small.vm);
	usleep(5000);
	cr_expect_eq(echo_count(&echo), before);
	vm_resume(&echo.small.vm);
	while (echo_count(&echo) < before + 100)
		sched_yield();
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
}

Test(vm, signals_to_vcpu_threads_neither_hang_nor_harm_them)
{
	static struct echo_guest echo;
	struct err err = { 0 };
	uint64_t before;

	NEED_KVM();
	cr_assert_eq(echo_init(&echo, 2, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&echo.small.vm, &err), 0, "%s", err.text);
	for (unsigned int i = 0; i < 500; i++) {
		kvm_vcpu_kick(echo.small.vm.vcpus[i % 2].thread);
		pthread_kill(echo.small.vm.vcpus[i % 2].thread, SIGUSR2); /* stays blocked there */
		usleep(20);
	}
	before = echo_count(&echo);
	while (echo_count(&echo) < before + 100)
		sched_yield();
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
}

static int work_sees_thread(struct vcpu_work *work)
{
	(void)work;
	return gettid();
}

Test(vm, kicks_need_no_room_in_the_queue_of_signals)
{
	const struct rlimit none = { 0 };
	static struct echo_guest echo;
	struct err err = { 0 };

	NEED_KVM();
	cr_assert_eq(echo_init(&echo, 2, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&echo.small.vm, &err), 0, "%s", err.text);
	cr_assert_eq(setrlimit(RLIMIT_SIGPENDING, &none), 0);
	cr_expect_eq(echo_pause_often(&echo, 10, 1), 0);
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
}

Test(vm, work_is_done_on_the_vcpus_own_thread_running_or_paused)
{
	static struct echo_guest echo;
	struct vcpu_work work = { .fn = work_sees_thread };
	struct err err = { 0 };
	struct vcpu *vcpu;

	NEED_KVM();
	cr_assert_eq(echo_init(&echo, 2, &err), 0, "%s", err.text);
	cr_assert_eq(vm_start(&echo.small.vm, &err), 0, "%s", err.text);
	vcpu = vm_vcpu(&echo.small.vm, 1);
	cr_expect_eq(vm_vcpu_do(vcpu, &work), vcpu->tid);
	vm_pause(&echo.small.vm);
	cr_expect_eq(vm_vcpu_do(vcpu, &work), vcpu->tid);
	vm_resume(&echo.small.vm);
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
}

/* The CPUs that this process may use; a test of moving needs two. */
static unsigned int usable_cpus(struct cpuset *first, struct cpuset *second)
{
	struct cpuset all AUTO_CPUSET = { 0 };
	struct err err = { 0 };
	int cpu;

	cr_assert_eq(pin_read(0, &all, &err), 0, "%s", err.text);
	cpu = cpuset_next(&all, 0);
	cpuset_add(first, (unsigned int)cpu);
	cpu = cpuset_next(&all, (unsigned int)cpu + 1);
	if (cpu >= 0)
		cpuset_add(second, (unsigned int)cpu);
	return cpuset_count(&all);
}

Test(vm, a_vcpu_moves_while_it_runs)
{
	static struct echo_guest echo;
	struct cpuset one AUTO_CPUSET = { 0 };
	struct cpuset two AUTO_CPUSET = { 0 };
	struct cpuset got AUTO_CPUSET = { 0 };
	struct err err = { 0 };
	pid_t tid;

	NEED_KVM();
	if (usable_cpus(&one, &two) < 2)
		cr_skip_test("this process may use one CPU only");
	cr_assert_eq(echo_init(&echo, 1, &err), 0, "%s", err.text);
	cpuset_copy(&echo.small.vm.vcpus[0].spec.cpus, &one);
	cr_assert_eq(vm_start(&echo.small.vm, &err), 0, "%s", err.text);
	tid = echo.small.vm.vcpus[0].tid;
	cr_expect_eq(pin_last_cpu(tid), cpuset_next(&one, 0));
	for (unsigned int i = 0; i < 10; i++) {
		const struct cpuset *to = i % 2 ? &one : &two;

		cr_assert_eq(vm_vcpu_pin(&echo.small.vm, 0, to, &err), 0, "%s", err.text);
		usleep(4000); /* a scheduling period */
		cr_expect_eq(pin_last_cpu(tid), cpuset_next(to, 0));
		cr_assert_eq(pin_read(tid, &got, &err), 0);
		cr_expect(cpuset_equal(&got, to));
	}
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
	cr_expect_gt(echo_count(&echo), 0);
}

/* A map of one node with the CPUs that this process may use, as a real one would say. */
static void map_of_one_node(struct topology *topo)
{
	struct err err = { 0 };

	*topo = (struct topology){ .source = alloc_string("host"), .is_host = true, .nr_nodes = 1 };
	topo->nodes = alloc_zeroed(1, sizeof(*topo->nodes));
	cr_assert_eq(pin_read(0, &topo->allowed, &err), 0);
	cpuset_copy(&topo->nodes[0].cpus, &topo->allowed);
	topology_index(topo);
}

Test(vm, a_vcpu_is_bound_to_a_node_and_its_node_is_read_from_where_it_is)
{
	static struct echo_guest echo;
	struct topology topo;
	struct err err = { 0 };
	struct vm *vm = &echo.small.vm;
	struct cpuset *cpus;

	NEED_KVM();
	map_of_one_node(&topo);
	cpus = &topo.nodes[0].cpus;
	cr_assert_eq(echo_init(&echo, 2, &err), 0, "%s", err.text);
	cr_expect_eq(vm_vcpu_bind_node(vm, 1, &topo, 0, &err), -ESRCH, "not before it runs");
	cr_assert_eq(vm_start(vm, &err), 0, "%s", err.text);
	cr_expect_eq(vm_vcpu_bind_node(vm, 1, &topo, 0, &err), 0, "%s", err.text);
	cr_expect_eq(vm->vcpus[1].spec.mem_node, 0);
	cr_expect_eq(vm_vcpu_node(vm, 1, &topo, &err), 0);
	cr_expect_eq(vm_vcpu_bind_node(vm, 9, &topo, 0, &err), -ESRCH);
	cr_expect_str_eq(err.text, "vcpu 9: the VM has no such vCPU");
	cr_expect_eq(vm_vcpu_bind_node(vm, 1, &topo, 3, &err), -ENOENT);
	cpuset_remove(cpus, (unsigned int)cpuset_next(cpus, 0));
	cr_expect_eq(vm_vcpu_node(vm, 1, &topo, &err), -ENOENT, "it may run elsewhere too");
	cpuset_clear(cpus);
	cr_expect_eq(vm_vcpu_bind_node(vm, 1, &topo, 0, &err), -EINVAL, "a node without CPUs");
	echo_fini(&echo);
	cr_expect_eq(echo_errors(&echo), 0);
	topology_fini(&topo);
}

Test(vm, a_vcpu_that_cannot_have_its_place_stops_the_start_by_name)
{
	const unsigned char code[] = { 0xf4 };
	const struct small_spec spec = {
		.mode = START_REAL, .code = code, .len = 1, .nr_vcpus = 3
	};
	struct small_vm small;
	struct err err = { 0 };

	NEED_KVM();
	cr_assert_eq(small_vm_init(&small, &spec, &err), 0, "%s", err.text);
	cpuset_add(&small.vm.vcpus[1].spec.cpus, 60000);
	cr_expect_eq(vm_start(&small.vm, &err), -EINVAL);
	cr_expect(strstr(err.text, "CPU 60000 does not exist"), "%s", err.text);
	small_vm_fini(&small);
}

Test(vm, vcpu_ids_are_checked_and_threads_carry_them)
{
	struct vcpu_spec vcpus[2] = { { .id = 7, .mem_node = -1 }, { .id = 7, .mem_node = -1 } };
	const struct gmem_spec ram = { .len = 4096, .page_size = 4096 };
	const struct vm_spec spec = { .kvm.irqchip = IRQCHIP_FULL,
				      .regions = &ram,
				      .nr_regions = 1,
				      .vcpus = vcpus,
				      .nr_vcpus = 2 };
	struct err err = { 0 };
	char name[16] = "";
	struct vm vm;

	NEED_KVM();
	cr_expect_eq(vm_init(&vm, &spec, &err), -EEXIST);
	cr_expect_eq(err.status, EXIT_INPUT);
	vm_fini(&vm);
	vcpus[1].id = 1u << 20;
	cr_expect_eq(vm_init(&vm, &spec, &err), 0, "%s", err.text);
	cr_expect_eq(vm_start(&vm, &err), -EINVAL);
	cr_expect(strstr(err.text, "vcpu 1048576: this host's KVM takes ids below"), "%s",
		  err.text);
	vm_fini(&vm);
	vcpus[1].id = 9;
	cr_expect_eq(vm_init(&vm, &spec, &err), 0, "%s", err.text);
	cr_expect_eq(vm_start(&vm, &err), 0, "%s", err.text);
	pthread_getname_np(vm_vcpu(&vm, 9)->thread, name, sizeof(name));
	cr_expect_str_eq(name, "vcpu9");
	cr_expect_null(vm_vcpu(&vm, 8));
	vm_fini(&vm);
}

Test(vm, two_hundred_lives_leave_no_descriptor_and_no_memory)
{
	struct cycles_growth growth = { 0 };
	struct err err = { 0 };

	NEED_KVM();
	cr_assert_eq(cycles_run(200, &growth, &err), 0, "%s", err.text);
	cr_expect_eq(growth.fds, 0);
	cr_expect_eq(growth.threads, 0);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what was freed, and reports leaks itself */
	cr_expect_leq(growth.rss_kib, 512);
#endif
}
