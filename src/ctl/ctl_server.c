/* SPDX-License-Identifier: MIT */
/*
 * ctl_server: the daemon's end of the control socket.
 *
 * A connection has one call under way, and takes the next only when that one's answer has left:
 * answers are in order, and a caller that sends without reading fills its own socket, not us. It is
 * still read from meanwhile, up to one message's size, since that is how its end is noticed.
 * Rights come from SO_PEERCRED and SO_PEERGROUPS, what the caller was when it connected, and are
 * checked against the method's row before its handler runs. org.varlink.service is answered here.
 */
#include "ctl/ctl_server.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "ctl/interface_text.h"
#include "io/conn.h"
#include "io/loop.h"
#include "proto/varlink.h"

/* A message that was begun must be whole within this. */
#define MESSAGE_MS 10000
/* A caller must have read an answer within this when it waits for the next. */
#define ANSWER_MS 30000
/* Groups of a process: the kernel's NGROUPS_MAX. */
#define GROUPS_MAX 65536

#define SERVICE "org.varlink.service"

struct ctl_call {
	struct ctl_conn *conn;
	struct ctl_watch *watch;
	struct varlink_call in;
	bool active;
};

/* What a connection's deadline is for. */
enum ctl_wait { CTL_WAIT_NOTHING, CTL_WAIT_MESSAGE, CTL_WAIT_ANSWER };

struct ctl_conn {
	struct list node;
	struct ctl_server *server;
	struct conn conn;
	struct buf in;
	struct loop_task next; /* take the message that waits */
	struct grave grave;
	struct ctl_call call; /* the one under way, if active */
	uid_t uid;
	enum ctl_right right;
	enum ctl_wait wait;
	bool ended;
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

/* --- connections ----------------------------------------------------------------------------- */

static void free_conn(struct grave *g)
{
	struct ctl_conn *c = container_of(g, struct ctl_conn, grave);

	buf_deinit(&c->in);
	free(c);
}

static void end_call(struct ctl_conn *c)
{
	varlink_call_deinit(&c->call.in);
	c->call.active = false;
	c->call.watch = NULL;
}

static void drop(struct ctl_conn *c)
{
	struct ctl_watch *w = c->call.watch;

	if (!list_is_linked(&c->node))
		return;
	list_del(&c->node);
	c->server->n_connections--;
	c->server->n_readers -= c->right == CTL_RIGHT_READ;
	loop_task_cancel(&c->next);
	if (w) {
		c->call.watch = NULL;
		w->call = NULL;
		w->gone(w);
	}
	end_call(c);
	conn_close(&c->conn);
	loop_bury(c->server->loop, &c->grave, free_conn);
}

/* Queue one message; a caller that does not read is closed. */
static bool send_text(struct ctl_conn *c, char *text)
{
	size_t n = strlen(text) + 1;
	bool fits = conn_room(&c->conn) >= n;

	if (fits)
		(void)conn_write(&c->conn, text, n);
	else
		log_debug("control: a caller does not read its answers, closing it");
	free(text);
	if (!fits)
		drop(c);
	return fits;
}

/* --- answering ------------------------------------------------------------------------------- */

struct ctl_server *ctl_call_server(struct ctl_call *c)
{
	return c->conn->server;
}

bool ctl_call_wants_more(const struct ctl_call *c)
{
	return c->in.more;
}

uid_t ctl_call_uid(const struct ctl_call *c)
{
	return c->conn->uid;
}

size_t ctl_call_queued(const struct ctl_call *c)
{
	return conn_queued(&c->conn->conn);
}

void ctl_call_watch(struct ctl_call *c, struct ctl_watch *w, ctl_watch_gone_f *gone)
{
	w->call = c;
	w->gone = gone;
	c->watch = w;
}

static void finish(struct ctl_call *call, char *text)
{
	struct ctl_conn *c = call->conn;
	bool oneway = call->in.oneway;

	assert(call->active);
	end_call(c);
	if (oneway)
		free(text);
	else if (!send_text(c, text))
		return;
	loop_task_schedule(c->server->loop, &c->next);
}

void ctl_call_reply(struct ctl_call *c, json_t *params)
{
	finish(c, varlink_reply_format(params, NULL, /* continues= */ false));
}

bool ctl_call_continue(struct ctl_call *c, json_t *params)
{
	assert(c->active && c->in.more);
	return send_text(c->conn, varlink_reply_format(params, NULL, /* continues= */ true));
}

void ctl_call_fail(struct ctl_call *c, const char *error, json_t *params)
{
	char full[2 * VARLINK_NAME_MAX];

	if (strchr(error, '.'))
		(void)snprintf(full, sizeof(full), "%s", error);
	else
		(void)snprintf(full, sizeof(full), "%s.%s", c->conn->server->interface->name,
			error);
	finish(c, varlink_reply_format(params, full, /* continues= */ false));
}

static void fail_with(struct ctl_call *c, const char *error, const char *key, const char *value)
{
	json_t *params = json_object();

	if (key)
		(void)json_object_set_new(params, key, json_string(value));
	ctl_call_fail(c, error, params);
}

void ctl_call_bad_parameter(struct ctl_call *c, const char *parameter)
{
	fail_with(c, SERVICE ".InvalidParameter", "parameter", parameter);
}

/* --- org.varlink.service --------------------------------------------------------------------- */

static void get_info(struct ctl_call *c)
{
	struct ctl_server *s = c->conn->server;

	ctl_call_reply(c,
		json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "tunnelto", "product",
			s->product, "version", PACKAGE_VERSION, "url", "https://tunnelto.dev/",
			"interfaces", SERVICE, s->interface->name));
}

static void get_description(struct ctl_call *c)
{
	const char *name = json_string_value(json_object_get(c->in.parameters, "interface"));
	const struct ctl_interface *i = c->conn->server->interface;
	const char *text = NULL;

	if (!name) {
		ctl_call_bad_parameter(c, "interface");
		return;
	}
	if (str_eq(name, SERVICE))
		text = interface_text_service;
	else if (str_eq(name, i->name))
		text = i->description;
	if (text)
		ctl_call_reply(c, json_pack("{s:s}", "description", text));
	else
		fail_with(c, SERVICE ".InterfaceNotFound", "interface", name);
}

static void call_service(struct ctl_call *c)
{
	if (str_eq(c->in.method, "GetInfo"))
		get_info(c);
	else if (str_eq(c->in.method, "GetInterfaceDescription"))
		get_description(c);
	else
		fail_with(c, SERVICE ".MethodNotFound", "method", c->in.method);
}

/* --- dispatch -------------------------------------------------------------------------------- */

static const struct ctl_method *find_method(const struct ctl_interface *i, const char *name)
{
	for (size_t n = 0; n < i->n_methods; n++) {
		if (str_eq(i->methods[n].name, name))
			return &i->methods[n];
	}
	return NULL;
}

static void dispatch(struct ctl_call *c)
{
	const struct ctl_interface *i = c->conn->server->interface;
	const struct ctl_method *m;

	if (str_eq(c->in.interface, SERVICE)) {
		call_service(c);
		return;
	}
	if (!str_eq(c->in.interface, i->name)) {
		fail_with(c, SERVICE ".InterfaceNotFound", "interface", c->in.interface);
		return;
	}
	m = find_method(i, c->in.method);
	if (!m)
		fail_with(c, SERVICE ".MethodNotFound", "method", c->in.method);
	else if (c->conn->right < m->right)
		ctl_call_fail(c, SERVICE ".PermissionDenied", NULL);
	else
		m->call(c, c->in.parameters);
}

/* A deadline runs from when its reason came up, however often that is looked at. */
static void wait_for(struct ctl_conn *c, enum ctl_wait wait)
{
	static const uint64_t ms[] = {
		[CTL_WAIT_MESSAGE] = MESSAGE_MS,
		[CTL_WAIT_ANSWER] = ANSWER_MS,
	};

	if (c->wait == wait)
		return;
	c->wait = wait;
	conn_set_deadline(&c->conn, wait == CTL_WAIT_NOTHING ? 0 : ms[wait]);
}

static const uint8_t *end_of_message(const struct ctl_conn *c)
{
	return buf_len(&c->in) ? memchr(buf_data(&c->in), '\0', buf_len(&c->in)) : NULL;
}

/* The next whole message, if there is one and the last one's answer has left. */
static void take_message(struct ctl_conn *c)
{
	const uint8_t *end = end_of_message(c);
	size_t n;
	int r;

	if (c->call.active)
		return;
	if (conn_queued(&c->conn) > 0) {
		wait_for(c, CTL_WAIT_ANSWER);
		return;
	}
	wait_for(c, buf_len(&c->in) > 0 && !end ? CTL_WAIT_MESSAGE : CTL_WAIT_NOTHING);
	if (!end)
		return;
	n = (size_t)(end - buf_data(&c->in));
	r = varlink_call_parse(&c->call.in, (const char *)buf_data(&c->in), n);
	buf_consume(&c->in, n + 1);
	if (r < 0) {
		log_debug("control: a message is not a Varlink call, closing its connection");
		varlink_call_deinit(&c->call.in);
		drop(c);
		return;
	}
	/* nobody listens to the answers of a call made one way */
	c->call.in.more &= !c->call.in.oneway;
	c->call.conn = c;
	c->call.active = true;
	dispatch(&c->call);
}

static void on_next(struct loop_task *t)
{
	struct ctl_conn *c = container_of(t, struct ctl_conn, next);
	struct ctl_watch *w = c->call.watch;

	if (w && w->flushed && conn_queued(&c->conn) == 0)
		w->flushed(w);
	if (c->conn.closed)
		return;
	take_message(c);
	if (c->conn.closed || c->call.active)
		return;
	if (c->ended && !end_of_message(c) && conn_queued(&c->conn) == 0)
		drop(c);
	else if (conn_is_paused(&c->conn) && buf_room(&c->in) > 0)
		conn_resume(&c->conn);
}

/* No room for more: calls wait behind one that is not answered, or a message never ends. */
static void on_full(struct ctl_conn *c)
{
	if (end_of_message(c)) {
		conn_pause(&c->conn);
		return;
	}
	log_debug("control: a message is larger than %d bytes, closing its connection",
		CTL_MESSAGE_MAX);
	drop(c);
}

static void on_readable(struct ctl_conn *c)
{
	uint8_t bytes[16384];
	ssize_t n;

	if (buf_room(&c->in) == 0) {
		on_full(c);
		return;
	}
	n = conn_read(&c->conn, bytes, MIN(sizeof(bytes), buf_room(&c->in)));
	if (n == -EAGAIN)
		return;
	if (n < 0 || (n == 0 && c->call.active)) {
		drop(c); /* the caller went away; its watch is told */
		return;
	}
	if (n == 0) {
		c->ended = true;
		loop_task_schedule(c->server->loop, &c->next);
		return;
	}
	(void)buf_add(&c->in, bytes, (size_t)n);
	take_message(c);
}

static void on_event(struct conn *conn, enum conn_event ev)
{
	struct ctl_conn *c = container_of(conn, struct ctl_conn, conn);

	switch (ev) {
	case CONN_EV_READABLE:
		on_readable(c);
		break;
	case CONN_EV_FLUSHED:
		loop_task_schedule(c->server->loop, &c->next);
		break;
	case CONN_EV_ERROR:
		drop(c);
		break;
	case CONN_EV_TIMEOUT:
		log_debug(c->wait == CTL_WAIT_MESSAGE
				  ? "control: a message was begun and not finished, closing its "
				    "connection"
				  : "control: a caller does not read its answers, closing it");
		drop(c);
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
	struct ctl_conn *c;
	enum ctl_right right;

	if (s->n_connections >= CTL_CONNECTIONS_MAX ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0) {
		close(fd);
		return;
	}
	right = right_of(s, fd, &who);
	if (right == CTL_RIGHT_READ && s->n_readers >= CTL_READERS_MAX) {
		close(fd);
		return;
	}
	c = mem_new(struct ctl_conn);
	c->server = s;
	c->uid = who.uid;
	c->right = right;
	buf_init(&c->in, CTL_MESSAGE_MAX + 1);
	loop_task_init(&c->next, on_next);
	list_add_tail(&s->connections, &c->node);
	s->n_connections++;
	s->n_readers += right == CTL_RIGHT_READ;
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
	list_each_safe (c, &s->connections, struct ctl_conn, node)
		drop(c);
}
