/*
 * Lower bound for one unit in one slot: its partners cannot be nearer than the nearest places there
 * are, the busiest partner in the nearest place; half of each line counts at each end. The least
 * sum over all units, each in a place of its own, is an assignment problem.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "affinity/place_search.h"
#include "base/alloc.h"

#define NEAREST_MAX 64u

static int falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/* The nearest places to a slot, rising, a slot as often as it has room; returns how many. */
static unsigned int nearest_places(const struct search *search, unsigned int slot, double *near)
{
	const double *ns = search->ns + (size_t)slot * search->nr_slots;
	unsigned int nr = 0;

	for (unsigned int other = 0; other < search->nr_slots; other++) {
		unsigned int times = search->room[other] - (other == slot && search->room[other]);

		for (; times && (nr < NEAREST_MAX || ns[other] < near[nr - 1]); times--) {
			unsigned int at = nr < NEAREST_MAX ? nr++ : nr - 1;

			for (; at && near[at - 1] > ns[other]; at--)
				near[at] = near[at - 1];
			near[at] = ns[other];
		}
	}
	return nr;
}

/* lines: the unit's, falling. */
static double half_lines(const double *lines, unsigned int nr_lines, const double *near,
			 unsigned int nr_near)
{
	double sum = 0;

	for (unsigned int i = 0; i < nr_lines && nr_near; i++)
		sum += lines[i] * near[i < nr_near ? i : nr_near - 1];
	return sum / 2;
}

static void fill_costs(const struct search *search, double *cost)
{
	AUTO_FREE double *near =
		alloc_zeroed((size_t)search->nr_slots * NEAREST_MAX, sizeof(*near));
	AUTO_FREE unsigned int *nr_near = alloc_zeroed(search->nr_slots, sizeof(*nr_near));
	AUTO_FREE double *lines = alloc_zeroed(search->nr, sizeof(*lines));

	for (unsigned int slot = 0; slot < search->nr_slots; slot++)
		nr_near[slot] = nearest_places(search, slot, near + (size_t)slot * NEAREST_MAX);
	for (unsigned int i = 0; i < search->nr; i++) {
		unsigned int nr = 0;

		for (unsigned int e = search->start[i]; e < search->start[i + 1]; e++)
			if (search->edges[e].rule == SEARCH_NO_RULE)
				lines[nr++] = search->edges[e].lines;
		qsort(lines, nr, sizeof(*lines), falling);
		for (unsigned int slot = 0; slot < search->nr_slots; slot++) {
			size_t cell = (size_t)i * search->nr_slots + slot;

			cost[cell] = search->own[cell] +
				     half_lines(lines, nr, near + (size_t)slot * NEAREST_MAX,
						nr_near[slot]);
			if (search->fixed[i] && slot != search->at[i])
				cost[cell] = INFINITY;
		}
	}
}

/* Each unit in its cheapest slot, room not looked at. */
static double row_minima(const struct search *search, const double *cost)
{
	double sum = 0;

	for (unsigned int i = 0; i < search->nr; i++) {
		double least = INFINITY;

		for (unsigned int slot = 0; slot < search->nr_slots; slot++)
			least = fmin(least, cost[(size_t)i * search->nr_slots + slot]);
		sum += isinf(least) ? 0 : least;
	}
	return sum;
}

/* The assignment problem by successive shortest paths with potentials (Kuhn 1955, Munkres 1957, as
 * Jonker and Volgenant 1987 arrange it). A slot with room for several is several columns. */
struct assign {
	unsigned int nr_columns;
	unsigned int *slot; /* per column */
	int *owner; /* per column: the unit that has it */
	double *potential, *unit_potential, *least;
	unsigned int *via;
	bool *done;
};

static int augment_unit(struct assign *assign, const struct search *search, const double *cost,
			unsigned int unit)
{
	unsigned int at = assign->nr_columns; /* the virtual column of the new unit */

	assign->owner[at] = (int)unit;
	for (unsigned int c = 0; c <= assign->nr_columns; c++) {
		assign->least[c] = INFINITY;
		assign->done[c] = false;
	}
	do {
		unsigned int i = (unsigned int)assign->owner[at], next = UINT32_MAX;
		double delta = INFINITY;

		assign->done[at] = true;
		for (unsigned int c = 0; c < assign->nr_columns; c++) {
			double reduced;

			if (assign->done[c])
				continue;
			reduced = cost[(size_t)i * search->nr_slots + assign->slot[c]] -
				  assign->unit_potential[i] - assign->potential[c];
			if (reduced < assign->least[c]) {
				assign->least[c] = reduced;
				assign->via[c] = at;
			}
			if (assign->least[c] < delta) {
				delta = assign->least[c];
				next = c;
			}
		}
		if (next == UINT32_MAX)
			return -1;
		for (unsigned int c = 0; c <= assign->nr_columns; c++) {
			if (assign->done[c]) {
				assign->unit_potential[assign->owner[c]] += delta;
				assign->potential[c] -= delta;
			} else {
				assign->least[c] -= delta;
			}
		}
		at = next;
	} while (assign->owner[at] >= 0);
	while (at != assign->nr_columns) {
		assign->owner[at] = assign->owner[assign->via[at]];
		at = assign->via[at];
	}
	return 0;
}

static double assigned(const struct search *search, const double *cost, unsigned int nr_columns)
{
	AUTO_FREE unsigned int *slot = alloc_zeroed(nr_columns, sizeof(*slot));
	AUTO_FREE int *owner = alloc_zeroed((size_t)nr_columns + 1, sizeof(*owner));
	AUTO_FREE double *potential = alloc_zeroed((size_t)nr_columns + 1, sizeof(*potential));
	AUTO_FREE double *unit = alloc_zeroed(search->nr, sizeof(*unit));
	AUTO_FREE double *least = alloc_zeroed((size_t)nr_columns + 1, sizeof(*least));
	AUTO_FREE unsigned int *via = alloc_zeroed((size_t)nr_columns + 1, sizeof(*via));
	AUTO_FREE bool *done = alloc_zeroed((size_t)nr_columns + 1, sizeof(*done));
	struct assign assign = { nr_columns, slot, owner, potential, unit, least, via, done };
	unsigned int c = 0;
	double sum = 0;

	for (unsigned int s = 0; s < search->nr_slots; s++)
		for (unsigned int k = 0; k < search->room[s] && k < search->nr; k++)
			slot[c++] = s;
	for (c = 0; c <= nr_columns; c++)
		owner[c] = -1;
	for (unsigned int i = 0; i < search->nr; i++)
		if (augment_unit(&assign, search, cost, i))
			return row_minima(search, cost);
	for (c = 0; c < nr_columns; c++)
		if (owner[c] >= 0)
			sum += cost[(size_t)owner[c] * search->nr_slots + slot[c]];
	return sum;
}

double search_bound(const struct search *search)
{
	AUTO_FREE double *cost = alloc_zeroed((size_t)search->nr * search->nr_slots, sizeof(*cost));
	size_t nr_columns = 0;

	fill_costs(search, cost);
	for (unsigned int slot = 0; slot < search->nr_slots; slot++)
		nr_columns += search->room[slot] < search->nr ? search->room[slot] : search->nr;
	if ((size_t)search->nr * search->nr * nr_columns > 4000000 || nr_columns < search->nr)
		return row_minima(search, cost);
	return assigned(search, cost, (unsigned int)nr_columns);
}
