#ifndef SITU_AFFINITY_WEIGHTS_H
#define SITU_AFFINITY_WEIGHTS_H

#include <stddef.h>

#include "base/err.h"

/*
 * Traffic between vCPUs as a file: n lines of n numbers, separated by commas, blanks or both. What
 * the unit is does not matter to the order of placements; lines exchanged per second is meant.
 * Comments start with '#'. Pure but for the load; any thread.
 */
#define WEIGHTS_MAX_BYTES (64u << 20)

/* Reads exactly nr x nr finite numbers >= 0 into *weights, which the caller frees. -EINVAL names
 * line and column of what is wrong, *weights is then NULL. The diagonal is ignored. */
int weights_parse(const char *text, unsigned int nr, double **weights, struct err *err);
/* The same from a file; err names the path. */
int weights_load(const char *path, unsigned int nr, double **weights, struct err *err);

#endif
