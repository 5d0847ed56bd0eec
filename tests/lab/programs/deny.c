/*
 * deny CALL[=ok][,CALL...] COMMAND...: runs a command for which these system calls fail with EPERM,
 * as in a container whose seccomp profile does not know them; with "=ok" they do nothing and claim
 * success, so that only a check of the result can find out. Calls are named as in <sys/syscall.h>.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int nr;
} calls[] = {
	{ "mbind", SYS_mbind },
	{ "move_pages", SYS_move_pages },
	{ "set_mempolicy", SYS_set_mempolicy },
	{ "sched_setaffinity", SYS_sched_setaffinity },
	{ "sched_setscheduler", SYS_sched_setscheduler },
	{ "mlock2", SYS_mlock2 },
	{ "io_uring_setup", SYS_io_uring_setup },
};

static int number_of(const char *name, unsigned int *nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(name, calls[i].name)) {
			*nr = calls[i].nr;
			return 0;
		}
	fprintf(stderr, "deny: system call \"%s\" is not in the table\n", name);
	return -EINVAL;
}

/* One filter for one call; several filters add up. errnum 0: the call is skipped and returns 0. */
static int deny(unsigned int nr, unsigned int errnum)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) ? -errno : 0;
}

int main(int argc, char **argv)
{
	unsigned int nr;

	if (argc < 3) {
		fprintf(stderr, "Usage: deny CALL[=ok][,CALL...] COMMAND...\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		perror("deny: no_new_privs");
		return 3;
	}
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
		char *pretend = strstr(name, "=ok");

		if (pretend)
			*pretend = '\0';
		if (number_of(name, &nr) || deny(nr, pretend ? 0 : EPERM)) {
			perror("deny");
			return 3;
		}
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 3;
}
