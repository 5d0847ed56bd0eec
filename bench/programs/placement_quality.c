/*
 * How good placements are: published matrices, known traffic, free and half taken hosts, against
 * proven optima and long searches, beside the rules of others. Usage: placement_quality
 * FOLDER-OF-CSV SCRATCH
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "affinity/place.h"
#include "base/alloc.h"
#include "bench/placement/oracle.h"
#include "bench/placement/peers.h"
#include "bench/placement/scotch.h"
#include "bench/placement/workloads.h"

#define VCPUS_MAX    32u
#define METHODS_MAX  10u
#define TEN_MS	     (10 * PLACE_STEPS_PER_MS)
#define LONG_STEPS   (60 * PLACE_STEPS_PER_MS)
#define ORACLE_NODES 60000ul
#define SAMPLE_CV    0.03 /* of a cell between two measurements; assumed, see docs/performance.md */

struct tally {
	double log_sum, worst;
	unsigned int nr, equal;
};

static void tally_add(struct tally *tally, double ratio)
{
	tally->log_sum += log(ratio);
	tally->worst = fmax(tally->worst, ratio);
	tally->equal += ratio < 1 + 1e-6;
	tally->nr++;
}

static double geo(const struct tally *tally)
{
	return tally->nr ? exp(tally->log_sum / tally->nr) : NAN;
}

struct instance {
	const struct bench_host *host;
	const bool *free;
	const char *scratch; /* a folder for the files of other programs */
	unsigned int n;
	double lines[VCPUS_MAX * VCPUS_MAX];
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* core[] by the engine; latency NULL: by the map alone. Returns ms of CPU time, negative: unplaced.
 */
static double situ(const struct instance *in, const struct latency *latency, unsigned long steps,
		   unsigned int *core)
{
	struct place_holder taken = { .name = "others" };
	struct place_vm vm = { .name = "vm", .nr_vcpus = in->n, .misses_per_s = 1e-6 };
	struct place_request request = {
		.topo = &in->host->topo, .latency = latency, .vms = &vm, .nr_vms = 1, .steps = steps
	};
	struct place_plan plan;
	struct err err;
	double ms;

	for (unsigned int c = 0; c < in->host->nr_cores; c++)
		if (!in->free[c])
			cpuset_or(&taken.cpus, &in->host->topo.cores[c].cpus);
	vm.traffic = (struct place_traffic){ PLACE_TRAFFIC_MATRIX, in->lines, 0 };
	request.host.holders = &taken;
	request.host.nr_holders = 1;
	ms = now_ms();
	if (place(&plan, &request, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	ms = now_ms() - ms;
	for (unsigned int i = 0; i < plan.vms[0].nr_vcpus; i++)
		core[i] = topology_cpu(&in->host->topo, plan.vms[0].vcpus[i].cpu)->core;
	if (!plan.vms[0].placed)
		ms = -1;
	place_plan_fini(&plan);
	cpuset_fini(&taken.cpus);
	return ms;
}

static double oracle(const struct instance *in, double to_beat, bool *proven)
{
	unsigned int nr = 0;
	AUTO_FREE unsigned int *place_core = alloc_zeroed(in->host->nr_cores, sizeof(*place_core));
	AUTO_FREE double *ns = NULL;
	struct oracle oracle = { .n = in->n, .lines = in->lines, .nodes = ORACLE_NODES };

	for (unsigned int c = 0; c < in->host->nr_cores; c++)
		if (in->free[c])
			place_core[nr++] = c;
	ns = alloc_zeroed((size_t)nr * nr, sizeof(*ns));
	for (unsigned int a = 0; a < nr; a++)
		for (unsigned int b = 0; b < nr; b++)
			ns[a * nr + b] = a == b ? 0
						: in->host->ns[place_core[a] * in->host->nr_cores +
							       place_core[b]];
	oracle.nr_places = nr;
	oracle.ns = ns;
	oracle.cost = to_beat * (1 + 1e-9);
	oracle_solve(&oracle);
	*proven = oracle.proven;
	return oracle.cost;
}

/* All lines of the tables: [vendor][load] for the methods, and what is told apart. */
enum { BY_MATRIX, BY_MAP, SCOTCH, DISTRIB, PEERS };
struct results {
	struct tally method[2][2][METHODS_MAX]; /* AMD or Intel, free or half */
	struct tally far[METHODS_MAX]; /* hosts with the home-node effect */
	struct tally small, half, medians, map_measured, sample;
	struct tally peer_all[METHODS_MAX];
	unsigned int proven, tried;
	double ms[4096];
	unsigned int nr_ms;
};

static double cost_of(const struct instance *in, const unsigned int *core)
{
	return bench_cost(in->host, &in->host->latency, in->n, in->lines, core);
}

/* Optimum of the host's own class medians, and what the map alone reaches of it. */
static void weigh_medians(struct results *results, const struct instance *in,
			  const unsigned int *by_map)
{
	struct latency medians;
	unsigned int core[VCPUS_MAX];
	double best, mine;

	bench_host_medians(in->host, &medians);
	situ(in, &medians, TEN_MS, core);
	best = bench_cost(in->host, &medians, in->n, in->lines, core);
	mine = bench_cost(in->host, &medians, in->n, in->lines, by_map);
	tally_add(&results->medians, mine / fmin(best, mine));
	latency_fini(&medians);
}

/* Placed by one measurement, judged by another. */
static void weigh_sample(struct results *results, const struct instance *in)
{
	struct latency a, b;
	unsigned int core_a[VCPUS_MAX], core_b[VCPUS_MAX];

	bench_host_sample(in->host, SAMPLE_CV, in->n, &a);
	bench_host_sample(in->host, SAMPLE_CV, in->n + 1000, &b);
	situ(in, &a, TEN_MS, core_a);
	situ(in, &b, TEN_MS, core_b);
	tally_add(&results->sample, bench_cost(in->host, &b, in->n, in->lines, core_a) /
					    bench_cost(in->host, &b, in->n, in->lines, core_b));
	latency_fini(&a);
	latency_fini(&b);
}

/* BY_MATRIX and BY_MAP are chosen already. */
static bool choose(const struct instance *in, unsigned int m, unsigned int *core)
{
	if (m == SCOTCH)
		return run_scotch(in->host, in->free, in->n, in->lines, in->scratch, core);
	if (m == DISTRIB)
		return run_hwloc_distrib(in->host, in->free, in->n, core);
	return m < PEERS || peers[m - PEERS].choose(in->host, in->free, in->n, core);
}

static void weigh(struct results *results, const struct instance *in, bool half)
{
	unsigned int core[METHODS_MAX][VCPUS_MAX], by_long[VCPUS_MAX];
	double cost[METHODS_MAX], best;
	bool proven = false;

	results->ms[results->nr_ms++] = situ(in, &in->host->latency, TEN_MS, core[BY_MATRIX]);
	situ(in, NULL, TEN_MS, core[BY_MAP]);
	situ(in, &in->host->latency, LONG_STEPS, by_long);
	best = cost_of(in, by_long);
	for (unsigned int m = 0; m < PEERS + nr_peers; m++) {
		cost[m] = INFINITY;
		if (choose(in, m, core[m]))
			cost[m] = cost_of(in, core[m]);
		best = fmin(best, cost[m]);
	}
	if (in->n <= 8) {
		best = fmin(best, oracle(in, best, &proven));
		results->tried++;
		results->proven += proven;
	}
	if (in->n <= 8)
		tally_add(&results->small, cost[BY_MATRIX] / best);
	if (half)
		tally_add(&results->half, cost[BY_MATRIX] / best);
	if (!in->host->home_effect)
		tally_add(&results->map_measured, cost[BY_MAP] / best);
	for (unsigned int m = 0; m < PEERS + nr_peers; m++)
		if (!isinf(cost[m])) {
			struct tally *to = in->host->home_effect
						   ? &results->far[m]
						   : &results->method[!in->host->amd][half][m];

			tally_add(to, cost[m] / best);
			tally_add(&results->peer_all[m], cost[m] / best);
		}
	weigh_medians(results, in, core[BY_MAP]);
	if (half && (in->n == 8 || in->n == 32))
		weigh_sample(results, in);
}

static void take_half(const struct bench_host *host, bool *free, unsigned int seed)
{
	unsigned int left = host->nr_cores / 2;

	while (left) {
		unsigned int c = (unsigned int)rand_r(&seed) % host->nr_cores;

		left -= free[c];
		free[c] = false;
	}
}

static void weigh_host(struct results *results, const struct bench_host *host, const char *scratch)
{
	AUTO_FREE bool *free = alloc_zeroed(host->nr_cores, sizeof(*free));

	for (int half = 0; half <= 1; half++)
		for (unsigned int n = 4; n <= VCPUS_MAX; n *= 2)
			for (int workload = 0; workload < NR_WORKLOADS; workload++) {
				struct instance in = {
					.host = host, .free = free, .scratch = scratch, .n = n
				};
				unsigned int left = 0;

				memset(free, 1, host->nr_cores);
				if (half)
					take_half(host, free, n * 31 + (unsigned int)workload);
				for (unsigned int c = 0; c < host->nr_cores; c++)
					left += free[c];
				if (left < n)
					continue;
				workload_fill((enum workload)workload, n, in.lines);
				weigh(results, &in, half);
			}
}

static const char *method_name(unsigned int m)
{
	static const char *const names[] = { "situ, measured matrix, 10 ms", "situ, topology alone",
					     "Scotch 7 (scotch_gmap)", "hwloc-distrib 2.9" };

	return m < PEERS ? names[m] : peers[m - PEERS].name;
}

static void print_cell(const struct tally *tally)
{
	if (tally->nr)
		printf(" %.3f, %.2f |", geo(tally), tally->worst);
	else
		printf(" - |");
}

static void print_refusals(const struct results *r)
{
	for (unsigned int m = 0; m < PEERS + nr_peers; m++)
		if (r->peer_all[m].nr < r->nr_ms)
			printf("\n%s gave no valid placement in %u of %u cases\n", method_name(m),
			       r->nr_ms - r->peer_all[m].nr, r->nr_ms);
}

static int by_ms(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_results(struct results *r)
{
	printf("T1 on the measured matrix / best known: geometric mean, worst\n\n");
	printf("| method | AMD free | AMD half taken | Intel free | Intel half taken | "
	       "home effect (7742) |\n|---|---|---|---|---|---|\n");
	for (unsigned int m = 0; m < PEERS + nr_peers; m++) {
		printf("| %s |", method_name(m));
		for (int i = 0; i < 4; i++)
			print_cell(&r->method[i / 2][i % 2][m]);
		print_cell(&r->far[m]);
		printf("\n");
	}
	print_refusals(r);
	qsort(r->ms, r->nr_ms, sizeof(*r->ms), by_ms);
	printf("\nn <= 8, measured matrix: %u of %u equal the best known, worst %.4f; %u of %u "
	       "proven "
	       "by the oracle\n",
	       r->small.equal, r->small.nr, r->small.worst, r->proven, r->tried);
	printf("n <= 32, half taken, measured matrix: geometric mean %.4f, worst %.4f\n",
	       geo(&r->half), r->half.worst);
	printf("second sample (cv %.2f), half taken, n 8 and 32: regret mean %.4f, worst %.4f\n",
	       SAMPLE_CV, geo(&r->sample), r->sample.worst);
	printf("topology alone, on the host's class medians: mean %.4f, worst %.4f\n",
	       geo(&r->medians), r->medians.worst);
	printf("topology alone, measured, without the home effect: mean %.4f, worst %.4f\n",
	       geo(&r->map_measured), r->map_measured.worst);
	printf("place() with the 10 ms budget, CPU time: median %.1f ms, p99 %.1f ms\n",
	       r->ms[r->nr_ms / 2], r->ms[r->nr_ms * 99 / 100]);
}

int main(int argc, char **argv)
{
	struct results *results = alloc_zeroed(1, sizeof(*results));
	unsigned int nr = 0;

	for (unsigned int i = 0; i < bench_nr_hosts && argc > 2; i++) {
		struct bench_host host;

		if (bench_host_load(&host, i, argv[1]))
			continue;
		fprintf(stderr, "%s: %u cores, %u L3s\n", host.name, host.nr_cores,
			host.topo.nr_caches);
		weigh_host(results, &host, argv[2]);
		bench_host_fini(&host);
		nr++;
	}
	if (!nr) {
		fprintf(stderr, "placement: no matrix found; usage: placement_quality "
				"FOLDER-OF-CSV SCRATCH\n");
		return 2;
	}
	print_results(results);
	free(results);
	return 0;
}
