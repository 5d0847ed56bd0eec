#ifndef SITU_VMM_CTL_SERVER_H
#define SITU_VMM_CTL_SERVER_H

#include <jansson.h>

#include "vmm/ctl/request.h"
#include "vmm/loop.h"

/*
 * A running VM's socket, "api.sock" in its folder. The loop's thread alone.
 *
 * A client connects, sends one request, and reads the reply until the end: the object that the
 * handler returned, or {"error": {"status": 1, "message": "..."}}. Only the VM's owner and root are
 * answered, by what the kernel says of the client (SO_PEERCRED, unix(7)). A slow or silent client
 * holds up nobody; one beyond CTL_CLIENTS is turned away.
 */
#define CTL_SOCKET  "api.sock"
#define CTL_CLIENTS 8u

/* NULL with err filled: refused. The caller owns the reference. */
typedef json_t *(*ctl_handler)(void *arg, const struct ctl_request *request, struct err *err);

struct ctl_server;

struct ctl_client {
	struct ctl_server *server;
	struct loop_source source;
	char in[CTL_REQUEST_MAX];
	size_t in_len;
	char *out; /* NULL: the request is not complete yet */
	size_t out_len, sent;
};

struct ctl_server {
	struct loop *loop;
	struct loop_source listener;
	struct ctl_client clients[CTL_CLIENTS];
	ctl_handler handle;
	void *arg;
};

/* Listens in the folder dir_fd, which stays the caller's; a socket left there is replaced. */
int ctl_server_init(struct ctl_server *server, struct loop *loop, int dir_fd, ctl_handler handle,
		    void *arg, struct err *err);
/* {0} with listener.fd -1 is fine too. The file stays: it goes with the folder. */
void ctl_server_fini(struct ctl_server *server);

#endif
