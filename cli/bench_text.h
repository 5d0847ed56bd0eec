#ifndef SITU_CLI_BENCH_TEXT_H
#define SITU_CLI_BENCH_TEXT_H

#include <stdio.h>

#include "bench/report.h"

/* A finished benchmark for people: tables with bars, then what they say in words. Main thread. */
void bench_print_text(const struct bench_session *session, const struct host_info *host, FILE *out);

#endif
