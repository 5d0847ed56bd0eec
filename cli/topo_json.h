#ifndef SITU_CLI_TOPO_JSON_H
#define SITU_CLI_TOPO_JSON_H

#include <jansson.h>

#include "affinity/topology.h"

/* A map as the JSON document that "situ topo --json" prints (docs/man/situ.1). Any thread; the
 * caller owns the reference. */
json_t *topo_json(const struct topology *topo);

#endif
