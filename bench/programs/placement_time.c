/* How long place() takes on large hosts, and how much memory it needs. Usage: placement_time */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "affinity/place.h"
#include "base/size.h"

#define RUNS 100u

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int by_ms(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One VM on a host on which a quarter of the CPUs is taken, in a different way each run. */
static double run_once(const struct topology *topo, unsigned int nr_vcpus,
		       enum place_pattern pattern, unsigned int seed)
{
	struct place_holder taken = { .name = "others" };
	struct place_vm vm = { .name = "vm",
			       .nr_vcpus = nr_vcpus,
			       .memory = (uint64_t)nr_vcpus * GIB,
			       .traffic = { .pattern = pattern },
			       .nr_io_threads = 2,
			       .nr_emulator_threads = 1 };
	struct place_request request = { .topo = topo, .vms = &vm, .nr_vms = 1 };
	struct place_plan plan;
	struct err err;
	double ms;

	for (unsigned int core = 0; core < topo->nr_cores; core++)
		if (rand_r(&seed) / 16 % 4 == 0)
			cpuset_or(&taken.cpus, &topo->cores[core].cpus);
	request.host.holders = &taken;
	request.host.nr_holders = 1;
	ms = now_ms();
	if (place(&plan, &request, &err) || !plan.vms[0].placed) {
		fprintf(stderr, "placement_time: not placed\n");
		exit(1);
	}
	ms = now_ms() - ms;
	place_plan_fini(&plan);
	cpuset_fini(&taken.cpus);
	return ms;
}

static void line(const char *host, unsigned int nr_vcpus, enum place_pattern pattern)
{
	struct topology topo;
	struct rusage usage;
	struct err err;
	double ms[RUNS];

	if (topology_load(&topo, host, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	for (unsigned int i = 0; i < RUNS; i++)
		ms[i] = run_once(&topo, nr_vcpus, pattern, i + 1);
	qsort(ms, RUNS, sizeof(*ms), by_ms);
	getrusage(RUSAGE_SELF, &usage);
	printf("| %u | %u | %s | %.2f | %.2f | %ld |\n", topo.nr_cpus, nr_vcpus,
	       place_pattern_names[pattern], ms[RUNS / 2], ms[RUNS - 2], usage.ru_maxrss / 1024);
	topology_fini(&topo);
}

int main(void)
{
	static const char eight[] = "synthetic:package:8 [numa] l3:8 core:8 pu:2";
	static const char huge[] = "synthetic:package:16 [numa] l3:16 core:8 pu:2";

	topology_setup();
	printf("| CPUs | vCPUs | traffic | median ms | p99 ms | process MiB |\n");
	printf("|---|---|---|---|---|---|\n");
	line(eight, 32, PLACE_TRAFFIC_NONE);
	line(eight, 32, PLACE_TRAFFIC_RING);
	line("synthetic:package:8 [numa] l3:1 core:64 pu:2", 32, PLACE_TRAFFIC_NONE);
	line(eight, 256, PLACE_TRAFFIC_NONE);
	line(eight, 256, PLACE_TRAFFIC_RING);
	line(huge, 32, PLACE_TRAFFIC_NONE);
	line(huge, 256, PLACE_TRAFFIC_NONE);
	return 0;
}
