#include "affinity/place_flow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define NONE  UINT32_MAX
#define SLACK 1e-12 /* relative: rounding must not make a cycle look profitable */

struct path {
	double *to_cost, *from_cost; /* to reach each side */
	unsigned int *to_via, *from_via; /* the vertex on the other side it is reached from */
};

void flow_init(struct flow *flow, unsigned int nr_from, unsigned int nr_to)
{
	size_t nr = (size_t)nr_from * nr_to;

	flow->nr_from = nr_from;
	flow->nr_to = nr_to;
	flow->supply = alloc_zeroed(nr_from, sizeof(*flow->supply));
	flow->room = alloc_zeroed(nr_to, sizeof(*flow->room));
	flow->cost = alloc_zeroed(nr, sizeof(*flow->cost));
	flow->amount = alloc_zeroed(nr, sizeof(*flow->amount));
	for (size_t i = 0; i < nr; i++)
		flow->cost[i] = INFINITY;
}

void flow_fini(struct flow *flow)
{
	free(flow->supply);
	free(flow->room);
	free(flow->cost);
	free(flow->amount);
	memset(flow, 0, sizeof(*flow));
}

static bool cheaper(double cost, double than)
{
	return cost < than && (isinf(than) || than - cost > SLACK * (fabs(than) + fabs(cost)));
}

static bool relax(const struct flow *flow, struct path *path, unsigned int from, unsigned int to)
{
	double cost = *flow_cost(flow, from, to);

	if (cheaper(path->from_cost[from] + cost, path->to_cost[to])) {
		path->to_cost[to] = path->from_cost[from] + cost;
		path->to_via[to] = from;
		return true;
	}
	if (*flow_amount(flow, from, to) &&
	    cheaper(path->to_cost[to] - cost, path->from_cost[from])) {
		path->from_cost[from] = path->to_cost[to] - cost;
		path->from_via[from] = to;
		return true;
	}
	return false;
}

/* Bellman and Ford over the residual graph, from every supply that is left. */
static void shortest(const struct flow *flow, const uint64_t *left, struct path *path)
{
	bool changed = true;

	for (unsigned int i = 0; i < flow->nr_from; i++) {
		path->from_cost[i] = left[i] ? 0 : INFINITY;
		path->from_via[i] = NONE;
	}
	for (unsigned int i = 0; i < flow->nr_to; i++)
		path->to_cost[i] = INFINITY;
	for (unsigned int round = 0; changed && round < flow->nr_from + flow->nr_to; round++) {
		changed = false;
		for (unsigned int from = 0; from < flow->nr_from; from++)
			for (unsigned int to = 0; to < flow->nr_to; to++)
				if (!isinf(*flow_cost(flow, from, to)) &&
				    relax(flow, path, from, to))
					changed = true;
	}
}

static unsigned int cheapest_end(const struct flow *flow, const uint64_t *free_room,
				 const struct path *path)
{
	unsigned int best = NONE;

	for (unsigned int to = 0; to < flow->nr_to; to++)
		if (free_room[to] && !isinf(path->to_cost[to]) &&
		    (best == NONE || cheaper(path->to_cost[to], path->to_cost[best])))
			best = to;
	return best;
}

/* Sends what the path can carry to `end`. */
static void augment(struct flow *flow, uint64_t *left, uint64_t *free_room, const struct path *path,
		    unsigned int end)
{
	uint64_t carry = free_room[end];
	unsigned int to = end, from = path->to_via[to];

	while (path->from_via[from] != NONE) {
		to = path->from_via[from];
		if (*flow_amount(flow, from, to) < carry)
			carry = *flow_amount(flow, from, to);
		from = path->to_via[to];
	}
	carry = left[from] < carry ? left[from] : carry;
	left[from] -= carry;
	free_room[end] -= carry;
	for (to = end;;) {
		from = path->to_via[to];
		*flow_amount(flow, from, to) += carry;
		if (path->from_via[from] == NONE)
			return;
		to = path->from_via[from];
		*flow_amount(flow, from, to) -= carry;
	}
}

bool flow_solve(struct flow *flow)
{
	AUTO_FREE uint64_t *left = alloc_zeroed(flow->nr_from, sizeof(*left));
	AUTO_FREE uint64_t *free_room = alloc_zeroed(flow->nr_to, sizeof(*free_room));
	AUTO_FREE double *to_cost = alloc_zeroed(flow->nr_to, sizeof(*to_cost));
	AUTO_FREE double *from_cost = alloc_zeroed(flow->nr_from, sizeof(*from_cost));
	AUTO_FREE unsigned int *to_via = alloc_zeroed(flow->nr_to, sizeof(*to_via));
	AUTO_FREE unsigned int *from_via = alloc_zeroed(flow->nr_from, sizeof(*from_via));
	struct path path = { to_cost, from_cost, to_via, from_via };
	unsigned int end;

	memcpy(left, flow->supply, flow->nr_from * sizeof(*left));
	memcpy(free_room, flow->room, flow->nr_to * sizeof(*free_room));
	for (;;) {
		bool done = true;

		for (unsigned int i = 0; i < flow->nr_from; i++)
			done = done && !left[i];
		if (done)
			return true;
		shortest(flow, left, &path);
		end = cheapest_end(flow, free_room, &path);
		if (end == NONE)
			return false;
		augment(flow, left, free_room, &path, end);
	}
}
