#include "vmm/ctl/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/ctl/address.h"

static void drop(struct ctl_client *client)
{
	int fd = client->source.fd;

	loop_remove(client->server->loop, &client->source);
	close(fd);
	client->source.fd = -1;
	free(client->out);
	client->out = NULL;
}

static void send_more(struct ctl_client *client)
{
	struct err err;

	while (client->sent < client->out_len) {
		ssize_t sent = send(client->source.fd, client->out + client->sent,
				    client->out_len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN &&
		    !loop_change(client->server->loop, &client->source, EPOLLOUT, &err))
			return;
		if (sent < 0)
			break;
		client->sent += (size_t)sent;
	}
	drop(client);
}

static json_t *refusal(const struct err *err)
{
	return json_pack("{s:{s:i, s:s}}", "error", "status", (int)err->status, "message",
			 err->text);
}

static void answer(struct ctl_client *client, json_t *reply)
{
	client->out = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (!client->out) {
		drop(client);
		return;
	}
	client->out_len = strlen(client->out);
	client->sent = 0;
	send_more(client);
}

static void handle(struct ctl_client *client, const struct ctl_request *request)
{
	struct ctl_server *server = client->server;
	struct err err = { 0 };
	json_t *reply = server->handle(server->arg, request, &err);

	answer(client, reply ? reply : refusal(&err));
}

static void on_client(void *arg, uint32_t events)
{
	struct ctl_client *client = arg;
	struct ctl_request request;
	struct err err = { 0 };
	ssize_t got;
	int taken;

	(void)events;
	if (client->out) {
		send_more(client);
		return;
	}
	got = recv(client->source.fd, client->in + client->in_len,
		   sizeof(client->in) - client->in_len, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		drop(client);
		return;
	}
	client->in_len += (size_t)got;
	taken = ctl_request_parse(&request, client->in, client->in_len, &err);
	if (taken > 0)
		handle(client, &request);
	else if (taken < 0)
		answer(client, refusal(&err));
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (!peer.uid || peer.uid == geteuid());
}

static struct ctl_client *free_client(struct ctl_server *server)
{
	for (unsigned int i = 0; i < CTL_CLIENTS; i++)
		if (server->clients[i].source.fd < 0)
			return &server->clients[i];
	return NULL;
}

static void on_connection(void *arg, uint32_t events)
{
	struct ctl_server *server = arg;
	struct ctl_client *client = free_client(server);
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct err err;

	(void)events;
	if (fd < 0)
		return;
	if (!client || !may_ask(fd)) {
		close(fd);
		return;
	}
	client->source = (struct loop_source){ .fd = fd, .fn = on_client, .arg = client };
	client->in_len = 0;
	if (!loop_add(server->loop, &client->source, EPOLLIN, &err))
		return;
	close(fd);
	client->source.fd = -1;
}

static int listen_in(int dir_fd, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	ctl_address(&address, dir_fd);
	unlinkat(dir_fd, CTL_SOCKET, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !fchmodat(dir_fd, CTL_SOCKET, 0600, 0) && !listen(fd, CTL_CLIENTS))
		return fd;
	err_sys(err, EXIT_HOST, errno, "cannot listen on the VM's " CTL_SOCKET);
	if (fd >= 0)
		close(fd);
	return -err->errnum;
}

int ctl_server_init(struct ctl_server *server, struct loop *loop, int dir_fd, ctl_handler handler,
		    void *arg, struct err *err)
{
	int fd, ret;

	*server = (struct ctl_server){
		.loop = loop, .listener.fd = -1, .handle = handler, .arg = arg
	};
	for (unsigned int i = 0; i < CTL_CLIENTS; i++) {
		server->clients[i].server = server;
		server->clients[i].source.fd = -1;
	}
	fd = listen_in(dir_fd, err);
	if (fd < 0)
		return fd;
	server->listener = (struct loop_source){ .fd = fd, .fn = on_connection, .arg = server };
	ret = loop_add(loop, &server->listener, EPOLLIN, err);
	if (ret) {
		close(fd);
		server->listener.fd = -1;
	}
	return ret;
}

void ctl_server_fini(struct ctl_server *server)
{
	int fd = server->listener.fd;

	if (fd < 0)
		return;
	for (unsigned int i = 0; i < CTL_CLIENTS; i++)
		if (server->clients[i].source.fd >= 0)
			drop(&server->clients[i]);
	loop_remove(server->loop, &server->listener);
	close(fd);
	server->listener.fd = -1;
}
