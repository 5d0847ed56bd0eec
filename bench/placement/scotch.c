#include "bench/placement/scotch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

/* The source graph: vertices are vCPUs, edge weights thousands of lines per second. */
static void write_graph(FILE *file, unsigned int n, const double *lines)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < n * n; i++)
		nr += lines[i] > 0;
	fprintf(file, "0\n%u %u\n0 010\n", n, nr);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int degree = 0;

		for (unsigned int j = 0; j < n; j++)
			degree += lines[i * n + j] > 0;
		fprintf(file, "%u", degree);
		for (unsigned int j = 0; j < n; j++)
			if (lines[i * n + j] > 0)
				fprintf(file, " %u %u", 1 + (unsigned int)(lines[i * n + j] / 1000),
					j);
		fprintf(file, "\n");
	}
}

static bool regular(const struct bench_host *host)
{
	return host->topo.nr_caches % host->sockets == 0 &&
	       host->nr_cores % host->topo.nr_caches == 0;
}

/* A tree of sockets, L3s and cores, of which only the free ones may be used. */
static void write_target(FILE *file, const struct bench_host *host, const bool *open)
{
	unsigned int l3s = host->topo.nr_caches / host->sockets, nr = 0;
	unsigned int cores = host->nr_cores / host->topo.nr_caches;
	const double *ns = host->topo.nr_caches > host->sockets ? (double[]){ 230, 108, 27 }
								: (double[]){ 118, 50, 46 };

	for (unsigned int c = 0; c < host->nr_cores; c++)
		nr += open[c];
	fprintf(file, "sub %u", nr);
	for (unsigned int c = 0; c < host->nr_cores; c++)
		if (open[c])
			fprintf(file, " %u", c);
	if (l3s == 1) /* a level with one child is no tree leaf to Scotch */
		fprintf(file, " tleaf 2 %u %.0f %u %.0f\n", host->sockets, ns[0], cores, ns[2]);
	else
		fprintf(file, " tleaf 3 %u %.0f %u %.0f %u %.0f\n", host->sockets, ns[0], l3s,
			ns[1], cores, ns[2]);
}

static bool write_files(const struct bench_host *host, const bool *open, unsigned int n,
			const double *lines, const char *dir)
{
	AUTO_FREE char *graph = alloc_printf("%s/graph.grf", dir);
	AUTO_FREE char *target = alloc_printf("%s/target.tgt", dir);
	FILE *file = fopen(graph, "we");

	if (!file)
		return false;
	write_graph(file, n, lines);
	(void)fclose(file);
	file = fopen(target, "we");
	if (!file)
		return false;
	write_target(file, host, open);
	(void)fclose(file);
	return true;
}

/* Two vCPUs on one core are a refusal: the mapper balances, it does not promise. */
static bool read_map(const char *path, const struct bench_host *host, const bool *open,
		     unsigned int n, unsigned int *core)
{
	AUTO_FREE bool *used = alloc_zeroed(host->nr_cores, sizeof(*used));
	FILE *file = fopen(path, "re");
	unsigned int nr = 0, vertex, part;
	bool ok = file && fscanf(file, "%u", &nr) == 1 && nr == n;

	for (unsigned int i = 0; ok && i < n; i++) {
		unsigned int at = 0;

		ok = fscanf(file, "%u %u", &vertex, &part) == 2 && vertex < n;
		for (unsigned int c = 0; ok && c < host->nr_cores; c++)
			if (open[c] && part-- == 0)
				at = c;
		ok = ok && !used[at];
		if (ok)
			core[vertex] = at;
		used[at] = true;
	}
	if (file)
		(void)fclose(file);
	return ok;
}

bool run_scotch(const struct bench_host *host, const bool *open, unsigned int n,
		const double *lines, const char *dir, unsigned int *core)
{
	AUTO_FREE char *command = alloc_printf("scotch_gmap %s/graph.grf %s/target.tgt %s/out.map "
					       ">/dev/null 2>&1",
					       dir, dir, dir);
	AUTO_FREE char *map = alloc_printf("%s/out.map", dir);

	(void)remove(map);
	if (!regular(host) || !write_files(host, open, n, lines, dir))
		return false;
	if (system(command)) /* NOLINT: a benchmark runs another program */
		return false;
	return read_map(map, host, open, n, core);
}

static char *restrict_mask(const struct bench_host *host, const bool *open)
{
	unsigned int words = (host->nr_cores + 31) / 32;
	char *text = alloc_string("");

	for (unsigned int w = words; w-- > 0;) {
		unsigned int bits = 0;
		char *longer;

		for (unsigned int b = 0; b < 32 && w * 32 + b < host->nr_cores; b++)
			bits |= (unsigned int)open[w * 32 + b] << b;
		longer = alloc_printf("%s%s0x%08x", text, w + 1 < words ? "," : "", bits);
		free(text);
		text = longer;
	}
	return text;
}

/* One CPU per core, so that its logical order is the order of cores. */
bool run_hwloc_distrib(const struct bench_host *host, const bool *open, unsigned int n,
		       unsigned int *core)
{
	AUTO_FREE char *mask = restrict_mask(host, open);
	AUTO_FREE char *command = alloc_printf(
		"hwloc-distrib -i 'package:%u l3:%u core:%u pu:1' --restrict %s --single --taskset "
		"%u 2>/dev/null",
		host->sockets, host->topo.nr_caches / host->sockets,
		host->nr_cores / host->topo.nr_caches, mask, n);
	FILE *pipe = regular(host) ? popen(command, "re") : NULL; /* NOLINT: another program */
	char word[256];
	unsigned int nr = 0;

	while (pipe && nr < n && fscanf(pipe, "%255s", word) == 1) {
		unsigned int digit = 0;
		size_t len = 0;

		while (word[len])
			len++;
		for (size_t i = len; i-- > 2; digit++) {
			unsigned int value =
				(unsigned int)(word[i] <= '9' ? word[i] - '0' : word[i] - 'a' + 10);

			if (value)
				core[nr] = digit * 4 + (unsigned int)__builtin_ctz(value);
		}
		nr++;
	}
	if (pipe)
		(void)pclose(pipe);
	return nr == n;
}
