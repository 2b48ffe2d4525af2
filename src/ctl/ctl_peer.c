/* SPDX-License-Identifier: MIT */
/*
 * ctl_peer: what a caller says and is answered, from messages to calls and back.
 *
 *   transport (socket, WebSocket) ── input ──> messages ──> call ──> the method's handler
 *        └──────────────── send, one JSON text each <── reply ────────────┘
 *
 * A peer has one call under way, and its next is taken only when that one's answer has left:
 * answers are in order, and a caller that sends without reading fills its own socket, not us. It is
 * still read from meanwhile, up to one message's size, since that is how its end is noticed.
 * Its right was found out by the transport, and is checked against the method's row before that
 * one's handler runs. org.varlink.service is answered here.
 */
#include "ctl/ctl_peer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "ctl/ctl_server.h"
#include "ctl/interface_text.h"

/* A message that was begun must be whole within this. */
#define MESSAGE_MS 10000
/* A caller must have read an answer within this when it waits for the next. */
#define ANSWER_MS 30000

#define SERVICE "org.varlink.service"

/* --- life ------------------------------------------------------------------------------------ */

static void on_next(struct loop_task *t);

int ctl_peer_open(struct ctl_peer *p, struct ctl_server *s, const struct ctl_peer_ops *ops,
	enum ctl_right right, size_t slack)
{
	if (s->n_connections >= CTL_CONNECTIONS_MAX ||
		(right == CTL_RIGHT_READ && s->n_readers >= CTL_READERS_MAX))
		return -EMFILE;
	memset(p, 0, sizeof(*p));
	p->ops = ops;
	p->server = s;
	p->right = right;
	p->slack = slack;
	p->uid = (uid_t)-1;
	buf_init(&p->in, CTL_MESSAGE_MAX + 1 + slack);
	loop_task_init(&p->next, on_next);
	list_add_tail(&s->connections, &p->node);
	s->n_connections++;
	s->n_readers += right == CTL_RIGHT_READ;
	return 0;
}

void ctl_peer_deinit(struct ctl_peer *p)
{
	buf_deinit(&p->in);
}

static void end_call(struct ctl_peer *p)
{
	varlink_call_deinit(&p->call.in);
	p->call.active = false;
	p->call.watch = NULL;
}

void ctl_peer_close(struct ctl_peer *p)
{
	struct ctl_watch *w = p->call.watch;

	if (p->closed)
		return;
	p->closed = true;
	list_del(&p->node);
	p->server->n_connections--;
	p->server->n_readers -= p->right == CTL_RIGHT_READ;
	loop_task_cancel(&p->next);
	if (w) {
		p->call.watch = NULL;
		w->call = NULL;
		w->gone(w);
	}
	end_call(p);
	p->ops->close(p);
}

/* Queue one message; a caller that does not read is closed. */
static bool send_text(struct ctl_peer *p, char *text)
{
	size_t n = strlen(text);
	bool fits = p->ops->room(p) > n;

	if (fits)
		p->ops->send(p, text, n);
	else
		log_debug("control: a caller does not read its answers, closing it");
	varlink_free_text(text);
	if (!fits)
		ctl_peer_close(p);
	return fits;
}

/* --- answering ------------------------------------------------------------------------------- */

struct ctl_server *ctl_call_server(struct ctl_call *c)
{
	return c->peer->server;
}

bool ctl_call_wants_more(const struct ctl_call *c)
{
	return c->in.more;
}

uid_t ctl_call_uid(const struct ctl_call *c)
{
	return c->peer->uid;
}

size_t ctl_call_queued(const struct ctl_call *c)
{
	return c->peer->ops->queued(c->peer);
}

void ctl_call_watch(struct ctl_call *c, struct ctl_watch *w, ctl_watch_gone_f *gone)
{
	w->call = c;
	w->gone = gone;
	c->watch = w;
}

static void finish(struct ctl_call *call, char *text)
{
	struct ctl_peer *p = call->peer;
	bool oneway = call->in.oneway;

	assert(call->active);
	end_call(p);
	if (oneway)
		varlink_free_text(text);
	else if (!send_text(p, text))
		return;
	loop_task_schedule(p->server->loop, &p->next);
}

void ctl_call_reply(struct ctl_call *c, json_t *params)
{
	finish(c, varlink_reply_format(params, NULL, /* continues= */ false));
}

bool ctl_call_continue(struct ctl_call *c, json_t *params)
{
	struct ctl_peer *p = c->peer;

	assert(c->active && c->in.more);
	if (!send_text(p, varlink_reply_format(params, NULL, /* continues= */ true)))
		return false;
	if (c->watch && c->watch->flushed)
		loop_task_schedule(p->server->loop, &p->next); /* it may have left at once */
	return true;
}

void ctl_call_fail(struct ctl_call *c, const char *error, json_t *params)
{
	char full[2 * VARLINK_NAME_MAX];

	if (strchr(error, '.'))
		(void)snprintf(full, sizeof(full), "%s", error);
	else
		(void)snprintf(full, sizeof(full), "%s.%s", c->peer->server->interface->name,
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
	struct ctl_server *s = c->peer->server;

	ctl_call_reply(c,
		json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "tunnelto", "product",
			s->product, "version", PACKAGE_VERSION, "url", "https://tunnelto.dev/",
			"interfaces", SERVICE, s->interface->name));
}

static void get_description(struct ctl_call *c)
{
	const char *name = json_string_value(json_object_get(c->in.parameters, "interface"));
	const struct ctl_interface *i = c->peer->server->interface;
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
	const struct ctl_interface *i = c->peer->server->interface;
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
	else if (c->peer->right < m->right)
		ctl_call_fail(c, SERVICE ".PermissionDenied", NULL);
	else
		m->call(c, c->in.parameters);
}

/* --- messages -------------------------------------------------------------------------------- */

static void hold(struct ctl_peer *p, bool hold)
{
	p->paused = hold;
	p->ops->pause(p, hold);
}

/* A deadline runs from when its reason came up, however often that is looked at. */
static void wait_for(struct ctl_peer *p, enum ctl_wait wait)
{
	static const uint64_t ms[] = {
		[CTL_WAIT_MESSAGE] = MESSAGE_MS,
		[CTL_WAIT_ANSWER] = ANSWER_MS,
	};

	if (p->wait == wait)
		return;
	p->wait = wait;
	p->ops->deadline(p, wait == CTL_WAIT_NOTHING ? 0 : ms[wait]);
}

static const uint8_t *end_of_message(const struct ctl_peer *p)
{
	return buf_len(&p->in) ? memchr(buf_data(&p->in), '\0', buf_len(&p->in)) : NULL;
}

/* The next whole message, if there is one and the last one's answer has left. */
static void take_message(struct ctl_peer *p)
{
	const uint8_t *end = end_of_message(p);
	size_t n;
	int r;

	if (p->call.active)
		return;
	if (p->ops->queued(p) > 0) {
		wait_for(p, CTL_WAIT_ANSWER);
		return;
	}
	wait_for(p, buf_len(&p->in) > 0 && !end ? CTL_WAIT_MESSAGE : CTL_WAIT_NOTHING);
	if (!end)
		return;
	n = (size_t)(end - buf_data(&p->in));
	r = varlink_call_parse(&p->call.in, (const char *)buf_data(&p->in), n);
	buf_wipe(&p->in, n + 1);
	if (r < 0) {
		log_debug("control: a message is not a Varlink call, closing its connection");
		varlink_call_deinit(&p->call.in);
		ctl_peer_close(p);
		return;
	}
	/* nobody listens to the answers of a call made one way */
	p->call.in.more &= !p->call.in.oneway;
	p->call.peer = p;
	p->call.active = true;
	dispatch(&p->call);
}

static void on_next(struct loop_task *t)
{
	struct ctl_peer *p = container_of(t, struct ctl_peer, next);
	struct ctl_watch *w = p->call.watch;

	if (w && w->flushed && p->ops->queued(p) == 0)
		w->flushed(w);
	if (p->closed)
		return;
	take_message(p);
	if (p->closed || p->call.active)
		return;
	if (p->ended && !end_of_message(p) && p->ops->queued(p) == 0)
		ctl_peer_close(p);
	else if (p->paused && buf_room(&p->in) > p->slack)
		hold(p, false);
}

/* --- what the transport says ----------------------------------------------------------------- */

/* No room for more: calls wait behind one that is not answered, or a message never ends. */
static void on_full(struct ctl_peer *p)
{
	if (end_of_message(p)) {
		hold(p, true);
		return;
	}
	log_debug("control: a message is larger than %d bytes, closing its connection",
		CTL_MESSAGE_MAX);
	ctl_peer_close(p);
}

size_t ctl_peer_room(struct ctl_peer *p)
{
	size_t room = buf_room(&p->in);

	if (p->closed || p->paused)
		return 0;
	if (room <= p->slack) {
		on_full(p);
		return 0;
	}
	return room - p->slack;
}

void ctl_peer_input(struct ctl_peer *p, const void *bytes, size_t n)
{
	if (p->closed)
		return;
	if (buf_add(&p->in, bytes, n) < n)
		ctl_peer_close(p); /* the transport could not be paused */
	else
		take_message(p);
}

void ctl_peer_end(struct ctl_peer *p)
{
	if (p->call.active) {
		ctl_peer_close(p); /* nobody is there for the answer; its watch is told */
		return;
	}
	p->ended = true;
	loop_task_schedule(p->server->loop, &p->next);
}

void ctl_peer_flushed(struct ctl_peer *p)
{
	loop_task_schedule(p->server->loop, &p->next);
}

void ctl_peer_timeout(struct ctl_peer *p)
{
	log_debug(p->wait == CTL_WAIT_MESSAGE
			  ? "control: a message was begun and not finished, closing its connection"
			  : "control: a caller does not read its answers, closing it");
	ctl_peer_close(p);
}
