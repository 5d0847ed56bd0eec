#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/loop.h"

struct state {
	struct loop loop;
	struct loop_source first, second;
	unsigned int nr_first, nr_second;
	int signal;
};

static void set_up(struct state *state)
{
	struct err err = { 0 };

	*state = (struct state){ 0 };
	cr_assert_eq(loop_init(&state->loop, &err), 0, "%s", err.text);
}

static void on_timer(void *arg, uint32_t events)
{
	struct state *state = arg;

	(void)events;
	state->nr_first += (unsigned int)loop_timer_expirations(&state->first);
	if (state->nr_first >= 3)
		loop_stop(&state->loop);
}

Test(loop, a_periodic_timer_goes_off_until_the_loop_is_stopped)
{
	struct err err = { 0 };
	struct state state;

	set_up(&state);
	state.first = (struct loop_source){ .fd = -1, .fn = on_timer, .arg = &state };
	cr_assert_eq(loop_add_timer(&state.loop, &state.first, 0, 1000000, &err), 0);
	cr_expect_eq(loop_run(&state.loop, &err), 0);
	cr_expect_geq(state.nr_first, 3);
	loop_remove_owned(&state.loop, &state.first);
	cr_expect_eq(state.first.fd, -1);
	loop_fini(&state.loop);
}

/* Both are ready in one batch; whichever comes first takes the other away. */
static void on_first(void *arg, uint32_t events)
{
	struct state *state = arg;

	(void)events;
	state->nr_first++;
	loop_remove(&state->loop, &state->second);
	loop_stop(&state->loop);
}

static void on_second(void *arg, uint32_t events)
{
	struct state *state = arg;

	(void)events;
	state->nr_second++;
	loop_remove(&state->loop, &state->first);
	loop_stop(&state->loop);
}

Test(loop, a_source_removed_by_a_callback_is_not_called_any_more)
{
	struct err err = { 0 };
	struct state state;

	set_up(&state);
	state.first = (struct loop_source){ eventfd(1, 0), on_first, &state };
	state.second = (struct loop_source){ eventfd(1, 0), on_second, &state };
	cr_assert_eq(loop_add(&state.loop, &state.first, EPOLLIN, &err), 0);
	cr_assert_eq(loop_add(&state.loop, &state.second, EPOLLIN, &err), 0);
	cr_expect_eq(loop_run(&state.loop, &err), 0);
	cr_expect_eq(!state.nr_first + !state.nr_second, 1, "one of the two, and never the other");
	close(state.first.fd);
	close(state.second.fd);
	loop_fini(&state.loop);
}

static void on_signal(void *arg, uint32_t events)
{
	struct state *state = arg;

	(void)events;
	state->signal = loop_signal(&state->first);
	cr_expect_eq(loop_signal(&state->first), 0);
	loop_stop(&state->loop);
}

Test(loop, a_signal_is_an_event)
{
	struct err err = { 0 };
	struct state state;
	sigset_t set;

	set_up(&state);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	state.first = (struct loop_source){ .fd = -1, .fn = on_signal, .arg = &state };
	cr_assert_eq(loop_add_signals(&state.loop, &state.first, &set, &err), 0);
	raise(SIGUSR2);
	cr_expect_eq(loop_run(&state.loop, &err), 0);
	cr_expect_eq(state.signal, SIGUSR2);
	loop_remove_owned(&state.loop, &state.first);
	loop_fini(&state.loop);
}

static void *stop_later(void *arg)
{
	usleep(2000);
	loop_stop(arg);
	return NULL;
}

Test(loop, another_thread_stops_it_and_a_stopped_loop_does_not_run)
{
	struct err err = { 0 };
	struct state state;
	pthread_t thread;

	set_up(&state);
	pthread_create(&thread, NULL, stop_later, &state.loop);
	cr_expect_eq(loop_run(&state.loop, &err), 0);
	pthread_join(thread, NULL);
	cr_expect_eq(loop_run(&state.loop, &err), 0);
	loop_fini(&state.loop);
}

Test(loop, a_descriptor_that_cannot_be_watched_is_an_error)
{
	struct err err = { 0 };
	struct state state;

	set_up(&state);
	state.first = (struct loop_source){ 9999, on_first, &state };
	cr_expect_lt(loop_add(&state.loop, &state.first, EPOLLIN, &err), 0);
	cr_expect_eq(err.status, EXIT_HOST);
	loop_fini(&state.loop);
}
