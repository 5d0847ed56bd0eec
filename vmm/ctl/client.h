#ifndef SITU_VMM_CTL_CLIENT_H
#define SITU_VMM_CTL_CLIENT_H

#include <jansson.h>
#include <sys/types.h>

#include "vmm/ctl/request.h"

/* Asks the VM of the folder dir_fd, whose owner is uid, and waits for its reply. Any thread. NULL
 * with err: what the VM refused, or -ETIMEDOUT, or EXIT_NO with ECONNREFUSED or ENOENT where it has
 * no socket. */
json_t *ctl_call(int dir_fd, uid_t uid, enum ctl_op op, unsigned int timeout_ms, struct err *err);

#endif
