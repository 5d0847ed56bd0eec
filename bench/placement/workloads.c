#include "bench/placement/workloads.h"

#include <stdlib.h>
#include <string.h>

const char *const workload_names[NR_WORKLOADS] = { "pairs", "far pairs", "pipeline", "ring",
						   "all",   "stencil",	 "sparse" };

static void add(double *lines, unsigned int n, unsigned int a, unsigned int b, double weight)
{
	if (a == b || a >= n || b >= n)
		return;
	lines[a * n + b] = weight;
	lines[b * n + a] = weight;
}

void workload_fill(enum workload workload, unsigned int n, double *lines)
{
	unsigned int width = n < 16 ? 2 : 4, seed = n * 7 + 1;

	memset(lines, 0, (size_t)n * n * sizeof(*lines));
	for (unsigned int i = 0; i < n; i++) {
		if (workload == PAIRS && i % 2 == 0)
			add(lines, n, i, i + 1, 1e6);
		if (workload == FAR_PAIRS && i < n / 2)
			add(lines, n, i, i + n / 2, 1e6);
		if (workload == PIPELINE || workload == RING)
			add(lines, n, i, i + 1, 1e6);
		if (workload == RING && i == 0)
			add(lines, n, 0, n - 1, 1e6);
		for (unsigned int j = 0; workload == ALL && j < i; j++)
			add(lines, n, i, j, 1e6 / (n - 1));
		if (workload == STENCIL) {
			add(lines, n, i, i + width, 1e6);
			if ((i + 1) % width)
				add(lines, n, i, i + 1, 1e6);
		}
		for (unsigned int k = 0; workload == SPARSE && k < 2; k++)
			add(lines, n, i, (unsigned int)rand_r(&seed) % n,
			    1e5 * (1 + rand_r(&seed) % 20));
	}
}
