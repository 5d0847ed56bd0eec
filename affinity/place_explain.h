#ifndef SITU_AFFINITY_PLACE_EXPLAIN_H
#define SITU_AFFINITY_PLACE_EXPLAIN_H

#include "affinity/place_job.h"

/* Reasons and warnings of a finished plan, by rule, each with a code. Part of the placement engine.
 */
void explain(struct place_job *job);

#endif
