#include "affinity/place_rules.h"

/* "auto" counts no sibling as capacity: XenServer measured 40 to 75 % lost on spare hyperthreads
 * against 20 % gained by staying in a node. */
static const struct dp_rule by_nodes = {
	.text = "fewest shared CPUs, siblings, nodes; then the node preferred, least cost, most "
		"room left",
	.nr_keys = 6,
	.keys = { DP_SHARED, DP_SIBLINGS, DP_NODES, DP_PREFERENCE, DP_COST, DP_ROOM },
	.smt = PLACE_SMT_AUTO,
};

static const struct dp_rule by_cost = {
	.text = "fewest shared CPUs and siblings; then least cost, the node preferred, most room "
		"left",
	.nr_keys = 5,
	.keys = { DP_SHARED, DP_SIBLINGS, DP_COST, DP_PREFERENCE, DP_ROOM },
	.smt = PLACE_SMT_AUTO,
};

static const struct dp_rule isolated = {
	.text = "whole cores, sibling empty; fewest nodes, the node preferred, least cost, most "
		"room left",
	.nr_keys = 4,
	.keys = { DP_NODES, DP_PREFERENCE, DP_COST, DP_ROOM },
	.smt = PLACE_SMT_ISOLATE,
};

static const struct dp_rule isolated_by_cost = {
	.text = "whole cores, sibling empty; least cost, the node preferred, most room left",
	.nr_keys = 3,
	.keys = { DP_COST, DP_PREFERENCE, DP_ROOM },
	.smt = PLACE_SMT_ISOLATE,
};

static const struct dp_rule paired = {
	.text = "whole cores filled; fewest nodes, the node preferred, least cost, most room left",
	.nr_keys = 5,
	.keys = { DP_HALF, DP_NODES, DP_PREFERENCE, DP_COST, DP_ROOM },
	.smt = PLACE_SMT_REQUIRE,
	.pack = true,
};

static const struct dp_rule paired_by_cost = {
	.text = "whole cores filled; least cost, the node preferred, most room left",
	.nr_keys = 4,
	.keys = { DP_HALF, DP_COST, DP_PREFERENCE, DP_ROOM },
	.smt = PLACE_SMT_REQUIRE,
	.pack = true,
};

#define COMPACT(how, packing)                                                                     \
	{                                                                                         \
		.text = "fewest packages, nodes, L3s, cores; then least cost, most room left",    \
		.nr_keys = 7,                                                                     \
		.keys = { DP_SHARED, DP_PACKAGES, DP_NODES, DP_L3S, DP_CORES, DP_COST, DP_ROOM }, \
		.smt = (how), .pack = (packing),                                                  \
	}

static const struct dp_rule compact[NR_PLACE_SMT] = {
	[PLACE_SMT_AUTO] = COMPACT(PLACE_SMT_AUTO, true),
	[PLACE_SMT_SHARE] = COMPACT(PLACE_SMT_REQUIRE, true),
	[PLACE_SMT_ISOLATE] = COMPACT(PLACE_SMT_ISOLATE, false),
	[PLACE_SMT_REQUIRE] = COMPACT(PLACE_SMT_REQUIRE, true),
};

const struct dp_rule *place_rule(enum place_cpu_policy cpu, enum place_smt smt, bool communicates)
{
	if (cpu == PLACE_CPU_COMPACT)
		return &compact[smt];
	switch (smt) {
	case PLACE_SMT_ISOLATE:
		return communicates ? &isolated_by_cost : &isolated;
	case PLACE_SMT_SHARE:
	case PLACE_SMT_REQUIRE:
		return communicates ? &paired_by_cost : &paired;
	default:
		return communicates ? &by_cost : &by_nodes;
	}
}
