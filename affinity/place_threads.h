#ifndef SITU_AFFINITY_PLACE_THREADS_H
#define SITU_AFFINITY_PLACE_THREADS_H

#include "affinity/place_job.h"

/* CPUs of the I/O and emulator threads, once vCPUs have theirs. Part of the placement engine; one
 * thread. Fills plan->threads, io_cpus, emulator_cpus; false after plan_refuse() (strict devices).
 */
bool threads_place(struct place_job *job);

#endif
