#include "bench/calibration_steps.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"

#define CLASS_PAIRS 4u /* that stand for a class */

struct step_list {
	struct calibration_step *steps;
	unsigned long nr, room;
};

static void add(struct step_list *list, unsigned int a, unsigned int b, unsigned int home)
{
	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->steps = alloc_resize(list->steps, list->room, sizeof(*list->steps));
	}
	list->steps[list->nr++] = (struct calibration_step){ a, b, home };
}

static bool can_hold(const struct topology *topo, unsigned int node)
{
	return topo->nodes[node].mem_total > 0;
}

/* One number per relation and pair of nodes; CPUs without a node share one more. */
static unsigned long pair_class(const struct topology *topo, unsigned int a, unsigned int b)
{
	unsigned int nodes = topo->nr_nodes + 1;
	unsigned int from = (unsigned int)(topo->cpus[a].node + 1);
	unsigned int to = (unsigned int)(topo->cpus[b].node + 1);
	unsigned int low = from < to ? from : to, high = from < to ? to : from;

	return ((unsigned long)topology_relation(topo, a, b) * nodes + low) * nodes + high;
}

static unsigned long nr_classes(const struct topology *topo)
{
	unsigned long nodes = topo->nr_nodes + 1;

	return (unsigned long)NR_RELATIONS * nodes * nodes;
}

/* The homes that matter for a pair when not all can be tried: its nodes and one other. */
static void add_homes(struct step_list *list, const struct topology *topo, unsigned int a,
		      unsigned int b, bool third)
{
	int own = topo->cpus[a].node, other = topo->cpus[b].node;

	if (own >= 0 && can_hold(topo, (unsigned int)own))
		add(list, a, b, (unsigned int)own);
	if (other >= 0 && other != own && can_hold(topo, (unsigned int)other))
		add(list, a, b, (unsigned int)other);
	for (unsigned int node = topo->nr_nodes; third && node-- > 0;) {
		if ((int)node == own || (int)node == other || !can_hold(topo, node))
			continue;
		add(list, a, b, node);
		break;
	}
}

static void add_everything(struct step_list *list, const struct topology *topo)
{
	for (unsigned int a = 0; a < topo->nr_cpus; a++)
		for (unsigned int b = a + 1; b < topo->nr_cpus; b++)
			for (unsigned int node = 0; node < topo->nr_nodes; node++)
				if (can_hold(topo, node))
					add(list, a, b, node);
}

/* Pairs 0, n/4, n/2 and 3n/4 of each class with all homes that matter; the others, where asked,
 * with their own. */
static void add_by_class(struct step_list *list, const struct topology *topo, bool others)
{
	AUTO_FREE unsigned long *size = alloc_zeroed(nr_classes(topo), sizeof(*size));
	AUTO_FREE unsigned long *seen = alloc_zeroed(nr_classes(topo), sizeof(*seen));

	for (unsigned int a = 0; a < topo->nr_cpus; a++)
		for (unsigned int b = a + 1; b < topo->nr_cpus; b++)
			size[pair_class(topo, a, b)]++;
	for (unsigned int a = 0; a < topo->nr_cpus; a++) {
		for (unsigned int b = a + 1; b < topo->nr_cpus; b++) {
			unsigned long class = pair_class(topo, a, b), rank = seen[class]++;
			unsigned long stride = (size[class] + CLASS_PAIRS - 1) / CLASS_PAIRS;
			bool stands_for_class = rank % stride == 0;

			if (stands_for_class || others)
				add_homes(list, topo, a, b, stands_for_class);
		}
	}
}

unsigned long calibration_steps(const struct topology *topo, unsigned long limit,
				struct calibration_step **steps, unsigned long *possible)
{
	unsigned long pairs = (unsigned long)topo->nr_cpus * (topo->nr_cpus - 1) / 2, homes = 0;
	struct step_list list = { 0 };

	for (unsigned int node = 0; node < topo->nr_nodes; node++)
		homes += can_hold(topo, node);
	*possible = pairs * homes;
	if (*possible <= limit)
		add_everything(&list, topo);
	else
		add_by_class(&list, topo, 2 * pairs <= limit);
	*steps = list.steps;
	return list.nr;
}
