/*
 * Local search with a table of what every unit would cost in every slot (Taillard 1991): a move or
 * a swap is weighed in constant time, and costs one pass over the rows of the partners when made.
 * The best move is made until none helps; then some units are moved at random from the best
 * assignment and it starts again (Brandfass et al. 2013). The random numbers are always the same
 * ones.
 */
#include "affinity/place_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define CELLS_PER_STEP 64u
#define EPSILON	       1e-9
#define FEW	       8u /* units: starting afresh pays more than staying near the best */

void search_init(struct search *search, unsigned int nr, unsigned int nr_slots,
		 unsigned int nr_edges, unsigned int nr_zones)
{
	memset(search, 0, sizeof(*search));
	search->nr = nr;
	search->nr_slots = nr_slots;
	search->nr_zones = nr_zones;
	search->start = alloc_zeroed((size_t)nr + 1, sizeof(*search->start));
	search->edges = alloc_zeroed(nr_edges, sizeof(*search->edges));
	search->ns = alloc_zeroed((size_t)nr_slots * nr_slots, sizeof(*search->ns));
	search->own = alloc_zeroed((size_t)nr * nr_slots, sizeof(*search->own));
	search->table = alloc_zeroed((size_t)nr * nr_slots, sizeof(*search->table));
	search->room = alloc_zeroed(nr_slots, sizeof(*search->room));
	search->used = alloc_zeroed(nr_slots, sizeof(*search->used));
	search->zone = alloc_zeroed(nr_slots, sizeof(*search->zone));
	search->closed = alloc_zeroed(nr_slots, sizeof(*search->closed));
	search->zone_room = alloc_zeroed(nr_zones, sizeof(*search->zone_room));
	search->zone_used = alloc_zeroed(nr_zones, sizeof(*search->zone_used));
	search->fixed = alloc_zeroed(nr, sizeof(*search->fixed));
	search->at = alloc_zeroed(nr, sizeof(*search->at));
	search->random = UINT64_C(0x9e3779b97f4a7c15);
}

void search_fini(struct search *search)
{
	free(search->start);
	free(search->edges);
	free(search->ns);
	free(search->own);
	free(search->table);
	free(search->room);
	free(search->used);
	free(search->zone);
	free(search->closed);
	free(search->zone_room);
	free(search->zone_used);
	free(search->fixed);
	free(search->at);
	memset(search, 0, sizeof(*search));
}

static double *row_of(const struct search *search, unsigned int unit)
{
	return search->table + (size_t)unit * search->nr_slots;
}

/* xorshift64*, Vigna 2016. */
static unsigned int draw(struct search *search, unsigned int below)
{
	search->random ^= search->random >> 12;
	search->random ^= search->random << 25;
	search->random ^= search->random >> 27;
	return (unsigned int)((search->random * UINT64_C(0x2545f4914f6cdd1d) >> 33) % below);
}

static void spend(struct search *search, unsigned long cells)
{
	unsigned long steps = 1 + cells / CELLS_PER_STEP;

	search->steps -= steps < search->steps ? steps : search->steps;
}

static void update_closed(struct search *search, unsigned int zone)
{
	bool full = search->zone_used[zone] >= search->zone_room[zone];

	for (unsigned int slot = 0; slot < search->nr_slots; slot++)
		if (search->zone[slot] == zone)
			search->closed[slot] =
				full || search->used[slot] >= search->room[slot] ? INFINITY : 0;
}

static void count_used(struct search *search)
{
	memset(search->used, 0, search->nr_slots * sizeof(*search->used));
	memset(search->zone_used, 0, search->nr_zones * sizeof(*search->zone_used));
	for (unsigned int i = 0; i < search->nr; i++) {
		search->used[search->at[i]]++;
		search->zone_used[search->zone[search->at[i]]]++;
	}
	for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
		unsigned int zone = search->zone[slot];
		bool full = search->zone_used[zone] >= search->zone_room[zone];

		search->closed[slot] =
			full || search->used[slot] >= search->room[slot] ? INFINITY : 0;
	}
}

/* The row of the edge's far end when its near end leaves `from` for `to`; from == to: comes to it.
 */
static void shift_row(struct search *search, double *row, const struct search_edge *edge,
		      const unsigned int *from, unsigned int to)
{
	const double *gain = search->ns + (size_t)to * search->nr_slots;
	const double *loss = from ? search->ns + (size_t)*from * search->nr_slots : NULL;

	if (edge->rule != SEARCH_NO_RULE) {
		for (unsigned int slot = 0; slot < search->nr_slots; slot++)
			row[slot] += search_pair(search, edge, to, slot) -
				     (from ? search_pair(search, edge, *from, slot) : 0);
	} else if (loss) {
		for (unsigned int slot = 0; slot < search->nr_slots; slot++)
			row[slot] += edge->lines * (gain[slot] - loss[slot]);
	} else {
		for (unsigned int slot = 0; slot < search->nr_slots; slot++)
			row[slot] += edge->lines * gain[slot];
	}
}

void search_load(struct search *search)
{
	double twice = 0;

	memcpy(search->table, search->own,
	       (size_t)search->nr * search->nr_slots * sizeof(*search->table));
	for (unsigned int i = 0; i < search->nr; i++)
		for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
			shift_row(search, row_of(search, i), &search->edges[e], NULL,
				  search->at[search->edges[e].to]);
	for (unsigned int i = 0; i < search->nr; i++)
		twice += row_of(search, i)[search->at[i]] +
			 search->own[(size_t)i * search->nr_slots + search->at[i]];
	search->cost = twice / 2;
	count_used(search);
	spend(search, (unsigned long)(search->start[search->nr] + search->nr) * search->nr_slots);
}

static void put(struct search *search, unsigned int unit, unsigned int slot)
{
	unsigned int from = search->at[unit];

	for (unsigned int e = search->start[unit]; e < search->start[unit + 1]; e++)
		shift_row(search, row_of(search, search->edges[e].to), &search->edges[e], &from,
			  slot);
	search->at[unit] = slot;
	spend(search,
	      (unsigned long)(search->start[unit + 1] - search->start[unit]) * search->nr_slots);
}

static void move(struct search *search, unsigned int unit, unsigned int slot)
{
	unsigned int from = search->at[unit], old = search->zone[from], new = search->zone[slot];

	search->cost += row_of(search, unit)[slot] - row_of(search, unit)[from];
	put(search, unit, slot);
	search->used[from]--;
	search->used[slot]++;
	search->zone_used[old]--;
	search->zone_used[new]++;
	update_closed(search, old);
	if (new != old)
		update_closed(search, new);
}

static const struct search_edge *edge_to(const struct search *search, unsigned int i,
					 unsigned int j)
{
	for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
		if (search->edges[e].to == j)
			return &search->edges[e];
	return NULL;
}

static double swap_delta(const struct search *search, unsigned int i, unsigned int j)
{
	unsigned int a = search->at[i], b = search->at[j];
	const double *x = row_of(search, i), *y = row_of(search, j);

	return x[b] - x[a] + y[a] - y[b];
}

/* The pair's own line is counted wrongly on both sides when the two change places. */
static double swap_correction(const struct search *search, const struct search_edge *edge,
			      unsigned int a, unsigned int b)
{
	return 2 * search_pair(search, edge, a, b) - search_pair(search, edge, a, a) -
	       search_pair(search, edge, b, b);
}

static void swap(struct search *search, unsigned int i, unsigned int j, double delta)
{
	unsigned int a = search->at[i], b = search->at[j];

	put(search, i, b);
	put(search, j, a);
	search->cost += delta;
}

struct step {
	double delta;
	unsigned int unit, to; /* to: a slot, or the other unit */
	bool is_swap;
};

static void best_move_of(const struct search *search, unsigned int unit, struct step *best)
{
	const double *row = row_of(search, unit);
	double limit = row[search->at[unit]] + best->delta;
	unsigned int zone = search->zone[search->at[unit]];

	for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
		double cost = row[slot] + search->closed[slot];

		if (cost < limit && (!search->keep_zones || search->zone[slot] == zone)) {
			limit = cost;
			*best = (struct step){ cost - row[search->at[unit]], unit, slot, false };
		}
	}
}

/* A full zone has no open slot, but its units may still move within it. */
static void best_move_within(const struct search *search, unsigned int unit, struct step *best)
{
	const double *row = row_of(search, unit);
	unsigned int zone = search->zone[search->at[unit]];

	if (search->zone_used[zone] < search->zone_room[zone])
		return;
	for (unsigned int slot = 0; slot < search->nr_slots; slot++)
		if (search->zone[slot] == zone && search->used[slot] < search->room[slot] &&
		    row[slot] - row[search->at[unit]] < best->delta)
			*best = (struct step){ row[slot] - row[search->at[unit]], unit, slot,
					       false };
}

static void best_swap_of(const struct search *search, unsigned int unit, struct step *best)
{
	for (unsigned int other = 0; other < unit; other++) {
		const struct search_edge *edge;
		double delta;

		if (search->fixed[other] || search->at[other] == search->at[unit])
			continue;
		delta = swap_delta(search, unit, other);
		if (!(delta < best->delta)) /* the correction only adds where ns is metric */
			continue;
		edge = edge_to(search, unit, other);
		if (edge)
			delta += swap_correction(search, edge, search->at[unit], search->at[other]);
		if (delta < best->delta)
			*best = (struct step){ delta, unit, other, true };
	}
}

static void descend(struct search *search)
{
	while (search->steps) {
		struct step best = { .delta = -EPSILON * (1 + fabs(search->cost)) };
		double least = best.delta;

		for (unsigned int unit = 0; unit < search->nr; unit++) {
			if (search->fixed[unit])
				continue;
			best_move_of(search, unit, &best);
			best_move_within(search, unit, &best);
			best_swap_of(search, unit, &best);
		}
		spend(search, (unsigned long)search->nr * (search->nr_slots + search->nr));
		if (best.delta >= least)
			return;
		if (best.is_swap)
			swap(search, best.unit, best.to, best.delta);
		else
			move(search, best.unit, best.to);
	}
}

static bool allowed(const struct search *search, unsigned int unit, unsigned int slot)
{
	return !isinf(search->own[(size_t)unit * search->nr_slots + slot]);
}

/* One random move or swap that breaks nothing; tries a few times. */
static void disturb(struct search *search)
{
	for (unsigned int try = 0; try < 8; try++) {
		unsigned int unit = draw(search, search->nr);
		unsigned int slot = draw(search, search->nr_slots),
			     other = draw(search, search->nr);
		unsigned int from = search->at[unit];

		if (search->fixed[unit])
			continue;
		if (draw(search, 2)) {
			if (slot != from && !isinf(search->closed[slot]) &&
			    allowed(search, unit, slot) &&
			    (!search->keep_zones || search->zone[slot] == search->zone[from])) {
				move(search, unit, slot);
				return;
			}
		} else if (!search->fixed[other] && search->at[other] != from &&
			   allowed(search, unit, search->at[other]) &&
			   allowed(search, other, from)) {
			const struct search_edge *edge = edge_to(search, unit, other);
			double delta = swap_delta(search, unit, other);

			if (edge)
				delta += swap_correction(search, edge, from, search->at[other]);
			swap(search, unit, other, delta);
			return;
		}
	}
}

/* Everything near one slot: units by their traffic, each to the cheapest slot that is open. Gives
 * the search another valley to start from. */
static void regrow(struct search *search, unsigned int seed)
{
	AUTO_FREE bool *placed = alloc_zeroed(search->nr, sizeof(*placed));
	const double *near = search->ns + (size_t)seed * search->nr_slots;

	for (unsigned int round = 0; round < search->nr; round++) {
		unsigned int unit = search->nr, best;
		double most = -1;

		for (unsigned int i = 0; i < search->nr; i++) {
			double lines = 0;

			if (placed[i])
				continue;
			for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
				if (placed[search->edges[e].to])
					lines += search->edges[e].lines;
			if (lines > most) {
				most = lines;
				unit = i;
			}
		}
		placed[unit] = true;
		if (search->fixed[unit])
			continue;
		best = search->at[unit];
		for (unsigned int slot = 0; slot < search->nr_slots; slot++)
			if (isinf(search->closed[slot]) == 0 && allowed(search, unit, slot) &&
			    near[slot] < near[best] &&
			    (!search->keep_zones || search->zone[slot] == search->zone[best]))
				best = slot;
		if (best != search->at[unit])
			move(search, unit, best);
	}
}

static void keep_best(const struct search *search, unsigned int *best, double *cost)
{
	if (search->cost >= *cost)
		return;
	*cost = search->cost;
	memcpy(best, search->at, search->nr * sizeof(*best));
}

static bool any_free(const struct search *search)
{
	for (unsigned int i = 0; i < search->nr; i++)
		if (!search->fixed[i])
			return true;
	return false;
}

void search_run(struct search *search)
{
	AUTO_FREE unsigned int *best = alloc_zeroed(search->nr, sizeof(*best));
	unsigned long all = search->steps;
	unsigned int seed = 0, most = search->nr <= FEW ? search->nr : search->nr / 2;
	double cost = INFINITY;

	search_load(search);
	keep_best(search, best, &cost);
	if (!any_free(search))
		return;
	descend(search);
	keep_best(search, best, &cost);
	for (unsigned int turn = 0; search->steps && cost > search->bound * (1 + EPSILON); turn++) {
		bool fresh =
			search->nr <= FEW ? turn % 2 : turn % 4 == 3 && search->steps > all / 2;

		memcpy(search->at, best, search->nr * sizeof(*best));
		search_load(search);
		if (fresh) {
			regrow(search, seed % search->nr_slots);
			seed += 1 + search->nr_slots / 13;
		} else {
			for (unsigned int i = 2 + draw(search, most); i > 0; i--)
				disturb(search);
		}
		descend(search);
		keep_best(search, best, &cost);
	}
	memcpy(search->at, best, search->nr * sizeof(*best));
	search_load(search);
}
