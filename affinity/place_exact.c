/*
 * Depth-first branch and bound over small assignments. Units come in the order of their traffic
 * with those before them; slots in the order of what they cost so far. What is still open can cost
 * no less than each open unit's cheapest slot beside those placed, and half of its lines to other
 * open units over the nearest places of that slot. Of slots that are alike in everything and still
 * empty only the first is tried.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/place_search.h"
#include "base/alloc.h"

struct exact {
	struct search *search;
	unsigned int *order; /* depth -> unit */
	unsigned int *twin; /* per slot: the lowest slot that is alike */
	double *partial; /* per depth: nr x nr_slots, own and lines to what is placed */
	double *open_half; /* per depth and unit: half of its lines to open units */
	double *nearest; /* per slot: the nearest place */
	unsigned int *best, *used;
	double best_cost;
	unsigned long nodes;
};

static double *level(const struct exact *exact, unsigned int depth)
{
	return exact->partial + (size_t)depth * exact->search->nr * exact->search->nr_slots;
}

static void fill_order(struct exact *exact)
{
	const struct search *search = exact->search;
	AUTO_FREE double *lines = alloc_zeroed(search->nr, sizeof(*lines));
	AUTO_FREE bool *placed = alloc_zeroed(search->nr, sizeof(*placed));
	AUTO_FREE double *all = alloc_zeroed(search->nr, sizeof(*all));

	for (unsigned int i = 0; i < search->nr; i++)
		for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
			all[i] += search->edges[e].lines;
	for (unsigned int depth = 0; depth < search->nr; depth++) {
		unsigned int unit = search->nr;

		for (unsigned int i = 0; i < search->nr; i++)
			if (!placed[i] && (unit == search->nr || lines[i] > lines[unit] ||
					   (lines[i] == lines[unit] && all[i] > all[unit])))
				unit = i;
		exact->order[depth] = unit;
		placed[unit] = true;
		for (unsigned int e = search->start[unit]; e < search->start[unit + 1]; e++)
			lines[search->edges[e].to] += search->edges[e].lines;
		for (unsigned int i = 0; i < search->nr; i++)
			for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
				if (!placed[i] && !placed[search->edges[e].to])
					exact->open_half[(size_t)depth * search->nr + i] +=
						search->edges[e].lines / 2;
	}
}

static bool alike(const struct search *search, unsigned int a, unsigned int b)
{
	const double *x = search->ns + (size_t)a * search->nr_slots;
	const double *y = search->ns + (size_t)b * search->nr_slots;

	if (search->room[a] != search->room[b] || search->zone[a] != search->zone[b] ||
	    x[a] != y[b])
		return false;
	for (unsigned int slot = 0; slot < search->nr_slots; slot++)
		if (slot != a && slot != b && x[slot] != y[slot])
			return false;
	for (unsigned int i = 0; i < search->nr; i++) {
		const double *own = search->own + (size_t)i * search->nr_slots;

		if (own[a] != own[b])
			return false;
		for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
			if (search->edges[e].rule != SEARCH_NO_RULE)
				return false;
	}
	return true;
}

static void fill_slots(struct exact *exact)
{
	const struct search *search = exact->search;

	for (unsigned int a = 0; a < search->nr_slots; a++) {
		const double *ns = search->ns + (size_t)a * search->nr_slots;

		exact->twin[a] = a;
		for (unsigned int b = 0; b < a && exact->twin[a] == a; b++)
			if (exact->twin[b] == b && alike(search, a, b))
				exact->twin[a] = b;
		exact->nearest[a] = search->room[a] > 1 ? ns[a] : INFINITY;
		for (unsigned int b = 0; b < search->nr_slots; b++)
			if (b != a && search->room[b])
				exact->nearest[a] = fmin(exact->nearest[a], ns[b]);
		if (isinf(exact->nearest[a]))
			exact->nearest[a] = 0;
	}
}

/* What the open units cost at least, after `depth` are placed. */
static double open_bound(const struct exact *exact, unsigned int depth)
{
	const struct search *search = exact->search;
	const double *table = level(exact, depth);
	double sum = 0;

	for (unsigned int d = depth; d < search->nr; d++) {
		unsigned int unit = exact->order[d];
		const double *row = table + (size_t)unit * search->nr_slots;
		double half = exact->open_half[(size_t)(depth - 1) * search->nr + unit];
		double least = INFINITY;

		for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
			double cost = row[slot] + half * exact->nearest[slot];

			if (cost < least && exact->used[slot] < search->room[slot])
				least = cost;
		}
		sum += least;
	}
	return sum;
}

static void place_unit(struct exact *exact, unsigned int depth, unsigned int slot)
{
	const struct search *search = exact->search;
	unsigned int unit = exact->order[depth];
	double *next = level(exact, depth + 1);

	memcpy(next, level(exact, depth), (size_t)search->nr * search->nr_slots * sizeof(*next));
	for (unsigned int e = search->start[unit]; e < search->start[unit + 1]; e++) {
		const struct search_edge *edge = &search->edges[e];
		double *row = next + (size_t)edge->to * search->nr_slots;

		for (unsigned int other = 0; other < search->nr_slots; other++)
			row[other] += search_pair(search, edge, slot, other);
	}
}

static bool repeats(const struct exact *exact, unsigned int slot)
{
	for (unsigned int other = exact->twin[slot]; other < slot; other++)
		if (exact->twin[other] == exact->twin[slot] && !exact->used[other])
			return !exact->used[slot];
	return false;
}

/* The cheapest slot that costs more than (cost, slot), by cost and then number; -1: no more. */
static int next_slot(const struct exact *exact, const double *row, double cost, int after)
{
	const struct search *search = exact->search;
	int best = -1;

	for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
		bool later = row[slot] > cost || (row[slot] == cost && (int)slot > after);

		if (later && !isinf(row[slot]) && exact->used[slot] < search->room[slot] &&
		    (best < 0 || row[slot] < row[best]) && !repeats(exact, slot))
			best = (int)slot;
	}
	return best;
}

static void branch(struct exact *exact, unsigned int depth, double cost)
{
	struct search *search = exact->search;
	unsigned int unit;
	const double *row;
	int slot = -1;
	double last = -INFINITY;

	if (depth == search->nr) {
		if (cost < exact->best_cost) {
			exact->best_cost = cost;
			memcpy(exact->best, search->at, search->nr * sizeof(*exact->best));
		}
		return;
	}
	unit = exact->order[depth];
	row = level(exact, depth) + (size_t)unit * search->nr_slots;
	while (exact->nodes && (slot = next_slot(exact, row, last, slot)) >= 0) {
		last = row[slot];
		if (cost + last >= exact->best_cost)
			return;
		exact->nodes--;
		search->at[unit] = (unsigned int)slot;
		exact->used[slot]++;
		place_unit(exact, depth, (unsigned int)slot);
		if (cost + last + open_bound(exact, depth + 1) < exact->best_cost * (1 - 1e-12))
			branch(exact, depth + 1, cost + last);
		exact->used[slot]--;
	}
}

bool search_prove(struct search *search, unsigned long nodes)
{
	size_t cells = (size_t)search->nr * search->nr_slots;
	AUTO_FREE unsigned int *order = alloc_zeroed(search->nr, sizeof(*order));
	AUTO_FREE unsigned int *twin = alloc_zeroed(search->nr_slots, sizeof(*twin));
	AUTO_FREE unsigned int *used = alloc_zeroed(search->nr_slots, sizeof(*used));
	AUTO_FREE unsigned int *best = alloc_zeroed(search->nr, sizeof(*best));
	AUTO_FREE double *partial = alloc_zeroed(cells * (search->nr + 1), sizeof(*partial));
	AUTO_FREE double *half = alloc_zeroed((size_t)search->nr * search->nr, sizeof(*half));
	AUTO_FREE double *nearest = alloc_zeroed(search->nr_slots, sizeof(*nearest));
	struct exact exact = { search,	order, twin, partial,	   half,
			       nearest, best,  used, search->cost, nodes };

	memcpy(partial, search->own, cells * sizeof(*partial));
	memcpy(best, search->at, search->nr * sizeof(*best));
	for (unsigned int i = 0; i < search->nr; i++)
		for (unsigned int slot = 0; search->fixed[i] && slot < search->nr_slots; slot++)
			if (slot != search->at[i])
				partial[(size_t)i * search->nr_slots + slot] = INFINITY;
	fill_order(&exact);
	fill_slots(&exact);
	branch(&exact, 0, 0);
	memcpy(search->at, best, search->nr * sizeof(*best));
	search_load(search);
	return exact.nodes > 0;
}
