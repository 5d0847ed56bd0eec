#ifndef SITU_BENCH_CLOCK_H
#define SITU_BENCH_CLOCK_H

/* Clocks of this host. Any thread. */

/* How long a tick of the time-stamp counter is on this host: measured against CLOCK_MONOTONIC_RAW
 * over 20 ms, better than one in ten thousand. */
double clock_ns_per_tick(void);
/* CLOCK_MONOTONIC in seconds. */
double clock_now(void);

#endif
