#ifndef SITU_BASE_LOG_H
#define SITU_BASE_LOG_H

#include <stdint.h>

/*
 * Messages for people, one line each, to stderr or a file. Any thread; errno is preserved.
 * A line reads "situ: <level>: [<thread>: ]<text>"; the thread's name is added beside the main
 * thread's.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Set once in main(), before threads. fd stays the caller's. Default: LOG_WARN to stderr. */
void log_setup(enum log_level most, int fd);
int log_enabled(enum log_level level);
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* For messages that a guest can cause: at most `burst` a second pass, the rest are counted. */
struct log_limit {
	uint64_t window_ns;
	unsigned int passed, dropped;
};
int log_limit_pass(struct log_limit *limit, unsigned int burst);

#endif
