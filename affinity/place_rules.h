#ifndef SITU_AFFINITY_PLACE_RULES_H
#define SITU_AFFINITY_PLACE_RULES_H

#include "affinity/place_dp.h"

/* What each policy minimises, in order. Pure; any thread. */

/* SPREAD has a rule too: it is what its cost is told by. communicates: traffic was given. */
const struct dp_rule *place_rule(enum place_cpu_policy cpu, enum place_smt smt, bool communicates);

#endif
