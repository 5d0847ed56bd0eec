#include "bench/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const counter_names[NR_COUNTERS] = {
	[COUNTER_CYCLES] = "cycles",
	[COUNTER_INSTRUCTIONS] = "instructions",
	[COUNTER_LLC_LOAD_MISSES] = "llc_load_misses",
	[COUNTER_NODE_LOAD_MISSES] = "node_load_misses",
	[COUNTER_MIGRATIONS] = "migrations",
};

#define LOAD_MISSES(cache) \
	((cache) | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

static const struct {
	uint32_t type;
	uint64_t config;
} events[NR_COUNTERS] = {
	[COUNTER_CYCLES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	[COUNTER_INSTRUCTIONS] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	[COUNTER_LLC_LOAD_MISSES] = { PERF_TYPE_HW_CACHE, LOAD_MISSES(PERF_COUNT_HW_CACHE_LL) },
	[COUNTER_NODE_LOAD_MISSES] = { PERF_TYPE_HW_CACHE, LOAD_MISSES(PERF_COUNT_HW_CACHE_NODE) },
	[COUNTER_MIGRATIONS] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
};

/* Counts what the thread does in the guest as well as outside: exclude_* stay 0. */
static int host_open(void *arg, enum counter which)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = events[which].type,
		.config = events[which].config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	(void)arg;
	return fd < 0 ? -errno : (int)fd;
}

static int host_read(void *arg, int handle, struct counter_raw *raw)
{
	ssize_t len = read(handle, raw, sizeof(*raw));

	(void)arg;
	if (len < 0)
		return -errno;
	return len == sizeof(*raw) ? 0 : -EIO;
}

static void host_close(void *arg, int handle)
{
	(void)arg;
	close(handle);
}

const struct counter_source counters_of_host = {
	.open = host_open,
	.read = host_read,
	.close = host_close,
};

static int none_open(void *arg, enum counter which)
{
	(void)arg;
	(void)which;
	return -ENOENT;
}

const struct counter_source counters_none = { .open = none_open };

void counters_open(struct counters *counters, const struct counter_source *source)
{
	counters->source = source;
	for (int i = 0; i < NR_COUNTERS; i++)
		counters->handles[i] = source->open(source->arg, (enum counter)i);
}

void counters_close(struct counters *counters)
{
	for (int i = 0; i < NR_COUNTERS; i++)
		if (counters->source && counters->handles[i] >= 0)
			counters->source->close(counters->source->arg, counters->handles[i]);
	counters->source = NULL;
}

void counters_read(const struct counters *counters, struct counter_values *now)
{
	const struct counter_source *source = counters->source;

	*now = (struct counter_values){ 0 };
	for (int i = 0; i < NR_COUNTERS; i++) {
		int ret = counters->handles[i];

		if (ret >= 0)
			ret = source->read(source->arg, ret, &now->raw[i]);
		now->errnums[i] = ret < 0 ? -ret : 0;
	}
}

static int one_since(const struct counter_raw *before, const struct counter_raw *after,
		     double *value)
{
	double counted = (double)(after->value - before->value);
	double enabled = (double)(after->enabled_ns - before->enabled_ns);
	double running = (double)(after->running_ns - before->running_ns);

	if (enabled > 0 && running <= 0)
		return EBUSY; /* it never got a counter */
	*value = running > 0 && running < enabled ? counted * (enabled / running) : counted;
	return 0;
}

void counters_since(const struct counter_values *before, const struct counter_values *after,
		    struct counter_values *counted)
{
	*counted = (struct counter_values){ 0 };
	for (int i = 0; i < NR_COUNTERS; i++) {
		counted->errnums[i] = before->errnums[i] ? before->errnums[i] : after->errnums[i];
		if (!counted->errnums[i])
			counted->errnums[i] =
				one_since(&before->raw[i], &after->raw[i], &counted->values[i]);
	}
}

void counters_add(struct counter_values *sum, const struct counter_values *more)
{
	for (int i = 0; i < NR_COUNTERS; i++) {
		sum->values[i] += more->values[i];
		if (!sum->errnums[i])
			sum->errnums[i] = more->errnums[i];
	}
}

const char *counter_reason(int errnum)
{
	switch (errnum) {
	case 0:
		return "known";
	case EACCES:
	case EPERM:
		return "not permitted: kernel.perf_event_paranoid, or a container's seccomp filter";
	case ENOENT:
	case EOPNOTSUPP:
	case ENODEV:
		return "not supported: this machine has no such hardware counter";
	case EBUSY:
		return "other events kept the hardware counters";
	case ENOSYS:
		return "not supported: this kernel has no perf events";
	default:
		return "the kernel refused the event";
	}
}
