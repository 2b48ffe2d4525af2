/* SPDX-License-Identifier: MIT */
/*
 * v1_conn: from a REGISTER to a tunnel of a stock server, and its end.
 *
 *   dial or spare ── ClientHello ──> ServerHello: REGISTERED ──> packets ──> lost: GONE
 *
 * Two things are remembered for the next connection that the Rust client forgets or cannot know:
 * the name that the server chose is asked for again, and a client without a key sends its token.
 *
 * What a stock server cannot stand is never sent: a WebSocket Ping or Pong, an empty message, Init
 * and End.
 */
#include "v1/v1_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/rand.h"
#include "base/str.h"
#include "io/loop.h"
#include "v1/v1_flow.h"
#include "v1/v1_guest.h"

/* --- towards the server ---------------------------------------------------------------------- */

static void set_high(struct v1_conn *c, bool high)
{
	if (c->high == high)
		return;
	c->high = high;
	v1_guest_hold(c->guest, high);
}

static void lose(struct v1_conn *c, enum close_reason why, const char *text)
{
	if (c->state != V1_CONN_OVER)
		v1_guest_lost(c->guest, c, why, text);
}

static void queued(struct v1_conn *c, bool fitted)
{
	if (!fitted) {
		/* not here: whoever sends may be in the middle of a flow that this would free */
		c->overflowed = true;
		timer_start(&c->deadline, 0);
		return;
	}
	if (v1_out_is_high(&c->out))
		set_high(c, true);
	ws_pipe_wake(c->user.pipe);
}

void v1_conn_send(struct v1_conn *c, enum v1_packet_type type, const uint8_t id[static V1_ID_LEN],
	const void *payload, size_t n)
{
	if (c->user.pipe)
		queued(c, v1_out_add_packet(&c->out, type, id, payload, n));
}

static size_t pipe_next(struct ws_pipe_user *u, uint8_t *out, size_t cap)
{
	struct v1_conn *c = container_of(u, struct v1_conn, user);
	struct v1_out_sent sent;
	size_t n = v1_out_next(&c->out, out, cap, &sent);

	if (sent.data > 0)
		v1_flow_credit(c, sent.id, sent.data);
	if (v1_out_is_low(&c->out))
		set_high(c, false);
	return n;
}

/* --- the handshake --------------------------------------------------------------------------- */

/* Whose it is: by the key, or the token of before; and the name, wanted or had. */
static void fill_hello(struct v1_conn *c, struct v1_client_hello *h)
{
	const struct v1_guest *g = c->guest;
	const char *name = map_get(&g->memory->names, c->rq.name);
	const char *token = map_get(&g->memory->tokens, c->rq.name);
	uint8_t id[16];

	rand_bytes(id, sizeof(id));
	parse_format_hex(h->id, id, sizeof(id));
	h->version = V1_VERSION_V1; /* we know Terminate */
	h->anonymous = g->params.bearer == NULL;
	(void)snprintf(h->key, sizeof(h->key), "%s", h->anonymous ? "" : g->params.bearer);
	if (h->anonymous && token)
		(void)snprintf(h->token, sizeof(h->token), "%s", token);
	else if (c->rq.subdomain[0])
		(void)snprintf(h->sub_domain, sizeof(h->sub_domain), "%s", c->rq.subdomain);
	else if (name)
		(void)snprintf(h->sub_domain, sizeof(h->sub_domain), "%s", name);
	c->reminded = !c->rq.subdomain[0] && h->sub_domain[0];
}

static void say_hello(struct v1_conn *c)
{
	struct v1_client_hello h = {0};
	uint8_t json[V1_HELLO_MAX];
	size_t n;

	fill_hello(c, &h);
	n = v1_client_hello_encode(json, sizeof(json), &h);
	mem_wipe(&h, sizeof(h));
	c->state = V1_CONN_HELLO;
	timer_start(&c->deadline, V1_GUEST_HELLO_MS);
	queued(c, v1_out_add(&c->out, json, n));
	mem_wipe(json, sizeof(json));
}

static void remember(struct map *m, const char *label, const char *text)
{
	free(text ? map_set(m, label, mem_strdup(text)) : map_del(m, label));
}

static void on_success(struct v1_conn *c, const struct v1_server_hello *h)
{
	struct hello_registered r = {
		.request = c->rq.request, .granted = true, .tunnel = c->tunnel};

	c->state = V1_CONN_UP;
	timer_start(&c->deadline, V1_GUEST_SILENT_MS);
	remember(&c->guest->memory->names, c->rq.name, h->sub_domain);
	(void)snprintf(r.url, sizeof(r.url), "%s://%s/", c->guest->params.tls ? "https" : "http",
		h->hostname);
	(void)snprintf(r.hostname, sizeof(r.hostname), "%.*s", (int)strcspn(h->hostname, ":"),
		h->hostname);
	v1_guest_answer(c->guest, &r);
}

static const char *refusal_text(const struct v1_conn *c, const struct v1_server_hello *h)
{
	switch (h->answer) {
	case V1_SUB_DOMAIN_IN_USE:
		return "that name is in use, or reserved, on this server";
	case V1_INVALID_SUB_DOMAIN:
		return "the server does not take that as a name";
	case V1_AUTH_FAILED:
		return c->guest->params.bearer ? "the server does not know this key"
					       : "the server wants a key, and none is configured";
	case V1_ERROR:
	case V1_SUCCESS:
	case V1_ANSWER_COUNT:
		break;
	}
	return h->error[0] ? h->error : "the server refuses and does not say why";
}

static void on_refusal(struct v1_conn *c, const struct v1_server_hello *h)
{
	static const char *const words[V1_ANSWER_COUNT] = {
		[V1_SUB_DOMAIN_IN_USE] = "taken",
		[V1_INVALID_SUB_DOMAIN] = "bad_name",
		[V1_AUTH_FAILED] = "auth_failed",
		[V1_ERROR] = "refused",
	};
	struct hello_registered r = {.request = c->rq.request};

	if (h->answer == V1_AUTH_FAILED && c->guest->n_conns == 1) {
		/* tried again, but slowly */
		session_close(&c->guest->session, CLOSE_KEY_REVOKED, refusal_text(c, h));
		return;
	}
	(void)snprintf(r.error, sizeof(r.error), "%s", words[h->answer]);
	(void)snprintf(r.message, sizeof(r.message), "%s", refusal_text(c, h));
	r.retry = h->answer == V1_SUB_DOMAIN_IN_USE || c->reminded;
	if (c->reminded) /* somebody else has it now: the server chooses the next time */
		remember(&c->guest->memory->names, c->rq.name, NULL);
	remember(&c->guest->memory->tokens, c->rq.name, NULL);
	v1_guest_answer(c->guest, &r);
	v1_guest_lost(c->guest, c, CLOSE_DONE, "");
}

static void on_hello(struct v1_conn *c, const uint8_t *bytes, size_t n)
{
	struct v1_server_hello h;
	struct err err;

	if (v1_server_hello_decode(&h, bytes, n, &err) < 0)
		lose(c, CLOSE_PROTOCOL, err.text);
	else if (h.answer == V1_SUCCESS)
		on_success(c, &h);
	else
		on_refusal(c, &h);
}

/* --- packets --------------------------------------------------------------------------------- */

static void on_ping(struct v1_conn *c, const struct v1_packet *p)
{
	char token[V1_TOKEN_MAX];

	if (p->payload && p->n > 0 && p->n < sizeof(token) && !memchr(p->payload, 0, p->n)) {
		memcpy(token, p->payload, p->n);
		token[p->n] = '\0';
		remember(&c->guest->memory->tokens, c->rq.name, token);
	}
	v1_conn_send(c, V1_PING, v1_empty_id, NULL, 0);
}

static void on_terminate(struct v1_conn *c, const struct v1_packet *p)
{
	char text[FRAME_MAX_TEXT];

	(void)snprintf(text, sizeof(text), "the server ended the tunnel: %.*s",
		(int)MIN(p->n, sizeof(text)), (const char *)p->payload);
	/* for good: it has said that coming back is no use */
	lose(c, CLOSE_TAKEN_OVER, text);
}

static void on_packet(struct v1_conn *c, const struct v1_packet *p)
{
	if (!c->overflowed)
		timer_start(&c->deadline, V1_GUEST_SILENT_MS);
	if (p->type == V1_PING)
		on_ping(c, p);
	else if (p->type == V1_TERMINATE)
		on_terminate(c, p);
	else if (p->type != V1_REFUSED) /* which servers do not send */
		v1_flow_on_packet(c, p);
}

static void pipe_message(struct ws_pipe_user *u, const uint8_t *bytes, size_t n)
{
	struct v1_conn *c = container_of(u, struct v1_conn, user);
	struct v1_packet p;

	if (c->state == V1_CONN_HELLO)
		on_hello(c, bytes, n);
	/* what makes no sense is passed over: no reason to end a tunnel, as the Rust client does */
	else if (c->state == V1_CONN_UP && v1_packet_decode(&p, bytes, n) == V1_OK)
		on_packet(c, &p);
}

static void pipe_closed(struct ws_pipe_user *u)
{
	lose(container_of(u, struct v1_conn, user), CLOSE_LINK_LOST,
		"the connection to the server was lost");
}

static const struct ws_pipe_user_ops pipe_ops = {
	.message = pipe_message,
	.next = pipe_next,
	.closed = pipe_closed,
};

/* --- life ------------------------------------------------------------------------------------ */

static void on_deadline(struct timer *t)
{
	struct v1_conn *c = container_of(t, struct v1_conn, deadline);

	if (c->overflowed) {
		lose(c, CLOSE_LIMIT, "the server does not read");
		return;
	}
	lose(c, CLOSE_TIMEOUT,
		c->state == V1_CONN_HELLO ? "the server did not answer the hello"
					  : "the server has not pinged for too long");
}

static void on_opened(struct ws_client *client, struct ws_pipe *pipe)
{
	struct v1_conn *c = container_of(client, struct v1_conn, client);

	ws_pipe_bind(pipe, &c->user, &pipe_ops);
	say_hello(c);
}

static void on_failed(struct ws_client *client, enum ws_client_fault fault, int status,
	const char *text)
{
	lose(container_of(client, struct v1_conn, client), CLOSE_LINK_LOST, text);
}

static const struct ws_client_ops client_ops = {
	.opened_v1 = on_opened,
	.failed = on_failed,
};

static struct v1_conn *new_conn(struct v1_guest *g)
{
	struct v1_conn *c = mem_new(struct v1_conn);

	c->guest = g;
	list_add_tail(&g->conns, &c->node);
	g->n_conns++;
	ws_client_init(&c->client, g->ws, &client_ops);
	timer_init(&c->deadline, g->loop, on_deadline);
	map_init(&c->flows);
	list_init(&c->all);
	v1_out_init(&c->out);
	v1_dam_init(&c->dam, &c->user, V1_GUEST_SLOW_MS);
	return c;
}

struct v1_conn *v1_conn_adopt(struct v1_guest *g, struct ws_pipe *pipe)
{
	struct v1_conn *c = new_conn(g);

	c->state = V1_CONN_SPARE;
	ws_pipe_bind(pipe, &c->user, &pipe_ops);
	return c;
}

struct v1_conn *v1_conn_dial(struct v1_guest *g)
{
	return new_conn(g);
}

void v1_conn_claim(struct v1_conn *c, const struct hello_register *rq, uint32_t tunnel)
{
	struct err err;

	c->rq = *rq;
	c->tunnel = tunnel;
	if (c->state == V1_CONN_SPARE)
		say_hello(c);
	else if (ws_client_connect(&c->client, &c->guest->params, &err) < 0)
		lose(c, CLOSE_LINK_LOST, err.text);
}

static void free_conn(struct grave *g)
{
	struct v1_conn *c = container_of(g, struct v1_conn, grave);

	map_deinit(&c->flows);
	v1_out_deinit(&c->out);
	free(c);
}

void v1_conn_close(struct v1_conn *c, enum close_reason why)
{
	if (c->state == V1_CONN_OVER)
		return;
	c->state = V1_CONN_OVER;
	timer_stop(&c->deadline);
	ws_client_cancel(&c->client);
	if (c->user.pipe)
		ws_pipe_close(c->user.pipe, WS_PIPE_CLOSE);
	v1_flow_end_all(c, why);
	set_high(c, false);
	list_del(&c->node);
	c->guest->n_conns--;
	loop_bury(c->guest->loop, &c->grave, free_conn);
}
