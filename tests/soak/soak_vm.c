/*
 * The long run of VM life: lives of a VM in one process, pauses at random points, many vCPUs.
 * Usage: soak_vm [LIVES [PAUSES [VCPUS]]], by default 10000, 1000 and 300.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/kvm/barrier.h"
#include "tests/kvm/cycles.h"
#include "tests/kvm/echo_guest.h"

static int soak_lives(unsigned int times)
{
	struct cycles_growth growth = { 0 };
	struct err err = { 0 };

	if (cycles_run(times, &growth, &err)) {
		puts(err.text);
		return 1;
	}
	printf("%u lives: %+d descriptors, %+d threads, %+ld KiB resident\n", times, growth.fds,
	       growth.threads, growth.rss_kib);
	return growth.fds || growth.threads || growth.rss_kib > 1024;
}

static int soak_echo(unsigned int nr_vcpus, unsigned int pauses)
{
	static struct echo_guest echo;
	struct err err = { 0 };
	unsigned int wrong;

	if (echo_init(&echo, nr_vcpus, &err) || vm_start(&echo.small.vm, &err)) {
		puts(err.text);
		echo_fini(&echo);
		return 1;
	}
	wrong = echo_pause_often(&echo, pauses, (unsigned int)getpid());
	echo_fini(&echo);
	wrong += echo_errors(&echo);
	printf("%u vCPUs, %u pauses: %lu exits checked, %u wrong\n", nr_vcpus, pauses,
	       (unsigned long)echo_count(&echo), wrong);
	return wrong != 0;
}

static int soak_vcpus(unsigned int nr)
{
	struct err err = { 0 };
	int ret = barrier_run(nr, &err);

	printf("%u vCPUs at the same time: %s\n", nr, ret ? err.text : "each ran");
	return ret != 0;
}

static unsigned int argument(int argc, char **argv, int index, unsigned int standard)
{
	return argc > index ? (unsigned int)strtoul(argv[index], NULL, 10) : standard;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (!small_have_kvm()) {
		puts("/dev/kvm cannot be opened");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	failed |= soak_vcpus(argument(argc, argv, 3, 300));
	failed |= soak_echo(3, argument(argc, argv, 2, 1000));
	failed |= soak_lives(argument(argc, argv, 1, 10000));
	puts(failed ? "FAILED" : "passed");
	return failed;
}
