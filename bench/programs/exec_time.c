/*
 * How long commands take from exec to the first byte that they print, and what they hold then: runs
 * each in turn, stops it at its first byte.
 *
 * Usage: exec_time ROUNDS NAME COMMAND [NAME COMMAND...]      (a COMMAND is split at blanks)
 * Prints for each: median, 95 % interval, 5th and 95th percentile in ms, PSS in MB, and the ratio
 * to the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "bench/clock.h"
#include "bench/stats.h"

#define MAX_COMMANDS 8
#define MAX_ROUNDS   500
#define MAX_WORDS    32

struct command {
	const char *name;
	char *words[MAX_WORDS + 1];
	double ms[MAX_ROUNDS];
	double pss_mb; /* of the last round */
};

extern char **environ;

static void split(struct command *command, char *text)
{
	unsigned int nr = 0;

	for (char *word = strtok(text, " "); word && nr < MAX_WORDS; word = strtok(NULL, " "))
		command->words[nr++] = word;
}

static void must(int errnum, const char *what)
{
	if (!errnum)
		return;
	fprintf(stderr, "exec_time: %s: %s\n", what, strerror(errnum));
	exit(EXIT_FAILURE);
}

/* Proportional set size by smaps_rollup, in MB; the guest's touched pages are part of it. */
static double read_pss(pid_t pid)
{
	char path[64], text[1024];
	const char *line;
	struct fs_root root;
	struct err err;
	double mb = 0;

	snprintf(path, sizeof(path), "proc/%d/smaps_rollup", (int)pid);
	if (fs_open_host(&root, &err))
		return 0;
	if (fs_read(&root, path, text, sizeof(text)) > 0) {
		line = strstr(text, "\nPss:");
		mb = line ? strtod(line + 5, NULL) / 1024 : 0;
	}
	fs_close(&root);
	return mb;
}

static double run(struct command *command)
{
	posix_spawn_file_actions_t actions;
	double begin, end;
	int pipes[2];
	char byte;
	pid_t pid;

	must(pipe2(pipes, O_CLOEXEC) ? errno : 0, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	begin = clock_now();
	must(posix_spawnp(&pid, command->words[0], &actions, NULL, command->words, environ),
	     command->words[0]);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		must(ENODATA, command->name);
	end = clock_now();
	kill(pid, SIGSTOP); /* it may be on its way out */
	command->pss_mb = read_pss(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pipes[0]);
	posix_spawn_file_actions_destroy(&actions);
	return (end - begin) * 1e3;
}

static void print(const struct command *commands, unsigned int nr, unsigned int rounds)
{
	printf("%-24s %8s %18s %8s %8s %8s  %s\n", "", "median", "95 % interval", "p5", "p95",
	       "PSS MB", "times the first");
	for (unsigned int i = 0; i < nr; i++) {
		struct stats_ratio ratio;
		struct stats stats;

		stats_of(commands[i].ms, rounds, &stats);
		stats_ratio_of(commands[0].ms, commands[i].ms, rounds, &ratio);
		printf("%-24s %8.2f %8.2f .. %6.2f %8.2f %8.2f %8.2f  %.2f (%.2f to %.2f)\n",
		       commands[i].name, stats.median, stats.low, stats.high, stats.p5, stats.p95,
		       commands[i].pss_mb, ratio.ratio, ratio.low, ratio.high);
	}
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	unsigned int rounds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
	unsigned int nr = 0;

	if (argc < 4 || argc % 2 || !rounds || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: exec_time ROUNDS NAME COMMAND [NAME COMMAND...]\n");
		return EXIT_INPUT;
	}
	for (int i = 2; i + 1 < argc && nr < MAX_COMMANDS; i += 2, nr++) {
		commands[nr].name = argv[i];
		split(&commands[nr], argv[i + 1]);
	}
	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < nr; i++) {
			unsigned int which = round % 2 ? nr - 1 - i : i;

			commands[which].ms[round] = run(&commands[which]);
		}
	print(commands, nr, rounds);
	return EXIT_SUCCESS;
}
