#include "cli/terminal.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved; /* written before `is_raw` is set */
static atomic_bool is_raw; /* read by signal handlers */

bool terminal_is_tty(void)
{
	return isatty(STDIN_FILENO);
}

void terminal_restore(void)
{
	if (atomic_exchange(&is_raw, false))
		tcsetattr(STDIN_FILENO, TCSANOW, &saved); /* async-signal-safe */
}

static void on_fatal_signal(int signal)
{
	terminal_restore();
	raise(signal); /* SA_RESETHAND: now it ends the process */
}

static void catch_fatal_signals(void)
{
	static const int signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGQUIT };
	struct sigaction action = { .sa_handler = on_fatal_signal, .sa_flags = SA_RESETHAND };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

void terminal_raw(void)
{
	struct termios raw;

	if (!terminal_is_tty() || tcgetattr(STDIN_FILENO, &saved))
		return;
	catch_fatal_signals();
	atexit(terminal_restore);
	atomic_store(&is_raw, true);
	raw = saved;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

unsigned int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 100;
	return size.ws_col;
}
