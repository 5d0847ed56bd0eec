#ifndef SITU_AFFINITY_PLACE_ACCOUNT_H
#define SITU_AFFINITY_PLACE_ACCOUNT_H

#include "affinity/place_job.h"

/* Writes down what was decided and what it costs. Part of the placement engine; one thread. */

/* plan->vcpus and plan->reserved from job->cpu. */
void account_vcpus(struct place_job *job);

/* plan->cost, total, lower_bound, exact; after memory and threads are placed. */
void account_cost(struct place_job *job);

/* T1 of the job's vCPUs as they are, lines' homes on the VM's memory; ns of stall per second. */
double account_comm(const struct place_job *job);

#endif
