#include "affinity/place_traffic.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool is_pair(const struct place_vm *vm, unsigned int i, unsigned int j)
{
	unsigned int low = i < j ? i : j, high = i < j ? j : i, n = vm->nr_vcpus;

	switch (vm->traffic.pattern) {
	case PLACE_TRAFFIC_PAIRS:
		return low % 2 == 0 && high == low + 1;
	case PLACE_TRAFFIC_RING:
		return high == low + 1 || (low == 0 && high == n - 1);
	case PLACE_TRAFFIC_PIPELINE:
		return high == low + 1;
	default:
		return true;
	}
}

static double between(const struct place_vm *vm, unsigned int i, unsigned int j)
{
	const double *w = vm->traffic.weights;
	double rate = vm->traffic.lines_per_s > 0 ? vm->traffic.lines_per_s : PLACE_LINES_PER_S;

	if (i == j)
		return 0;
	if (vm->traffic.pattern == PLACE_TRAFFIC_MATRIX)
		return w[(size_t)i * vm->nr_vcpus + j] + w[(size_t)j * vm->nr_vcpus + i];
	return is_pair(vm, i, j) ? rate : 0;
}

void traffic_init(struct traffic *traffic, const struct place_vm *vm)
{
	enum place_pattern pattern = vm->traffic.pattern;
	double rate = vm->traffic.lines_per_s > 0 ? vm->traffic.lines_per_s : PLACE_LINES_PER_S;
	unsigned int n = vm->nr_vcpus, nr = 0, room = 0;

	memset(traffic, 0, sizeof(*traffic));
	traffic->nr = n;
	if (pattern == PLACE_TRAFFIC_NONE || pattern == PLACE_TRAFFIC_ALL) {
		traffic->uniform = n > 1 ? rate / (n - 1) : rate;
		return;
	}
	traffic->start = alloc_zeroed((size_t)n + 1, sizeof(*traffic->start));
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int j = 0; j < n; j++) {
			double lines = between(vm, i, j);

			if (lines <= 0)
				continue;
			if (nr == room) {
				room = room ? 2 * room : 2 * n;
				traffic->edges =
					alloc_resize(traffic->edges, room, sizeof(*traffic->edges));
			}
			traffic->edges[nr++] = (struct traffic_edge){ j, lines };
		}
		traffic->start[i + 1] = nr;
	}
}

void traffic_fini(struct traffic *traffic)
{
	free(traffic->start);
	free(traffic->edges);
	memset(traffic, 0, sizeof(*traffic));
}

double traffic_between(const struct traffic *traffic, unsigned int i, unsigned int j)
{
	if (i == j)
		return 0;
	if (!traffic->start)
		return traffic->uniform;
	for (unsigned int e = traffic->start[i]; e < traffic->start[i + 1]; e++)
		if (traffic->edges[e].to == j)
			return traffic->edges[e].lines_per_s;
	return 0;
}
