/* SPDX-License-Identifier: MIT */
/*
 * ctl_server: the daemon's end of the control socket.
 *
 * What callers say and are answered is ctl_peer's; here are the Unix socket that carries it, and
 * their rights, which come from SO_PEERCRED and SO_PEERGROUPS: what the caller was when it
 * connected.
 */
#include "ctl/ctl_server.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/conn.h"
#include "io/loop.h"

/* Groups of a process: the kernel's NGROUPS_MAX. */
#define GROUPS_MAX 65536

/* A caller on the socket. */
struct ctl_conn {
	struct ctl_peer peer;
	struct conn conn;
	struct grave grave;
};

/* --- rights ---------------------------------------------------------------------------------- */

/* The supplementary groups of the process at the other end of @fd, to be freed; NULL: none known.
 */
static gid_t *groups_of(int fd, size_t *ret_n)
{
	socklen_t size = 64 * sizeof(gid_t);

	*ret_n = 0;
	for (;;) {
		gid_t *groups = mem_alloc(size);

		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			*ret_n = size / sizeof(gid_t);
			return groups;
		}
		free(groups);
		if (errno != ERANGE || size > GROUPS_MAX * sizeof(gid_t))
			return NULL;
	}
}

static bool is_operator(const struct ctl_server *s, int fd, gid_t own)
{
	gid_t *groups;
	size_t n;
	bool found;

	if (s->operators == (gid_t)-1)
		return false;
	groups = groups_of(fd, &n);
	found = own == s->operators;
	for (size_t i = 0; i < n; i++)
		found |= groups[i] == s->operators;
	free(groups);
	return found;
}

static enum ctl_right right_of(const struct ctl_server *s, int fd, const struct ucred *who)
{
	if (who->uid == 0 || who->uid == geteuid())
		return CTL_RIGHT_ADMIN;
	return is_operator(s, fd, who->gid) ? CTL_RIGHT_OPERATE : CTL_RIGHT_READ;
}

/* --- a socket that carries a peer's messages ------------------------------------------------- */

static struct ctl_conn *conn_of(struct ctl_peer *p)
{
	return container_of(p, struct ctl_conn, peer);
}

static void send_on(struct ctl_peer *p, const char *text, size_t n)
{
	(void)conn_write(&conn_of(p)->conn, text, n + 1); /* its NUL ends the message */
}

static size_t queued_on(struct ctl_peer *p)
{
	return conn_queued(&conn_of(p)->conn);
}

static size_t room_on(struct ctl_peer *p)
{
	return conn_room(&conn_of(p)->conn);
}

static void pause_on(struct ctl_peer *p, bool pause)
{
	if (pause)
		conn_pause(&conn_of(p)->conn);
	else
		conn_resume(&conn_of(p)->conn);
}

static void set_deadline_on(struct ctl_peer *p, uint64_t ms)
{
	conn_set_deadline(&conn_of(p)->conn, ms);
}

static void free_conn(struct grave *g)
{
	struct ctl_conn *c = container_of(g, struct ctl_conn, grave);

	ctl_peer_deinit(&c->peer);
	free(c);
}

static void close_on(struct ctl_peer *p)
{
	struct ctl_conn *c = conn_of(p);

	conn_close(&c->conn);
	loop_bury(p->server->loop, &c->grave, free_conn);
}

static const struct ctl_peer_ops on_socket = {
	.send = send_on,
	.queued = queued_on,
	.room = room_on,
	.pause = pause_on,
	.deadline = set_deadline_on,
	.close = close_on,
};

static void on_readable(struct ctl_conn *c)
{
	uint8_t bytes[16384];
	size_t room = ctl_peer_room(&c->peer);
	ssize_t n;

	if (room == 0)
		return;
	n = conn_read(&c->conn, bytes, MIN(sizeof(bytes), room));
	if (n > 0) {
		ctl_peer_input(&c->peer, bytes, (size_t)n);
		mem_wipe(bytes, (size_t)n);
	} else if (n == 0)
		ctl_peer_end(&c->peer);
	else if (n != -EAGAIN)
		ctl_peer_close(&c->peer);
}

static void on_event(struct conn *conn, enum conn_event ev)
{
	struct ctl_conn *c = container_of(conn, struct ctl_conn, conn);

	switch (ev) {
	case CONN_EV_READABLE:
		on_readable(c);
		break;
	case CONN_EV_FLUSHED:
		ctl_peer_flushed(&c->peer);
		break;
	case CONN_EV_ERROR:
		ctl_peer_close(&c->peer);
		break;
	case CONN_EV_TIMEOUT:
		ctl_peer_timeout(&c->peer);
		break;
	case CONN_EV_READY:
	case CONN_EV_DRAINED:
		break;
	}
}

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct ctl_server *s = container_of(l, struct ctl_server, listener);
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t n = sizeof(who);
	struct ctl_conn *c = mem_new(struct ctl_conn);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 ||
		ctl_peer_open(&c->peer, s, &on_socket, right_of(s, fd, &who), /* slack= */ 0) < 0) {
		free(c);
		close(fd);
		return;
	}
	c->peer.uid = who.uid;
	conn_open(&c->conn, s->loop, fd, CTL_OUT_MAX, on_event);
}

/* --- life ------------------------------------------------------------------------------------ */

void ctl_server_init(struct ctl_server *s, struct loop *loop, const struct ctl_interface *i,
	const char *product, const char *operators_group)
{
	const struct group *g = operators_group ? getgrnam(operators_group) : NULL;

	memset(s, 0, sizeof(*s));
	s->loop = loop;
	s->interface = i;
	s->product = product;
	s->operators = g ? g->gr_gid : (gid_t)-1;
	listener_init(&s->listener);
	list_init(&s->connections);
}

int ctl_server_open(struct ctl_server *s, const char *path, int fd, struct err *err)
{
	struct addr a;
	int r;

	if (fd >= 0)
		return listener_adopt(&s->listener, s->loop, fd, on_accept, err);
	if (addr_unix(&a, path) < 0)
		return err_set(err, -EINVAL, "'%s' is not a usable path for a socket", path);
	r = listener_open(&s->listener, s->loop, &a, 0660, on_accept, err);
	/* the operators' group, where we may give it away */
	if (r == 0 && s->operators != (gid_t)-1 && chown(path, (uid_t)-1, s->operators) < 0)
		log_debug("control socket %s: cannot set its group, ignoring", path);
	return r;
}

void ctl_server_close(struct ctl_server *s)
{
	listener_close(&s->listener);
	list_each_safe (p, &s->connections, struct ctl_peer, node)
		ctl_peer_close(p);
}
