#ifndef SITU_AFFINITY_PLACE_REFINE_H
#define SITU_AFFINITY_PLACE_REFINE_H

#include "affinity/place_job.h"

/* Improves job->cpu by search where the traffic or the latencies are known, and proves it best
 * where that is quick. Part of the placement engine; one thread. False after plan_refuse(). */
bool refine(struct place_job *job);

#endif
