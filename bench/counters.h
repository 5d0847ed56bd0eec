#ifndef SITU_BENCH_COUNTERS_H
#define SITU_BENCH_COUNTERS_H

#include <stdint.h>

/*
 * Performance counters of one thread. The thread that shall be counted opens them; any one thread
 * at a time reads. Where they come from is a seam: this host (perf_event_open(2)), or a fake.
 *
 * An event that the machine does not offer is remembered with its errno, never read as 0.
 */
enum counter {
	COUNTER_CYCLES,
	COUNTER_INSTRUCTIONS,
	COUNTER_LLC_LOAD_MISSES,
	COUNTER_NODE_LOAD_MISSES,
	COUNTER_MIGRATIONS, /* the scheduler moved the thread; a software event, so always there */
	NR_COUNTERS
};
extern const char *const counter_names[NR_COUNTERS];

/* What the kernel returns with PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING: the two times differ
 * where events share a counter in turn. */
struct counter_raw {
	uint64_t value, enabled_ns, running_ns;
};

struct counter_source {
	int (*open)(void *arg, enum counter which); /* for the calling thread; a handle or -errno */
	int (*read)(void *arg, int handle, struct counter_raw *raw); /* 0 or -errno */
	void (*close)(void *arg, int handle);
	void *arg;
};
extern const struct counter_source counters_of_host;
extern const struct counter_source counters_none; /* offers nothing */

struct counters {
	const struct counter_source *source;
	int handles[NR_COUNTERS]; /* or -errno */
};

struct counter_values {
	double values[NR_COUNTERS];
	int errnums[NR_COUNTERS]; /* 0: the value is known; otherwise why not */
	struct counter_raw raw[NR_COUNTERS];
};

void counters_open(struct counters *counters, const struct counter_source *source);
void counters_close(struct counters *counters);
void counters_read(const struct counters *counters, struct counter_values *now);
/* What was counted between two readings, scaled up where the event was counted part of the time. */
void counters_since(const struct counter_values *before, const struct counter_values *after,
		    struct counter_values *counted);
/* Adds; an event that either side lacks is unknown in the sum. */
void counters_add(struct counter_values *sum, const struct counter_values *more);
/* Why an event is absent, for people: static text. */
const char *counter_reason(int errnum);

#endif
