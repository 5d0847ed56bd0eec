#include "affinity/place_refine.h"

#include <math.h>

#include "affinity/place_slots.h"

#define PROVE_UNITS 12u /* beyond these a proof has no chance */
#define CELLS	    64u /* of the tables, looked at in one step */

static bool fixed_by_memory(const struct search *search)
{
	for (unsigned int zone = 0; zone < search->nr_zones; zone++)
		if (search->zone_room[zone] < search->nr)
			return true;
	return false;
}

/* A proof may take as long as the search did. */
static bool prove(struct slots *slots, unsigned long steps)
{
	struct search *search = &slots->search;
	unsigned long per_node = 1 + 3ul * search->nr * search->nr_slots / CELLS;

	if (search->nr > PROVE_UNITS || search->keep_zones || fixed_by_memory(search))
		return false;
	return search_prove(search, 1 + steps / per_node);
}

static bool refuse_rule(struct place_job *job)
{
	return plan_refuse(
		job->plan, "rule",
		"no placement was found that keeps all together and apart rules; drop one, "
		"or let the VM use more CPUs");
}

bool refine(struct place_job *job)
{
	struct slots slots;
	double tree_cost;
	bool searched = slots_init(&slots, job);
	bool kept = true;

	if (searched) {
		struct search *search = &slots.search;

		search_load(search);
		tree_cost = search->cost;
		search->bound = search_bound(search);
		search->steps = job->steps;
		search_run(search);
		job->best_proven =
			search->cost <= search->bound * (1 + 1e-9) || prove(&slots, job->steps);
		job->counts_exact = job->best_proven;
		job->bound = job->best_proven ? search->cost : fmin(search->bound, search->cost);
		kept = search->cost < SEARCH_BROKEN / 2;
		plan_alternative(job->plan, "search", tree_cost, false,
				 "searching found a cheaper one", "the order of the tree");
		slots_give_out(&slots);
	}
	slots_fini(&slots);
	return kept || refuse_rule(job);
}
