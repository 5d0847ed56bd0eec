#ifndef SITU_CLI_CONSOLE_H
#define SITU_CLI_CONSOLE_H

#include <stdbool.h>

#include "base/err.h"
#include "vmm/config.h"
#include "vmm/dev/serial.h"
#include "vmm/loop.h"

/*
 * The host's end of a guest's serial port: standard input and output, or a file. Input is read on
 * the loop's thread, no more than the port has room for; output is written on the vCPU's.
 */
struct console {
	struct serial *serial;
	struct loop *loop;
	struct loop_source input, room; /* room: an eventfd, signalled when the port was emptied */
	int out_fd; /* -1: output is dropped */
	bool owns_out, watches_input, leaves;
	void (*leave)(void *arg); /* Ctrl-] was typed on a terminal */
	void *arg;
};

/* VM_CONSOLE_TTY, VM_CONSOLE_FILE, VM_CONSOLE_NULL and VM_CONSOLE_OFF; EXIT_INPUT for others. */
int console_init(struct console *console, const struct vm_console *config, struct err *err);
struct serial_host console_host(struct console *console);
/* Begins to read input. leave is called on the loop's thread. */
int console_attach(struct console *console, struct serial *serial, struct loop *loop,
		   void (*leave)(void *arg), void *arg, struct err *err);
void console_detach(struct console *console);
void console_fini(struct console *console);

#endif
