#ifndef SITU_CLI_RUNNING_H
#define SITU_CLI_RUNNING_H

#include <jansson.h>

#include "affinity/reserve.h"
#include "vmm/ctl/request.h"

/*
 * VMs that run on this host, as other commands reach them: by name, through their folder. Main
 * thread only. A VM's process is held by a pidfd that was taken while its folder was locked, so a
 * signal cannot hit a process that took the number later.
 */
struct running {
	struct reserve_claim claim;
	int dir_fd, pidfd;
};

/* All of them; those that ended are cleaned up. */
int running_list(struct reserve_list *list, struct err *err);

/* EXIT_NO: no such VM. Always running_close(). */
int running_open(struct running *vm, const char *name, struct err *err);
void running_close(struct running *vm);

/* NULL with err. The caller owns the reference. */
json_t *running_ask(const struct running *vm, enum ctl_op op, struct err *err);
int running_signal(const struct running *vm, int signal, struct err *err);
/* Waits until the process has ended; -ETIMEDOUT (err filled). */
int running_wait(const struct running *vm, unsigned int timeout_ms, struct err *err);

#endif
