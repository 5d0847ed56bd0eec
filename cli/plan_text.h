#ifndef SITU_CLI_PLAN_TEXT_H
#define SITU_CLI_PLAN_TEXT_H

#include <stdio.h>

#include "affinity/place.h"
#include "affinity/rules.h"

/* A plan in words, for people: where each vCPU, page and thread goes, why, what it costs, what else
 * was weighed. Main thread only. Lines are broken at `columns`, but for those of errors and
 * warnings, which scripts search. */
void plan_print_text(FILE *out, const struct topology *topo, const struct place_plan *plan,
		     unsigned int columns);
/* The few lines that `situ run` says before it starts: one VM's places and its warnings. */
void plan_print_brief(FILE *out, const struct topology *topo, const struct place_vm_plan *vm,
		      unsigned int columns);
/* Nanoseconds as milliseconds with four digits, and never an exponent. Returns text. */
#define PLAN_MS_TEXT 32
const char *plan_ms(double ns, char text[PLAN_MS_TEXT]);
/* "ERROR: Instance db: ...", each with its remedy below it. */
void plan_print_findings(FILE *out, const struct findings *findings);

#endif
