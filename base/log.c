#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct sink {
	enum log_level most;
	int fd;
};

/* Written once by log_setup() before threads exist, read by all of them. */
static struct sink sink = { LOG_WARN, STDERR_FILENO };

void log_setup(enum log_level most, int fd)
{
	sink.most = most;
	sink.fd = fd;
}

int log_enabled(enum log_level level)
{
	return level <= sink.most;
}

static size_t prefix(char *line, size_t len, enum log_level level)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	char thread[16] = "";

	if (gettid() != getpid())
		pthread_getname_np(pthread_self(), thread, sizeof(thread));
	return (size_t)snprintf(line, len, "situ: %s: %s%s", names[level], thread,
				*thread ? ": " : "");
}

void log_at(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char line[1024];
	size_t used;
	va_list ap;

	if (!log_enabled(level))
		return;
	used = prefix(line, sizeof(line), level);
	errno = saved; /* for %m */
	va_start(ap, fmt);
	vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);
	va_end(ap);
	used = strlen(line);
	line[used++] = '\n';
	/* One write per line keeps lines of several threads whole; nobody to tell if it fails. */
	if (write(sink.fd, line, used) < 0)
		errno = saved;
	errno = saved;
}

int log_limit_pass(struct log_limit *limit, unsigned int burst)
{
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (now_ns - limit->window_ns >= 1000000000u || !limit->window_ns) {
		limit->window_ns = now_ns;
		limit->passed = 0;
	}
	if (limit->passed < burst) {
		limit->passed++;
		return 1;
	}
	limit->dropped++;
	return 0;
}
