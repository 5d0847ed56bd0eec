#include "vmm/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* loop_stop() only writes to the eventfd, so it may come from anywhere; the flag is the loop's. */
static void on_stop(void *arg, uint32_t events)
{
	struct loop *loop = arg;

	(void)events;
	loop->stopped = true;
}

int loop_init(struct loop *loop, struct err *err)
{
	*loop = (struct loop){ .epoll_fd = -1,
			       .stopper = { .fd = -1, .fn = on_stop, .arg = loop } };
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return err_sys(err, EXIT_HOST, errno, "loop: cannot create an epoll descriptor");
	loop->stopper.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stopper.fd < 0)
		return err_sys(err, EXIT_HOST, errno, "loop: cannot create an eventfd");
	return loop_add(loop, &loop->stopper, EPOLLIN, err);
}

void loop_fini(struct loop *loop)
{
	if (loop->stopper.fd >= 0)
		close(loop->stopper.fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	*loop = (struct loop){ .epoll_fd = -1, .stopper.fd = -1 };
}

static int control(struct loop *loop, int op, struct loop_source *source, uint32_t events,
		   struct err *err)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (!epoll_ctl(loop->epoll_fd, op, source->fd, &event))
		return 0;
	return err_sys(err, EXIT_HOST, errno, "loop: cannot watch descriptor %d", source->fd);
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events, struct err *err)
{
	return control(loop, EPOLL_CTL_ADD, source, events, err);
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events, struct err *err)
{
	return control(loop, EPOLL_CTL_MOD, source, events, err);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	/* What epoll_wait() already reported for it must not be handled any more. */
	for (int i = 0; i < loop->nr_batch; i++)
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = NULL;
}

void loop_remove_owned(struct loop *loop, struct loop_source *source)
{
	loop_remove(loop, source);
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

int loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t period_ns,
		   struct err *err)
{
	struct itimerspec spec = {
		.it_value = timespec_of(first_ns ? first_ns : 1), /* 0 would disarm it */
		.it_interval = timespec_of(period_ns),
	};

	if (!timerfd_settime(source->fd, 0, &spec, NULL))
		return 0;
	return err_sys(err, EXIT_HOST, errno, "loop: cannot set a timer");
}

/* Registers a descriptor made for this source; it is closed again if that fails. */
static int add_owned(struct loop *loop, struct loop_source *source, int fd, const char *what,
		     struct err *err)
{
	int ret;

	source->fd = fd;
	if (fd < 0)
		return err_sys(err, EXIT_HOST, errno, "loop: cannot create a %s", what);
	ret = loop_add(loop, source, EPOLLIN, err);
	if (ret)
		loop_remove_owned(loop, source);
	return ret;
}

int loop_add_timer(struct loop *loop, struct loop_source *source, uint64_t first_ns,
		   uint64_t period_ns, struct err *err)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int ret = add_owned(loop, source, fd, "timer", err);

	if (ret)
		return ret;
	ret = loop_set_timer(source, first_ns, period_ns, err);
	if (ret)
		loop_remove_owned(loop, source);
	return ret;
}

uint64_t loop_timer_expirations(const struct loop_source *source)
{
	uint64_t times = 0;

	return read(source->fd, &times, sizeof(times)) == sizeof(times) ? times : 0;
}

int loop_add_signals(struct loop *loop, struct loop_source *source, const sigset_t *set,
		     struct err *err)
{
	return add_owned(loop, source, signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK),
			 "signal descriptor", err);
}

int loop_signal(const struct loop_source *source)
{
	struct signalfd_siginfo info;

	return read(source->fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

static void handle_batch(struct loop *loop)
{
	for (int i = 0; i < loop->nr_batch && !loop->stopped; i++) {
		struct loop_source *source = loop->batch[i].data.ptr;

		if (source)
			source->fn(source->arg, loop->batch[i].events);
	}
	loop->nr_batch = 0;
}

int loop_run(struct loop *loop, struct err *err)
{
	while (!loop->stopped) {
		int nr = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, -1);

		if (nr < 0 && errno != EINTR)
			return err_sys(err, EXIT_HOST, errno, "loop: cannot wait");
		loop->nr_batch = nr < 0 ? 0 : nr;
		handle_batch(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	const uint64_t one = 1;
	int saved = errno;

	/* It fails only when the counter is full, and then the loop is already told. */
	if (write(loop->stopper.fd, &one, sizeof(one)) < 0)
		errno = saved;
}

int loop_stop_fd(const struct loop *loop)
{
	return loop->stopper.fd; /* nobody reads it, so it stays readable */
}
