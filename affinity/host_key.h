#ifndef SITU_AFFINITY_HOST_KEY_H
#define SITU_AFFINITY_HOST_KEY_H

#include <stddef.h>

#include "base/err.h"
#include "base/fs.h"

/*
 * Which host, and which of its boot configurations, a measurement belongs to. Any thread.
 *
 * A key is text for people and scripts, fields joined by ';':
 *   "machine=6b1c...;model=AMD EPYC 7742 64-Core Processor;cpus=0-255;nodes=0-1;shape=91ab..."
 * machine is a hash of /etc/machine-id (machine-id(5) asks not to show it), shape one of the CPU
 * lists of all nodes, cores and L3s and of the node distances: SMT, sub-NUMA clustering and NPS
 * settings change it. What is not told by the host is "unknown" and equals only itself.
 */

/* The caller frees. Never fails: a host that tells nothing has a key of unknowns. */
char *host_key_read(const struct fs_root *root);

/* 0 where they are the same; else 1, and `what` names the first field that differs. */
int host_key_compare(const char *measured, const char *own, char *what, size_t len);

#endif
