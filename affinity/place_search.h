#ifndef SITU_AFFINITY_PLACE_SEARCH_H
#define SITU_AFFINITY_PLACE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Assigning units (vCPUs, or the vCPUs of one core) to slots (cores, or cores that are all alike)
 * at least cost: a quadratic assignment with capacities. Pure, deterministic; one thread per
 * problem.
 *
 *   cost = sum of own[i][at[i]] + sum over pairs of lines[i][j] * ns[at[i]][at[j]] + broken rules
 */
enum search_rule { SEARCH_NO_RULE, SEARCH_TOGETHER, SEARCH_APART };

struct search_edge {
	unsigned int to;
	double lines;
	enum search_rule rule;
	const unsigned int *domain; /* per slot: the domain that the rule speaks of */
};

#define SEARCH_BROKEN 1e15 /* what a broken rule costs: more than any plan, still exact in sums */

struct search {
	unsigned int nr, nr_slots; /* units, slots */
	unsigned int *start; /* nr + 1 */
	struct search_edge *edges; /* each pair twice */
	double *ns; /* nr_slots x nr_slots, symmetric; the diagonal: two units in one slot */
	double *own; /* nr x nr_slots; INFINITY: not allowed */
	unsigned int *room; /* per slot: units that fit */
	unsigned int *zone; /* per slot */
	unsigned int *zone_room; /* per zone: units that fit */
	unsigned int nr_zones;
	bool keep_zones; /* a zone keeps the number of units that it had at the start */
	bool *fixed; /* per unit: not to be moved */

	unsigned int *at; /* per unit: its slot; the start, then the best found */
	double cost; /* of at */
	double *table; /* nr x nr_slots: what unit i would cost in each slot, all others as they are
			*/
	unsigned int *used, *zone_used;
	double *closed; /* per slot: 0 where there is room, INFINITY where not */
	double bound; /* search_bound(), or 0: reaching it ends the search */
	unsigned long steps; /* left; one is about 50 ns */
	uint64_t random;
};

/* Arrays in the sizes given, zeroed; the caller fills them. */
void search_init(struct search *search, unsigned int nr, unsigned int nr_slots,
		 unsigned int nr_edges, unsigned int nr_zones);
void search_fini(struct search *search);

/* Recomputes table, used and cost from at. */
void search_load(struct search *search);

/* Improves at until the steps are spent. at must be allowed. */
void search_run(struct search *search);

/* Depth-first branch and bound from the cost of at; true: at is proven best. Takes at most `nodes`
 * nodes of the tree. keep_zones must be off. (place_exact.c) */
bool search_prove(struct search *search, unsigned long nodes);

/* No assignment costs less: Gilmore (1962) and Lawler (1963). (place_bound.c) */
double search_bound(const struct search *search);

static inline double search_pair(const struct search *search, const struct search_edge *edge,
				 unsigned int a, unsigned int b)
{
	double cost = edge->lines * search->ns[(unsigned long)a * search->nr_slots + b];

	if (edge->rule != SEARCH_NO_RULE &&
	    (edge->domain[a] == edge->domain[b]) != (edge->rule == SEARCH_TOGETHER))
		cost += SEARCH_BROKEN;
	return cost;
}

#endif
