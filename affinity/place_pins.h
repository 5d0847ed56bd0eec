#ifndef SITU_AFFINITY_PLACE_PINS_H
#define SITU_AFFINITY_PLACE_PINS_H

#include "affinity/place_job.h"

/* Puts the vCPUs that the request pins, before anything else is placed; part of the placement
 * engine. A vCPU that may choose among several CPUs gets one such that all pinned vCPUs find their
 * own; false after plan_refuse(). */
bool pins_place(struct place_job *job);

#endif
