#include "bench/placement/peers.h"

#include "base/alloc.h"

/* Lowest CPU numbers that are free. */
static bool first_free(const struct bench_host *host, const bool *free, unsigned int n,
		       unsigned int *core)
{
	unsigned int nr = 0;

	for (unsigned int c = 0; c < host->nr_cores && nr < n; c++)
		if (free[c])
			core[nr++] = c;
	return nr == n;
}

/* hwloc-distrib: the vCPUs are divided over the children of each object in proportion to what is
 * free below it, down to cores. */
static void distribute(const struct bench_host *host, const bool *free, unsigned int first,
		       unsigned int last, unsigned int n, unsigned int *core)
{
	unsigned int nr = 0, at = 0;

	for (unsigned int c = first; c < last; c++)
		nr += free[c];
	for (unsigned int c = first, seen = 0; c < last; c++) {
		if (!free[c])
			continue;
		if (at < n && seen == at * nr / n)
			core[at++] = c;
		seen++;
	}
	(void)host;
}

static bool spread(const struct bench_host *host, const bool *free, unsigned int n,
		   unsigned int *core)
{
	unsigned int nr = 0;

	for (unsigned int c = 0; c < host->nr_cores; c++)
		nr += free[c];
	if (nr < n)
		return false;
	distribute(host, free, 0, host->nr_cores, n, core);
	return true;
}

static unsigned int node_of(const struct bench_host *host, unsigned int core)
{
	return (unsigned int)host->topo.cores[core].node;
}

static unsigned int free_on(const struct bench_host *host, const bool *free, unsigned int node)
{
	unsigned int nr = 0;

	for (unsigned int c = 0; c < host->nr_cores; c++)
		nr += free[c] && node_of(host, c) == node;
	return nr;
}

/* OpenStack Nova, one guest NUMA node: the host cells in order of free CPUs, the first that fits,
 * lowest CPUs; the flavour asks for as few cells as will do, each with an equal part. */
static bool nova(const struct bench_host *host, const bool *free, unsigned int n,
		 unsigned int *core)
{
	unsigned int nodes = host->sockets;

	for (unsigned int cells = 1; cells <= nodes; cells++) {
		unsigned int placed = 0;
		AUTO_FREE bool *used = alloc_zeroed(nodes, sizeof(*used));

		for (unsigned int cell = 0; cell < cells; cell++) {
			unsigned int want = n / cells + (cell < n % cells), best = nodes, most = 0;

			for (unsigned int node = 0; node < nodes; node++) {
				unsigned int room = free_on(host, free, node);

				if (!used[node] && room >= want && (best == nodes || room > most)) {
					best = node;
					most = room;
				}
			}
			if (best == nodes)
				break;
			used[best] = true;
			for (unsigned int c = 0; c < host->nr_cores && want; c++)
				if (free[c] && node_of(host, c) == best) {
					core[placed++] = c;
					want--;
				}
		}
		if (placed == n)
			return true;
	}
	return false;
}

static unsigned int l3_of(const struct bench_host *host, unsigned int core)
{
	const struct topo_core *at = &host->topo.cores[core];

	return (unsigned int)topology_cpu(&host->topo, (unsigned int)cpuset_next(&at->cpus, 0))->l3;
}

static bool whole(const struct bench_host *host, const bool *free, unsigned int l3)
{
	for (unsigned int c = 0; c < host->nr_cores; c++)
		if (l3_of(host, c) == l3 && !free[c])
			return false;
	return true;
}

static unsigned int l3_size(const struct bench_host *host, unsigned int l3)
{
	unsigned int nr = 0;

	for (unsigned int c = 0; c < host->nr_cores; c++)
		nr += l3_of(host, c) == l3;
	return nr;
}

static unsigned int take_l3(const struct bench_host *host, bool *left, unsigned int l3,
			    unsigned int want, unsigned int *core)
{
	unsigned int taken = 0;

	for (unsigned int c = 0; c < host->nr_cores && taken < want; c++)
		if (left[c] && l3_of(host, c) == l3) {
			left[c] = false;
			core[taken++] = c;
		}
	return taken;
}

/* Kubernetes CPU manager, static policy, prefer-align-cpus-by-uncorecache: whole free L3s while the
 * request fills one, then an L3 that takes the rest, then lowest CPUs. */
static bool kubernetes(const struct bench_host *host, const bool *free, unsigned int n,
		       unsigned int *core)
{
	AUTO_FREE bool *left = alloc_zeroed(host->nr_cores, sizeof(*left));
	unsigned int nr = 0, nr_l3 = host->topo.nr_caches;

	for (unsigned int c = 0; c < host->nr_cores; c++)
		left[c] = free[c];
	for (unsigned int l3 = 0; l3 < nr_l3; l3++)
		if (l3_size(host, l3) <= n - nr && whole(host, left, l3))
			nr += take_l3(host, left, l3, n - nr, core + nr);
	for (unsigned int l3 = 0; l3 < nr_l3 && nr < n; l3++) {
		unsigned int room = 0;

		for (unsigned int c = 0; c < host->nr_cores; c++)
			room += left[c] && l3_of(host, c) == l3;
		if (room >= n - nr)
			nr += take_l3(host, left, l3, n - nr, core + nr);
	}
	for (unsigned int c = 0; c < host->nr_cores && nr < n; c++)
		if (left[c])
			core[nr++] = c;
	return nr == n;
}

const struct peer peers[] = {
	{ "first free CPUs", first_free },
	{ "spread (hwloc-distrib's rule)", spread },
	{ "Nova's rule", nova },
	{ "Kubernetes' rule, L3-aligned", kubernetes },
};
const unsigned int nr_peers = sizeof(peers) / sizeof(*peers);
