#include "cli/running.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/ctl/client.h"

#define LOCK_WAIT_MS 20000u
#define CALL_WAIT_MS 10000u

int running_list(struct reserve_list *list, struct err *err)
{
	struct reserve reserve;
	int ret = reserve_open(&reserve, NULL, err);

	*list = (struct reserve_list){ 0 };
	if (ret)
		return ret;
	ret = reserve_lock(&reserve, LOCK_WAIT_MS, err);
	if (!ret)
		ret = reserve_list(&reserve, list, err);
	reserve_close(&reserve);
	return ret;
}

static bool take_claim(struct reserve_claim *claim, struct reserve_list *list, const char *name)
{
	for (unsigned int i = 0; i < list->nr_claims; i++)
		if (!strcmp(list->claims[i].name, name)) {
			*claim = list->claims[i];
			list->claims[i] = (struct reserve_claim){ 0 };
			return true;
		}
	return false;
}

/* The number is the VM's own word: the process has to be of the folder's owner too. */
static bool owns_process(uid_t uid, pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return !stat(path, &st) && st.st_uid == uid;
}

static int open_process(struct running *vm, const struct reserve *reserve, struct err *err)
{
	vm->dir_fd = reserve_open_vm(reserve, vm->claim.name);
	vm->pidfd = (int)syscall(SYS_pidfd_open, vm->claim.pid, 0);
	if (vm->dir_fd >= 0 && vm->pidfd >= 0 && owns_process(vm->claim.uid, vm->claim.pid) &&
	    reserve_is_running(reserve, vm->claim.name))
		return 0;
	return err_set(err, EXIT_NO, ESRCH, "VM %s has no process of its user; it may just end",
		       vm->claim.name);
}

static int find_vm(struct running *vm, struct reserve *reserve, const char *name, struct err *err)
{
	struct reserve_list list = { 0 };
	int ret = reserve_lock(reserve, LOCK_WAIT_MS, err);

	if (!ret)
		ret = reserve_list(reserve, &list, err);
	if (!ret && !take_claim(&vm->claim, &list, name))
		ret = err_set(err, EXIT_NO, ESRCH,
			      "no VM named %.64s runs here; \"situ ps\" shows those that do", name);
	if (!ret)
		ret = open_process(vm, reserve, err);
	reserve_list_fini(&list);
	return ret;
}

int running_open(struct running *vm, const char *name, struct err *err)
{
	struct reserve reserve;
	int ret;

	*vm = (struct running){ .dir_fd = -1, .pidfd = -1 };
	ret = reserve_open(&reserve, NULL, err);
	if (ret)
		return ret;
	ret = find_vm(vm, &reserve, name, err);
	reserve_close(&reserve);
	return ret;
}

void running_close(struct running *vm)
{
	if (vm->dir_fd >= 0)
		close(vm->dir_fd);
	if (vm->pidfd >= 0)
		close(vm->pidfd);
	reserve_claim_fini(&vm->claim);
	vm->dir_fd = vm->pidfd = -1;
}

json_t *running_ask(const struct running *vm, enum ctl_op op, struct err *err)
{
	json_t *reply = ctl_call(vm->dir_fd, vm->claim.uid, op, CALL_WAIT_MS, err);

	if (!reply && err->errnum == ENOENT)
		err_set(err, EXIT_NO, ENOENT,
			"VM %s is not ready to be asked: it starts, or it is a benchmark",
			vm->claim.name);
	else if (!reply)
		err_context(err, "%s", vm->claim.name);
	return reply;
}

int running_signal(const struct running *vm, int signal, struct err *err)
{
	if (!syscall(SYS_pidfd_send_signal, vm->pidfd, signal, NULL, 0) || errno == ESRCH)
		return 0;
	return err_sys(err, errno == EPERM ? EXIT_HOST : EXIT_NO, errno, "cannot signal VM %s",
		       vm->claim.name);
}

int running_wait(const struct running *vm, unsigned int timeout_ms, struct err *err)
{
	struct pollfd process = { .fd = vm->pidfd, .events = POLLIN };
	int ready;

	do
		ready = poll(&process, 1, (int)timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return 0;
	return err_set(err, EXIT_NO, ETIMEDOUT, "VM %s still runs after %u ms", vm->claim.name,
		       timeout_ms);
}
