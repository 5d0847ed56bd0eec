#include "bench/placement/bench_host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* far: the file shows the home-node effect (docs/performance.md reports such hosts apart). */
static const struct {
	const char *file;
	unsigned int sockets;
	double l3_below; /* 0: an L3 per socket */
	bool amd, far;
} known[] = {
	{ "1s-epyc-7773x", 1, 60, true, false },
	{ "1s-threadripper-1950x", 1, 60, true, false },
	{ "2s-epyc-7713", 2, 80, true, false },
	{ "2s-epyc-7742", 2, 60, true, true },
	{ "2s-xeon-4114", 2, 0, false, false },
	{ "2s-xeon-6242", 2, 0, false, false },
	{ "2s-xeon-6336y", 2, 0, false, false },
	{ "2s-xeon-8375c", 2, 0, false, false },
	{ "2s-xeon-e5-2630v4", 2, 0, false, false },
	{ "2s-xeon-e5-2695v4", 2, 0, false, false },
};
const unsigned int bench_nr_hosts = sizeof(known) / sizeof(*known);

#define SIBLING_BELOW 20.0 /* ns: two threads of one core; the published cells are 5 to 13 */

static double cell(const struct bench_host *host, unsigned int a, unsigned int b)
{
	return latency_c2c_ns(&host->latency, a, b, -1);
}

/* The CPU with the lowest number on the same core. */
static unsigned int core_head(const struct bench_host *host, unsigned int cpu)
{
	for (unsigned int other = 0; other < cpu; other++)
		if (cell(host, cpu, other) < SIBLING_BELOW)
			return other;
	return cpu;
}

static void add_core(struct bench_host *host, unsigned int head)
{
	struct topology *topo = &host->topo;
	struct topo_core *core = &topo->cores[topo->nr_cores];

	core->os = topo->nr_cores;
	for (unsigned int cpu = head; cpu < host->latency.nr_cpus; cpu++) {
		struct topo_cpu *at;

		if (core_head(host, cpu) != head)
			continue;
		at = &topo->cpus[topo->nr_cpus++];
		*at = (struct topo_cpu){ .os = cpu,
					 .core = topo->nr_cores,
					 .die = -1,
					 .l1d = -1,
					 .l2 = -1,
					 .l3 = -1,
					 .smt = cpuset_count(&core->cpus),
					 .kind = -1,
					 .capacity = 1024 };
		cpuset_add(&core->cpus, cpu);
	}
	topo->nr_cores++;
}

static void join_domains(struct bench_host *host)
{
	struct topology *topo = &host->topo;

	for (unsigned int i = 0; i < topo->nr_cpus; i++) {
		struct topo_cpu *cpu = &topo->cpus[i];
		struct topo_core *core = &topo->cores[cpu->core];

		cpu->package = (int)(cpu->core * host->sockets / host->nr_cores);
		cpu->node = cpu->package;
		core->package = core->node = cpu->package;
		core->die = -1;
		for (unsigned int j = 0; j < i && cpu->l3 < 0; j++) {
			const struct topo_cpu *other = &topo->cpus[j];
			double ns = host->ns[cpu->core * host->nr_cores + other->core];

			if (other->package == cpu->package &&
			    (host->l3_below <= 0 || ns < host->l3_below))
				cpu->l3 = other->l3;
		}
		if (cpu->l3 < 0) {
			topo->caches[topo->nr_caches] =
				(struct topo_cache){ .level = 3, .size = 32u << 20 };
			cpu->l3 = (int)topo->nr_caches++;
		}
		cpuset_add(&topo->caches[cpu->l3].cpus, cpu->os);
		cpuset_add(&topo->nodes[cpu->node].cpus, cpu->os);
		cpuset_add(&topo->packages[cpu->package].cpus, cpu->os);
		cpuset_add(&topo->allowed, cpu->os);
	}
}

static void build_map(struct bench_host *host)
{
	struct topology *topo = &host->topo;
	unsigned int nr = host->latency.nr_cpus;

	topo->source = alloc_string(host->name);
	topo->cpus = alloc_zeroed(nr, sizeof(*topo->cpus));
	topo->cores = alloc_zeroed(nr, sizeof(*topo->cores));
	topo->caches = alloc_zeroed(nr, sizeof(*topo->caches));
	topo->nodes = alloc_zeroed(host->sockets, sizeof(*topo->nodes));
	topo->packages = alloc_zeroed(host->sockets, sizeof(*topo->packages));
	topo->nr_nodes = topo->nr_packages = host->sockets;
	for (unsigned int i = 0; i < host->sockets; i++) {
		topo->nodes[i].os = topo->packages[i].os = i;
		topo->nodes[i].package = (int)i;
		topo->packages[i].model = alloc_string(host->amd ? "AMD EPYC" : "Intel Xeon");
	}
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		if (core_head(host, cpu) == cpu)
			add_core(host, cpu);
	host->nr_cores = topo->nr_cores;
	host->ns = alloc_zeroed((size_t)host->nr_cores * host->nr_cores, sizeof(*host->ns));
	for (unsigned int a = 0; a < host->nr_cores; a++)
		for (unsigned int b = 0; b < host->nr_cores; b++)
			host->ns[a * host->nr_cores + b] =
				cell(host, (unsigned int)cpuset_next(&topo->cores[a].cpus, 0),
				     (unsigned int)cpuset_next(&topo->cores[b].cpus, 0));
	join_domains(host);
	for (unsigned int i = 0; i < host->sockets; i++)
		cpuset_copy(&topo->nodes[i].near_cpus, &topo->nodes[i].cpus);
	topology_index(topo);
}

int bench_host_load(struct bench_host *host, unsigned int which, const char *dir)
{
	AUTO_FREE char *path = alloc_printf("%s/%s.csv", dir, known[which].file);
	struct err err;

	memset(host, 0, sizeof(*host));
	host->name = known[which].file;
	host->sockets = known[which].sockets;
	host->l3_below = known[which].l3_below;
	host->amd = known[which].amd;
	host->home_effect = known[which].far;
	if (latency_load(&host->latency, path, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	build_map(host);
	return 0;
}

void bench_host_fini(struct bench_host *host)
{
	topology_fini(&host->topo);
	latency_fini(&host->latency);
	free(host->ns);
}

static void like(const struct bench_host *host, struct latency *latency)
{
	size_t nr = (size_t)host->latency.nr_cpus * host->latency.nr_cpus;

	*latency = (struct latency){ .nr_cpus = host->latency.nr_cpus };
	latency->c2c_ns = alloc_zeroed(nr, sizeof(float));
	memcpy(latency->c2c_ns, host->latency.c2c_ns, nr * sizeof(float));
}

static unsigned int class_of(const struct topology *topo, unsigned int a, unsigned int b)
{
	const struct topo_cpu *x = &topo->cpus[a], *y = &topo->cpus[b];

	if (x->core == y->core)
		return 0;
	return x->l3 == y->l3 ? 1 : x->package == y->package ? 2 : 3;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

void bench_host_medians(const struct bench_host *host, struct latency *latency)
{
	const struct topology *topo = &host->topo;
	size_t nr = host->latency.nr_cpus;
	AUTO_FREE float *values = alloc_zeroed(nr * nr, sizeof(*values));

	like(host, latency);
	for (unsigned int class = 0; class < 4; class ++) {
		size_t found = 0;
		float median;

		for (unsigned int a = 0; a < topo->nr_cpus; a++)
			for (unsigned int b = 0; b < a; b++)
				if (class_of(topo, a, b) == class)
					values[found++] = (float)cell(host, topo->cpus[a].os,
								      topo->cpus[b].os);
		qsort(values, found, sizeof(*values), by_value);
		median = found ? values[found / 2] : 0;
		for (unsigned int a = 0; a < topo->nr_cpus; a++)
			for (unsigned int b = 0; b < topo->nr_cpus; b++)
				if (a != b && class_of(topo, a, b) == class)
					latency->c2c_ns[topo->cpus[a].os * nr + topo->cpus[b].os] =
						median;
	}
}

void bench_host_sample(const struct bench_host *host, double cv, unsigned int seed,
		       struct latency *latency)
{
	size_t nr = host->latency.nr_cpus;

	like(host, latency);
	for (size_t a = 0; a < nr; a++)
		for (size_t b = 0; b < a; b++) {
			double u = (rand_r(&seed) + 1.0) / (RAND_MAX + 2.0);
			double v = (rand_r(&seed) + 1.0) / (RAND_MAX + 2.0);
			double normal = sqrt(-2 * log(u)) * cos(2 * M_PI * v);
			float *ns = &latency->c2c_ns[a * nr + b];

			*ns *= (float)exp(cv * normal);
			latency->c2c_ns[b * nr + a] = *ns;
		}
}

double bench_cost(const struct bench_host *host, const struct latency *latency, unsigned int n,
		  const double *lines, const unsigned int *core)
{
	const struct topo_core *cores = host->topo.cores;
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			if (lines[i * n + j] > 0)
				sum += lines[i * n + j] *
				       latency_c2c_ns(
					       latency,
					       (unsigned int)cpuset_next(&cores[core[i]].cpus, 0),
					       (unsigned int)cpuset_next(&cores[core[j]].cpus, 0),
					       -1);
	return sum;
}
