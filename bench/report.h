#ifndef SITU_BENCH_REPORT_H
#define SITU_BENCH_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/host_info.h"
#include "bench/session.h"

/*
 * A finished session as data: one JSON document, samples as CSV, a drawing. Pure but for the
 * stream. One thread.
 */

/* The keys of "pairs" and "summary" are a contract (docs/ring.md). What could not be measured is
 * null, and "unavailable" beside it says why. The caller owns the result. */
json_t *report_json(const struct bench_session *session, const struct host_info *host);

/* One line per sample: crew, producer, consumer, relation, ring_node, ring, padding, batch, pauses,
 * words, capacity, round, mops (empty: dropped). */
void report_csv(const struct bench_session *session, FILE *out);

/* Producers down, consumers across; the colour is the throughput of the variant that speaks for a
 * pair, grey where a pair was not measured. */
void report_svg(const struct bench_session *session, FILE *out);

/* "none", "pause" or "back-off N", by the number of PAUSEs. */
const char *report_wait(uint32_t pauses, char text[32]);
/* How much the samples of a case scatter: excellent (under 5 % standard deviation), good (15), warn
 * (30), poor. */
const char *report_variance(const struct stats *stats);

#endif
