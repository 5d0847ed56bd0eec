#ifndef SITU_CLI_PLAN_TEXT_H
#define SITU_CLI_PLAN_TEXT_H

#include <stdio.h>

#include "affinity/place.h"

/* A plan in words, for people: where each vCPU, page and thread goes, why, what it costs, what else
 * was weighed. Main thread only. */
void plan_print_text(FILE *out, const struct place_plan *plan);

/* The few lines that `situ run` says before it starts: one VM's places and its warnings. */
void plan_print_brief(FILE *out, const struct place_vm_plan *vm);

#endif
