#ifndef SITU_AFFINITY_HOST_LATENCY_H
#define SITU_AFFINITY_HOST_LATENCY_H

#include "affinity/latency.h"
#include "base/err.h"

/*
 * The host's own measurement: where it is kept, and whether it still holds. Any thread.
 *
 * One file per host, /var/lib/situ/latency.json, written by root for all; a user who may not write
 * there has $XDG_STATE_HOME/situ (or ~/.local/state/situ) instead, which is looked at first.
 */

/* Where this user's measurement belongs; the folder is made. The caller frees; NULL with err. */
char *host_latency_path(struct err *err);

/* Loads a file that must be of this host and boot configuration: -ESTALE (EXIT_INPUT) names what
 * differs and how to measure again. A bare CSV has no key: it loads, and latency->key is NULL. */
int host_latency_load_file(struct latency *latency, const char *path, struct err *err);

/* The host's own measurement, if there is one that fits: 0, and *path says which, to be freed.
 * -ENOENT where there is none; -ESTALE with err where there is one and it does not fit. */
int host_latency_find(struct latency *latency, char **path, struct err *err);

#endif
