#include "vmm/ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "vmm/ctl/address.h"

#define REPLY_MAX (64u << 20) /* thousands of threads and regions */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int call_failed(struct err *err)
{
	if (errno == EAGAIN)
		return err_set(err, EXIT_NO, ETIMEDOUT,
			       "the VM did not answer in time; it may be stopped or overloaded");
	return err_sys(err, EXIT_NO, errno, "cannot ask the VM");
}

/* Somebody else's socket in the folder is none of the VM's. */
static int check_peer(int fd, uid_t uid, struct err *err)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return call_failed(err);
	if (peer.uid == uid)
		return 0;
	return err_set(err, EXIT_NO, EPERM, "the VM's socket belongs to user %u, the VM to user %u",
		       peer.uid, uid);
}

static int connect_to(int dir_fd, uid_t uid, unsigned int timeout_ms, struct err *err)
{
	const struct timeval timeout = { .tv_sec = timeout_ms / 1000,
					 .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret = 0;
	struct sockaddr_un address;

	ctl_address(&address, dir_fd);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)))
		ret = call_failed(err);
	if (!ret)
		ret = check_peer(fd, uid, err);
	if (!ret)
		return fd;
	close_fd(&fd);
	return ret;
}

static int send_request(int fd, enum ctl_op op, struct err *err)
{
	AUTO_FREE char *text = alloc_printf("{\"op\": \"%s\"}", ctl_op_names[op]);
	size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : call_failed(err);
}

static int receive(int fd, char **text, size_t *len, struct err *err)
{
	ssize_t got;

	*text = NULL;
	*len = 0;
	do {
		*text = alloc_resize(*text, *len + 65536, 1);
		got = recv(fd, *text + *len, 65536, 0);
		if (got < 0)
			return call_failed(err);
		*len += (size_t)got;
	} while (got && *len < REPLY_MAX);
	if (!*len)
		return err_set(err, EXIT_NO, EPERM,
			       "the VM turned this away; only its owner and root may ask, and not "
			       "more than a few at a time");
	return 0;
}

/* The reply, or the refusal that is in it. */
static json_t *open_reply(const char *text, size_t len, struct err *err)
{
	json_t *reply = json_loadb(text, len, 0, NULL);
	const json_t *refusal = json_object_get(reply, "error");
	const char *message = json_string_value(json_object_get(refusal, "message"));
	long long status = json_integer_value(json_object_get(refusal, "status"));

	if (json_is_object(reply) && !refusal)
		return reply;
	err_set(err, status > EXIT_OK && status <= EXIT_GUEST ? (enum exit_status)status : EXIT_NO,
		EPROTO, "%s", message ? message : "the VM's answer is not understood");
	json_decref(reply);
	return NULL;
}

json_t *ctl_call(int dir_fd, uid_t uid, enum ctl_op op, unsigned int timeout_ms, struct err *err)
{
	__attribute__((cleanup(close_fd))) int fd = connect_to(dir_fd, uid, timeout_ms, err);
	AUTO_FREE char *text = NULL;
	size_t len;

	if (fd < 0 || send_request(fd, op, err) || receive(fd, &text, &len, err))
		return NULL;
	return open_reply(text, len, err);
}
