#ifndef SITU_BENCH_CASES_H
#define SITU_BENCH_CASES_H

#include "bench/session.h"

/* From options to the list of what is measured, for session.c alone. One thread. */
void cases_of_rings(struct bench_session *session);
void cases_of_memory(struct bench_session *session);
/* A channel inside each of two nodes at once, beside one across them; where there are two nodes. */
void cases_of_channels(struct bench_session *session);
/* The seed's uncontended configurations: one thread, both ends (the producer's CPU of a pair). */
void cases_of_solo(struct bench_session *session);

#endif
