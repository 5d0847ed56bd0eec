/* Pauses, work on vCPU threads, moves and the final stop, from several threads at once, on real
 * vCPUs. Skipped without /dev/kvm. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/kvm/echo_guest.h"

#define ROUNDS 40u

static struct echo_guest echo;

static void *pause_often(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		vm_pause(&echo.small.vm);
		if (i % 2)
			usleep(200);
		vm_resume(&echo.small.vm);
		usleep(300);
	}
	return arg;
}

static int nothing(struct vcpu_work *work)
{
	(void)work;
	return 0;
}

static void *work_often(void *arg)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct vcpu_work work = { .fn = nothing };

		if (vm_vcpu_do(&echo.small.vm.vcpus[i % echo.small.vm.nr_vcpus], &work))
			return (void *)1;
	}
	return arg;
}

static void *move_often(void *arg)
{
	struct cpuset all AUTO_CPUSET = { 0 };
	struct err err = { 0 };

	pin_read(0, &all, &err);
	for (unsigned int i = 0; i < ROUNDS; i++)
		if (vm_vcpu_pin(&echo.small.vm, i % echo.small.vm.nr_vcpus, &all, &err))
			return (void *)1;
	return arg;
}

static void *stop_once(void *arg)
{
	vm_stop(&echo.small.vm, EXIT_OK, "the race is over");
	return arg;
}

int main(void)
{
	void *(*const bodies[])(void *) = { pause_often, pause_often, work_often, move_often };
	struct vm_end end = { 0 };
	pthread_t threads[4], stopper;
	struct err err = { 0 };
	void *failed = NULL;

	if (!small_have_kvm()) {
		puts("/dev/kvm cannot be opened");
		return 77;
	}
	if (echo_init(&echo, 3, &err) || vm_start(&echo.small.vm, &err)) {
		puts(err.text);
		return 1;
	}
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, bodies[i], NULL);
	for (int i = 0; i < 4; i++) {
		void *ret;

		pthread_join(threads[i], &ret);
		failed = ret ? ret : failed;
	}
	pthread_create(&stopper, NULL, stop_once, NULL);
	if (vm_join(&echo.small.vm, &end, &err))
		failed = &err;
	pthread_join(stopper, NULL);
	echo_fini(&echo);
	printf("%u errors, %lu exits, %s\n", echo_errors(&echo), (unsigned long)echo_count(&echo),
	       end.reason);
	return failed || echo_errors(&echo) || !echo_count(&echo) ? 1 : 0;
}
