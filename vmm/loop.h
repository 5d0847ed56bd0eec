#ifndef SITU_VMM_LOOP_H
#define SITU_VMM_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

/*
 * The event loop: descriptors, timers and signals, handled one after the other by the thread that
 * runs it. All calls come from that thread (or from before it runs), but loop_stop(), which any
 * thread and any signal handler may call.
 *
 * A source is embedded in whatever it belongs to and stays valid until it is removed. A callback
 * may remove any source, its own too.
 */
typedef void (*loop_fn)(void *arg, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR */

struct loop_source {
	int fd; /* -1: not in a loop */
	loop_fn fn;
	void *arg;
};

#define LOOP_BATCH 16

struct loop {
	int epoll_fd;
	struct loop_source stopper; /* an eventfd */
	bool stopped;
	struct epoll_event batch[LOOP_BATCH];
	int nr_batch;
};

int loop_init(struct loop *loop, struct err *err);
void loop_fini(struct loop *loop);

/* Watches source->fd, which stays the caller's. events: EPOLLIN, EPOLLOUT or both; 0 pauses. */
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events, struct err *err);
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events, struct err *err);
void loop_remove(struct loop *loop, struct loop_source *source);

/* A timer: source->fd is created here and closed by loop_remove_owned(). First after first_ns,
 * then every period_ns; period 0: once. The callback calls loop_timer_expirations(), or is called
 * again at once. */
int loop_add_timer(struct loop *loop, struct loop_source *source, uint64_t first_ns,
		   uint64_t period_ns, struct err *err);
int loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t period_ns,
		   struct err *err);
/* How often it went off since the last call. */
uint64_t loop_timer_expirations(const struct loop_source *source);
/* Signals of the set: the caller has blocked them in every thread. Read them by loop_signal(). */
int loop_add_signals(struct loop *loop, struct loop_source *source, const sigset_t *set,
		     struct err *err);
int loop_signal(const struct loop_source *source); /* the next signal's number, 0: none left */
void loop_remove_owned(struct loop *loop, struct loop_source *source);

/* Handles events until loop_stop(); returns at once if that was called before. */
int loop_run(struct loop *loop, struct err *err);
void loop_stop(struct loop *loop);
/* Readable from loop_stop() on, for threads that wait for something else and shall not for ever. */
int loop_stop_fd(const struct loop *loop);

#endif
