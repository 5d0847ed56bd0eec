/* One node for one allocation at run time; what it rests on is what nodes report about themselves.
 */
#include <math.h>

#include "affinity/place_memory.h"
#include "base/size.h"

#define FULL	 0.8 /* share of memory in use from which a node is no longer chosen for balance */
#define SUITABLE 0.6 /* score from which the preferred node is good enough */
#define LARGE	 (64 * MIB) /* from here on bandwidth counts more than locality */

static bool fits(const struct node_load *load, uint64_t bytes)
{
	return load->free >= bytes;
}

static double used(const struct node_load *load)
{
	return load->total ? 1 - (double)load->free / (double)load->total : 1;
}

/* An unknown bandwidth counts as half used: neither sought nor avoided. */
static double bandwidth(const struct node_load *load)
{
	return isnan(load->bandwidth) ? 0.5 : load->bandwidth;
}

/* A node that nobody has used yet has had no remote access either. */
static double local_rate(const struct node_load *load)
{
	return isnan(load->local_rate) ? 1 : load->local_rate;
}

static double balance_score(const struct node_load *load)
{
	return 0.4 * load->cpu + 0.4 * used(load) + 0.2 * bandwidth(load);
}

static double adaptive_score(const struct node_load *load)
{
	return 0.5 * local_rate(load) + 0.3 * (1 - bandwidth(load)) + 0.2 * (1 - used(load));
}

/* The preferred node, then the others by distance from it. */
static int local_first(const struct topology *topo, const struct node_load *loads, int preferred,
		       uint64_t bytes)
{
	int best = -1;

	for (unsigned int node = 0; node < topo->nr_nodes; node++) {
		unsigned int from = preferred < 0 ? 0 : (unsigned int)preferred;

		if (fits(&loads[node], bytes) &&
		    (best < 0 || topology_distance(topo, from, node) <
					 topology_distance(topo, from, (unsigned int)best)))
			best = (int)node;
	}
	return best;
}

/* The least score among nodes with room; those that are nearly full only where no other has any. */
static int least(const struct topology *topo, const struct node_load *loads, uint64_t bytes,
		 double (*score)(const struct node_load *load))
{
	for (int any = 0; any <= 1; any++) {
		int best = -1;

		for (unsigned int node = 0; node < topo->nr_nodes; node++)
			if (fits(&loads[node], bytes) && (any || used(&loads[node]) < FULL) &&
			    (best < 0 || score(&loads[node]) < score(&loads[best])))
				best = (int)node;
		if (best >= 0)
			return best;
	}
	return -1;
}

static int adaptive(const struct topology *topo, const struct node_load *loads, int preferred,
		    uint64_t bytes)
{
	if (preferred >= 0 && fits(&loads[preferred], bytes) && used(&loads[preferred]) < FULL &&
	    adaptive_score(&loads[preferred]) > SUITABLE)
		return preferred;
	if (bytes > LARGE)
		return least(topo, loads, bytes, bandwidth);
	return least(topo, loads, bytes, balance_score);
}

int memory_pick_node(enum node_strategy strategy, const struct topology *topo,
		     const struct node_load *loads, int preferred, uint64_t bytes)
{
	switch (strategy) {
	case NODE_LOCAL_FIRST:
		return local_first(topo, loads, preferred, bytes);
	case NODE_LOAD_BALANCED:
		return least(topo, loads, bytes, balance_score);
	case NODE_BANDWIDTH:
		return least(topo, loads, bytes, bandwidth);
	default:
		return adaptive(topo, loads, preferred, bytes);
	}
}
