#ifndef SITU_CLI_MEASURE_H
#define SITU_CLI_MEASURE_H

#include <stdbool.h>

#include "affinity/topology.h"
#include "base/err.h"

/* "situ topo --measure FILE": measures this host's latencies, writes the file, prints a summary.
 * Main thread only. FILE "auto" is the host's own file, where `plan` and `run` look by themselves.
 */
int measure_host(const struct topology *topo, const char *path, struct err *err);

#endif
