#ifndef SITU_CLI_TERMINAL_H
#define SITU_CLI_TERMINAL_H

#include <stdbool.h>

/*
 * The terminal on standard input, raw while a guest's console has it. Main thread only; one user at
 * a time, since a process has one terminal.
 *
 * It is put back by terminal_restore(), by exit(), and by the signals that end the process with a
 * core or by abort(); nothing can be done about SIGKILL.
 */
bool terminal_is_tty(void);
void terminal_raw(void); /* nothing where standard input is no terminal */
void terminal_restore(void);

/* Of the terminal on standard output, whoever has standard input; 100 where there is none. */
unsigned int terminal_columns(void);

#endif
