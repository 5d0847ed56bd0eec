#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int pipe_fds[2];

static void enter(void)
{
	cr_assert_eq(pipe(pipe_fds), 0);
	log_setup(LOG_INFO, pipe_fds[1]);
}

TestSuite(log, .init = enter);

static void expect_line(const char *line)
{
	char buf[2048] = "";

	cr_assert_gt(read(pipe_fds[0], buf, sizeof(buf) - 1), 0);
	cr_assert_str_eq(buf, line);
}

Test(log, a_line_names_level_and_text_and_errno_survives)
{
	errno = ENOENT;
	log_warn("cannot read: %m");
	cr_assert_eq(errno, ENOENT);
	expect_line("situ: warning: cannot read: No such file or directory\n");
}

static void *speak(void *arg)
{
	pthread_setname_np(pthread_self(), "vcpu3");
	log_error("%s", (const char *)arg);
	return NULL;
}

Test(log, a_thread_beside_the_main_one_is_named)
{
	pthread_t thread;

	pthread_create(&thread, NULL, speak, (void *)"stopped");
	pthread_join(thread, NULL);
	expect_line("situ: error: vcpu3: stopped\n");
}

Test(log, what_is_below_the_level_is_silent)
{
	cr_assert_not(log_enabled(LOG_DEBUG));
	log_debug("hidden");
	log_info("seen");
	expect_line("situ: info: seen\n");
}

Test(log, a_long_text_is_cut_and_still_ends_the_line)
{
	char text[4096], buf[4096];
	ssize_t got;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	got = read(pipe_fds[0], buf, sizeof(buf));
	cr_assert_gt(got, 1000);
	cr_assert_lt(got, 1100);
	cr_assert_eq(buf[got - 1], '\n');
}

Test(log, a_limit_lets_a_burst_pass_and_counts_the_rest)
{
	struct log_limit limit = { 0 };
	int passed = 0;

	for (int i = 0; i < 100; i++)
		passed += log_limit_pass(&limit, 5);
	/* The window may have turned over once meanwhile. */
	cr_assert(passed == 5 || passed == 10);
	cr_assert_eq(limit.dropped, 100u - (unsigned int)passed);
}
