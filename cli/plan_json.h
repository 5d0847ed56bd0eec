#ifndef SITU_CLI_PLAN_JSON_H
#define SITU_CLI_PLAN_JSON_H

#include <jansson.h>

#include "affinity/place.h"
#include "affinity/rules.h"

/* A plan as the document of product.md that scripts rely on. Main thread only. */
json_t *plan_json(const struct topology *topo, const struct place_plan *plan,
		  const struct findings *findings);

#endif
