#ifndef SITU_CLI_CMD_H
#define SITU_CLI_CMD_H

#include "base/err.h"

/*
 * Subcommands: one file and one line in the table of main.c each. Main thread only.
 *
 * run() gets argv from its own name on and returns an exit status; when it returns with
 * err->status set, main prints "situ: <sentence>" and exits with that status.
 */
struct cmd {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv, struct err *err);
};

int cmd_bench(int argc, char **argv, struct err *err);
int cmd_plan(int argc, char **argv, struct err *err);
int cmd_check(int argc, char **argv, struct err *err);
int cmd_kill(int argc, char **argv, struct err *err);
int cmd_pause(int argc, char **argv, struct err *err);
int cmd_ps(int argc, char **argv, struct err *err);
int cmd_resume(int argc, char **argv, struct err *err);
int cmd_run(int argc, char **argv, struct err *err);
int cmd_show(int argc, char **argv, struct err *err);
int cmd_stop(int argc, char **argv, struct err *err);
int cmd_topo(int argc, char **argv, struct err *err);

#endif
