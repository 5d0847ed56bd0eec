#include "cli/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/host_key.h"
#include "affinity/host_latency.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "bench/calibration.h"
#include "bench/stats.h"
#include "cli/progress.h"

struct bars {
	struct progress bar;
	const char *stage;
};

static void draw(const char *what, unsigned long done, unsigned long total, void *arg)
{
	struct bars *bars = arg;

	if (bars->stage != what) {
		progress_fini(&bars->bar);
		progress_init(&bars->bar, what);
		bars->stage = what;
	}
	progress_update(&bars->bar, done, total);
}

/* Medians over all measured pairs of one relation: the line at home with one of the two, or not. */
struct relation_summary {
	unsigned int nr[2];
	double *ns[2];
};

static void collect(const struct calibration *calibration, const struct topology *topo,
		    unsigned int home, struct relation_summary summaries[NR_RELATIONS])
{
	size_t nr = calibration->nr_cpus;

	for (unsigned int a = 0; a < nr; a++) {
		for (unsigned int b = a + 1; b < nr; b++) {
			double ns = calibration->c2c_ns[((size_t)home * nr + a) * nr + b];
			bool far =
				topo->cpus[a].node != (int)home && topo->cpus[b].node != (int)home;
			struct relation_summary *summary =
				&summaries[topology_relation(topo, a, b)];

			if (!isnan(ns))
				summary->ns[far][summary->nr[far]++] = ns;
		}
	}
}

static void print_cell(const double *ns, unsigned int nr)
{
	struct stats stats;

	stats_of(ns, nr, &stats);
	if (nr)
		printf("  %8.1f (%.1f to %.1f, %u)", stats.median, stats.min, stats.max, nr);
	else
		printf("  %8s", "-");
}

static void print_lines(const struct calibration *calibration, const struct topology *topo)
{
	struct relation_summary summaries[NR_RELATIONS] = { 0 };
	size_t most = (size_t)calibration->nr_cpus * calibration->nr_cpus / 2 * topo->nr_nodes + 1;

	for (int i = 0; i < NR_RELATIONS; i++)
		for (int far = 0; far < 2; far++)
			summaries[i].ns[far] = alloc_zeroed(most, sizeof(double));
	for (unsigned int home = 0; home < topo->nr_nodes; home++)
		collect(calibration, topo, home, summaries);
	printf("cache lines between CPUs, one way, ns: median (least to most, measurements)\n"
	       "  sharing      line at home with one of the two     line on another node\n");
	for (int i = 0; i < NR_RELATIONS; i++) {
		if (summaries[i].nr[0] + summaries[i].nr[1]) {
			printf("  %-10s", cpu_relation_names[i]);
			print_cell(summaries[i].ns[0], summaries[i].nr[0]);
			print_cell(summaries[i].ns[1], summaries[i].nr[1]);
			putchar('\n');
		}
		free(summaries[i].ns[0]);
		free(summaries[i].ns[1]);
	}
}

static void print_matrix(const char *title, const double *cells, const struct topology *topo)
{
	printf("%s\n  from \\ to", title);
	for (unsigned int to = 0; to < topo->nr_nodes; to++)
		printf("  node %-4u", topo->nodes[to].os);
	putchar('\n');
	for (unsigned int from = 0; from < topo->nr_nodes; from++) {
		if (cpuset_empty(&topo->nodes[from].cpus))
			continue;
		printf("  node %-4u", topo->nodes[from].os);
		for (unsigned int to = 0; to < topo->nr_nodes; to++) {
			double value = cells[(size_t)from * topo->nr_nodes + to];

			if (isnan(value))
				printf("  %9s", "-");
			else
				printf("  %9.1f", value);
		}
		putchar('\n');
	}
}

static void print_quality(const struct calibration *calibration)
{
	printf("%lu of %lu pairs and homes measured, %lu of them unsteady (quartiles over 10 %% "
	       "apart); %lu samples were disturbed and dropped",
	       calibration->nr_steps, calibration->nr_possible, calibration->nr_unsteady,
	       calibration->nr_disturbed);
	if (calibration->nr_failed)
		printf("; %lu figures are unknown, because every sample was disturbed",
		       calibration->nr_failed);
	putchar('\n');
	if (calibration->simulated)
		printf("These CPUs are simulated: the figures say nothing of any hardware.\n");
	else if (*calibration->hypervisor)
		printf("This host is itself a virtual machine (%s): its CPUs may move.\n",
		       calibration->hypervisor);
}

static void print_summary(const struct calibration *calibration, const struct topology *topo,
			  const char *path)
{
	print_lines(calibration, topo);
	print_matrix("memory, one dependent load, ns", calibration->mem_ns, topo);
	print_matrix("the same while the node's other CPUs read", calibration->mem_loaded_ns, topo);
	print_matrix("memory, all CPUs of the node reading, MB/s", calibration->mem_bw, topo);
	print_quality(calibration);
	printf("written to %s\n", path);
}

static int write_file(const struct calibration *calibration, const struct topology *topo,
		      const char *path, struct err *err)
{
	AUTO_FREE char *key = NULL;
	struct fs_root host;
	int ret = fs_open_host(&host, err);

	if (ret)
		return ret;
	key = host_key_read(&host);
	fs_close(&host);
	return calibration_write(calibration, topo, key, path, err);
}

int measure_host(const struct topology *topo, const char *path, struct err *err)
{
	bool is_own = !strcmp(path, "auto");
	AUTO_FREE char *own = is_own ? host_latency_path(err) : NULL;
	struct calibration calibration = { 0 };
	struct bars bars = { 0 };
	int ret;

	if (is_own && !own)
		return -err->errnum;
	ret = calibration_run(&calibration, topo, &calibration_default_limits, draw, &bars, err);
	progress_fini(&bars.bar);
	if (!ret)
		ret = write_file(&calibration, topo, own ? own : path, err);
	if (!ret)
		print_summary(&calibration, topo, own ? own : path);
	calibration_fini(&calibration);
	return ret;
}
