#ifndef SITU_CLI_PLAN_COMPARE_H
#define SITU_CLI_PLAN_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "cli/plan_request.h"

/*
 * The same VM under each policy, and a placement made by hand beside the one that situ would make.
 * Main thread only. Each VM has the host to itself here, but for what is taken.
 */

/* A table, or the list "compare"; a VM per table. -errno where a request is refused. */
int plan_compare_text(FILE *out, const struct plan_request *request, struct err *err);
int plan_compare_json(json_t **list, const struct plan_request *request, struct err *err);

/* `plan` is that of request with pins on VM 0; the same VM is placed again without them. */
int plan_score_text(FILE *out, const struct plan_request *request, const struct place_plan *plan,
		    struct err *err);
int plan_score_json(json_t **score, const struct plan_request *request,
		    const struct place_plan *plan, struct err *err);

#endif
