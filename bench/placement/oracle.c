#include "bench/placement/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define ORACLE_MAX 16u

struct state {
	struct oracle *oracle;
	unsigned int order[ORACLE_MAX];
	unsigned int place[ORACLE_MAX]; /* by depth */
	double after[ORACLE_MAX + 1]; /* lines among the units from this depth on */
	double to_later[ORACLE_MAX]
		       [ORACLE_MAX]; /* [depth][earlier]: lines to units from depth on */
	double nearest; /* of any two places */
	double *row_least; /* per place: its nearest other */
	bool *used;
};

static double lines(const struct state *state, unsigned int a, unsigned int b)
{
	const struct oracle *oracle = state->oracle;

	return oracle->lines[state->order[a] * oracle->n + state->order[b]];
}

/* Heaviest first, then whoever talks most to those before. */
static void fill_order(struct state *state)
{
	const struct oracle *oracle = state->oracle;
	bool placed[ORACLE_MAX] = { false };

	for (unsigned int d = 0; d < oracle->n; d++) {
		double most = -1;

		for (unsigned int i = 0; i < oracle->n; i++) {
			double sum = 0;

			for (unsigned int j = 0; j < oracle->n; j++)
				sum += oracle->lines[i * oracle->n + j] * (placed[j] ? 1000 : 1);
			if (!placed[i] && sum > most) {
				most = sum;
				state->order[d] = i;
			}
		}
		placed[state->order[d]] = true;
	}
}

static void fill_bounds(struct state *state)
{
	struct oracle *oracle = state->oracle;

	state->nearest = INFINITY;
	for (unsigned int p = 0; p < oracle->nr_places; p++) {
		state->row_least[p] = INFINITY;
		for (unsigned int q = 0; q < oracle->nr_places; q++)
			if (p != q)
				state->row_least[p] = fmin(state->row_least[p],
							   oracle->ns[p * oracle->nr_places + q]);
		state->nearest = fmin(state->nearest, state->row_least[p]);
	}
	for (unsigned int d = 0; d < oracle->n; d++) {
		for (unsigned int a = d; a < oracle->n; a++)
			for (unsigned int b = d; b < a; b++)
				state->after[d] += lines(state, a, b);
		for (unsigned int e = 0; e < d; e++)
			for (unsigned int a = d; a < oracle->n; a++)
				state->to_later[d][e] += lines(state, a, e);
	}
}

static double bound(const struct state *state, unsigned int depth)
{
	double sum = state->after[depth] * state->nearest;

	for (unsigned int e = 0; e < depth; e++)
		sum += state->to_later[depth][e] * state->row_least[state->place[e]];
	return sum;
}

static double added(const struct state *state, unsigned int depth, unsigned int place)
{
	const struct oracle *oracle = state->oracle;
	double sum = 0;

	for (unsigned int e = 0; e < depth; e++)
		sum += lines(state, depth, e) *
		       oracle->ns[place * oracle->nr_places + state->place[e]];
	return sum;
}

static void descend(struct state *state, unsigned int depth, double cost)
{
	struct oracle *oracle = state->oracle;
	double last = -1;
	unsigned int after = 0;

	if (depth == oracle->n) {
		oracle->cost = fmin(oracle->cost, cost);
		return;
	}
	while (oracle->nodes) { /* places by what they add, then by number */
		unsigned int best = oracle->nr_places;
		double least = INFINITY;

		for (unsigned int p = 0; p < oracle->nr_places; p++) {
			double more = state->used[p] ? INFINITY : added(state, depth, p);

			if (more < least && (more > last || (more == last && p > after))) {
				least = more;
				best = p;
			}
		}
		if (best == oracle->nr_places || cost + least >= oracle->cost)
			return;
		oracle->nodes--;
		last = least;
		after = best;
		state->place[depth] = best;
		state->used[best] = true;
		if (cost + least + bound(state, depth + 1) < oracle->cost * (1 - 1e-12))
			descend(state, depth + 1, cost + least);
		state->used[best] = false;
	}
}

void oracle_solve(struct oracle *oracle)
{
	struct state state = { .oracle = oracle };

	state.row_least = alloc_zeroed(oracle->nr_places, sizeof(*state.row_least));
	state.used = alloc_zeroed(oracle->nr_places, sizeof(*state.used));
	fill_order(&state);
	fill_bounds(&state);
	descend(&state, 0, 0);
	oracle->proven = oracle->nodes > 0;
	free(state.row_least);
	free(state.used);
}
