#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/terminal.h"

#define LEAVE_KEY 0x1d /* Ctrl-] */

/* False: there is no room, and the VM ends. Write may block all the same, but not for one byte. */
static bool await_room(const struct console *console)
{
	struct pollfd fds[] = { { console->out_fd, POLLOUT, 0 },
				{ loop_stop_fd(console->loop), POLLIN, 0 } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[0].revents;
}

/* On the vCPU's thread. A reader that is slow holds the guest up; one that is gone does not, and
 * none keeps the VM from ending. */
static void write_out(void *arg, const uint8_t *data, size_t len)
{
	struct console *console = arg;

	while (len && console->out_fd >= 0 && await_room(console)) {
		ssize_t put = write(console->out_fd, data, 1);

		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (put > 0) {
			data++;
			len--;
		}
	}
}

/* On the vCPU's thread: wakes the loop's. */
static void signal_room(void *arg)
{
	struct console *console = arg;

	if (console->room.fd >= 0)
		eventfd_write(console->room.fd, 1);
}

/* Out of the loop, not just without events: a pipe that was closed reports that all the time. */
static void watch_input(struct console *console, bool watch)
{
	struct err err;

	if (console->input.fd < 0 || watch == console->watches_input)
		return;
	console->watches_input = watch;
	if (watch)
		loop_add(console->loop, &console->input, EPOLLIN, &err);
	else
		loop_remove(console->loop, &console->input);
}

static void end_input(struct console *console)
{
	watch_input(console, false);
	console->input.fd = -1;
}

static void on_input(void *arg, uint32_t events)
{
	struct console *console = arg;
	size_t room = serial_room(console->serial);
	uint8_t bytes[SERIAL_FIFO];
	ssize_t got;

	(void)events;
	if (!room) {
		watch_input(console, false);
		return;
	}
	got = read(STDIN_FILENO, bytes, room);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		end_input(console);
		return;
	}
	if (console->leaves && memchr(bytes, LEAVE_KEY, (size_t)got)) {
		console->leave(console->arg);
		return;
	}
	serial_receive(console->serial, bytes, (size_t)got);
}

static void on_room(void *arg, uint32_t events)
{
	struct console *console = arg;
	eventfd_t count;

	(void)events;
	eventfd_read(console->room.fd, &count);
	watch_input(console, true);
}

static int open_file(struct console *console, const struct vm_console *config, struct err *err)
{
	console->out_fd = open(config->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (console->out_fd < 0)
		return err_sys(err, EXIT_INPUT, errno, "serial.file: cannot open %s", config->file);
	console->owns_out = true;
	return 0;
}

int console_init(struct console *console, const struct vm_console *config, struct err *err)
{
	*console = (struct console){ .input.fd = -1, .room.fd = -1, .out_fd = -1 };
	switch (config->mode) {
	case VM_CONSOLE_TTY:
		console->out_fd = STDOUT_FILENO;
		return 0;
	case VM_CONSOLE_FILE:
		return open_file(console, config, err);
	case VM_CONSOLE_OFF:
	case VM_CONSOLE_NULL:
		return 0;
	default:
		return err_set(err, EXIT_INPUT, ENOTSUP,
			       "serial.mode: this mode is not supported yet; use Tty, File, Null "
			       "or Off");
	}
}

struct serial_host console_host(struct console *console)
{
	return (struct serial_host){ .write = write_out, .room = signal_room, .arg = console };
}

int console_attach(struct console *console, struct serial *serial, struct loop *loop,
		   void (*leave)(void *arg), void *arg, struct err *err)
{
	int ret;

	console->serial = serial;
	console->loop = loop;
	console->leave = leave;
	console->arg = arg;
	if (console->out_fd != STDOUT_FILENO)
		return 0;
	console->room = (struct loop_source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
					      .fn = on_room,
					      .arg = console };
	if (console->room.fd < 0)
		return err_sys(err, EXIT_HOST, errno, "console: cannot make an eventfd");
	ret = loop_add(loop, &console->room, EPOLLIN, err);
	if (ret)
		return ret;
	console->leaves = terminal_is_tty();
	console->input = (struct loop_source){ .fd = STDIN_FILENO, .fn = on_input, .arg = console };
	ret = loop_add(loop, &console->input, EPOLLIN, err);
	console->watches_input = !ret;
	if (!ret)
		return 0;
	console->input.fd = -1;
	if (ret != -EPERM && ret != -EBADF)
		return ret;
	/* A file or /dev/null cannot be waited for, a closed one not at all: then there is no
	 * input. */
	*err = (struct err){ 0 };
	return 0;
}

void console_detach(struct console *console)
{
	end_input(console);
	if (console->room.fd < 0)
		return;
	loop_remove(console->loop, &console->room);
	close(console->room.fd);
	console->room.fd = -1;
}

void console_fini(struct console *console)
{
	if (console->owns_out)
		close(console->out_fd);
	console->out_fd = -1;
}
