#ifndef SITU_AFFINITY_TOPOLOGY_TEXT_H
#define SITU_AFFINITY_TOPOLOGY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What is checked of foreign text before hwloc may read it, and the readers of small kernel files.
 * Pure; any thread. For the files topology*.c and their tests alone.
 */

/* hwloc's XML reader calls itself for each level of nesting, so a deep file would end the process.
 * -EINVAL beyond TOPOLOGY_XML_DEPTH; whether the text is XML is for hwloc to say. */
#define TOPOLOGY_XML_DEPTH 200
int topology_check_xml(const char *text, struct err *err);

/* A description of millions of CPUs would keep hwloc busy until memory ends. -ERANGE where the
 * product of all counts is above CPUSET_MAX. */
int topology_check_synthetic(const char *text, struct err *err);

/* The line "Node N KEY:  123 kB" of a node's meminfo, in bytes. */
bool topology_meminfo(const char *text, const char *key, uint64_t *bytes);

#endif
