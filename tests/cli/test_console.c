#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "cli/console.h"

/* A console on a pipe that nobody reads, as standard output of this test's own process. */
struct stuck {
	struct console console;
	struct serial serial;
	struct loop loop;
	pthread_t writer;
	int reader_fd;
};

static void set_irq(void *arg, bool level)
{
	(void)arg;
	(void)level;
}

static void *write_on(void *arg)
{
	struct stuck *stuck = arg;
	uint8_t byte = 'x';

	for (int i = 0; i < 70000; i++) /* a pipe holds 65536 */
		serial_access(&stuck->serial, 0, &byte, 1, true);
	return NULL;
}

static void stuck_init(struct stuck *stuck)
{
	const struct vm_console config = { .mode = VM_CONSOLE_TTY };
	struct serial_host host;
	struct err err;
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_geq(dup2(ends[1], STDOUT_FILENO), 0);
	close(ends[1]);
	stuck->reader_fd = ends[0];
	cr_assert_eq(loop_init(&stuck->loop, &err), 0);
	cr_assert_eq(console_init(&stuck->console, &config, &err), 0);
	host = console_host(&stuck->console);
	serial_init(&stuck->serial, (struct irq_pin){ set_irq, NULL }, &host);
	cr_assert_eq(
		console_attach(&stuck->console, &stuck->serial, &stuck->loop, NULL, NULL, &err), 0,
		"%s", err.text);
	cr_assert_eq(pthread_create(&stuck->writer, NULL, write_on, stuck), 0);
}

static void stuck_fini(struct stuck *stuck)
{
	pthread_join(stuck->writer, NULL);
	console_detach(&stuck->console);
	console_fini(&stuck->console);
	serial_fini(&stuck->serial);
	loop_fini(&stuck->loop);
	close(stuck->reader_fd);
}

static bool is_full(void)
{
	char byte = 'y';
	int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	bool full = write(fd, &byte, 1) < 0;

	close(fd);
	return full;
}

Test(console, a_reader_that_reads_nothing_keeps_neither_the_port_nor_the_end_waiting, .timeout = 60)
{
	static struct stuck stuck;

	stuck_init(&stuck);
	while (!is_full())
		usleep(1000);
	usleep(1000); /* now the writer waits, or will soon */
	cr_expect_eq(serial_room(&stuck.serial), 1); /* would wait for ever */
	loop_stop(&stuck.loop);
	stuck_fini(&stuck); /* so would this */
}
