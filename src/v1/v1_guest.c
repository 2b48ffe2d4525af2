/* SPDX-License-Identifier: MIT */
/*
 * v1_guest: the server that a client's session believes to have.
 *
 *   uplink's session ── link_pair ── session of the guest ── HELLO: WELCOME
 *                                                          ── REGISTER: a v1_conn, its answer
 *                                                          <── v1_conn: Init, Data ──> OPEN, DATA
 *
 * A connection of version 1 carries one tunnel, so each tunnel has its own. When the only one is
 * lost the session ends, and the client's reconnecting begins; with others beside it, only its
 * tunnel does.
 *
 * What version 1 has not (ports, whole host names, rewriting of Host) is refused in words.
 */
#include "v1/v1_guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/rand.h"
#include "io/loop.h"
#include "v1/v1_conn.h"
#include "v1/v1_flow.h"

/* --- memory ---------------------------------------------------------------------------------- */

static void free_texts(struct map *m)
{
	const char *key;
	void *value;
	size_t at = 0;

	while (map_next(m, &at, &key, &value))
		free(value);
	map_deinit(m);
}

void v1_guest_memory_deinit(struct v1_memory *m)
{
	if (m->ready) {
		free_texts(&m->names);
		free_texts(&m->tokens);
	}
	m->ready = false;
}

/* --- answers --------------------------------------------------------------------------------- */

void v1_guest_hold(struct v1_guest *g, bool hold)
{
	g->n_high += hold ? 1 : -1;
	if (g->pair)
		link_pair_hold(&g->pair->far, g->n_high > 0);
}

void v1_guest_answer(struct v1_guest *g, const struct hello_registered *r)
{
	uint8_t json[FRAME_MAX_JSON];

	session_send(&g->session, FRAME_REGISTERED, 0, json,
		hello_registered_encode(json, sizeof(json), r));
}

static void refuse(struct v1_guest *g, uint32_t request, const char *word, const char *text)
{
	struct hello_registered r = {.request = request};

	(void)snprintf(r.error, sizeof(r.error), "%s", word);
	(void)snprintf(r.message, sizeof(r.message), "%s", text);
	v1_guest_answer(g, &r);
}

static void send_gone(struct v1_guest *g, uint32_t tunnel, enum close_reason why, const char *text)
{
	struct frame_reason r = {.value = tunnel, .reason = (uint16_t)why};
	uint8_t payload[6 + FRAME_MAX_TEXT];

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	session_send(&g->session, FRAME_GONE, 0, payload,
		frame_reason_encode(payload, sizeof(payload), FRAME_GONE, &r));
}

void v1_guest_lost(struct v1_guest *g, struct v1_conn *c, enum close_reason why, const char *text)
{
	enum v1_conn_state was = c->state;
	struct hello_registered r = {.request = c->rq.request, .retry = true};

	if (why != CLOSE_DONE && why != CLOSE_TAKEN_OVER && g->n_conns == 1) {
		session_close(&g->session, CLOSE_LINK_LOST, text);
		return;
	}
	if (g->first == c)
		g->first = NULL;
	v1_conn_close(c, why);
	if (why == CLOSE_DONE || was == V1_CONN_SPARE)
		return;
	if (was == V1_CONN_UP) {
		send_gone(g, c->tunnel, why, text);
		return;
	}
	(void)snprintf(r.error, sizeof(r.error), "unreachable");
	(void)snprintf(r.message, sizeof(r.message), "%s", text);
	v1_guest_answer(g, &r);
}

/* --- the client's frames --------------------------------------------------------------------- */

static void random_hex(char *to, size_t n_bytes)
{
	uint8_t bytes[32];

	rand_bytes(bytes, n_bytes);
	parse_format_hex(to, bytes, n_bytes);
	mem_wipe(bytes, sizeof(bytes));
}

static void on_hello(struct v1_guest *g, const struct frame *f)
{
	struct hello_welcome w = {
		.version = HELLO_VERSION,
		.software = "tunnelto (v1)",
		.window = g->session.limits.window,
		.max_streams = g->session.limits.max_streams,
		.max_tunnels = V1_GUEST_CONNS_MAX,
	};
	uint8_t json[FRAME_MAX_JSON];
	struct hello h;
	struct err err;

	if (hello_decode(&h, f->payload, f->length, &err) < 0) {
		session_close(&g->session, CLOSE_PROTOCOL, err.text);
		return;
	}
	random_hex(w.session, 16);
	random_hex(w.secret, 32);
	session_send(&g->session, FRAME_WELCOME, 0, json,
		hello_welcome_encode(json, sizeof(json), &w));
	session_greeted(&g->session, h.window, clock_ms());
	mem_wipe(&h, sizeof(h));
}

/* What version 1 cannot do; NULL: it can. */
static const char *check(const struct v1_guest *g, const struct hello_register *rq)
{
	if (rq->proto != HELLO_PROTO_HTTP)
		return "a server of the Rust tunnelto has HTTP tunnels only";
	if (rq->hostname[0])
		return "a server of the Rust tunnelto knows 'subdomain', not 'hostname'";
	if (rq->host_header[0])
		return "a server of the Rust tunnelto does not rewrite Host ('host_header')";
	return !g->first && g->n_conns >= V1_GUEST_CONNS_MAX ? "too many tunnels" : NULL;
}

static void on_register(struct v1_guest *g, const struct frame *f)
{
	struct hello_register rq;
	const char *why;
	struct err err;

	if (hello_register_decode(&rq, f->payload, f->length, &err) < 0) {
		session_close(&g->session, CLOSE_PROTOCOL, err.text);
		return;
	}
	why = check(g, &rq);
	if (why) {
		refuse(g, rq.request, "not_supported", why);
		return;
	}
	struct v1_conn *c = g->first ? TAKE_PTR(g->first) : v1_conn_dial(g);

	v1_conn_claim(c, &rq, ++g->next_tunnel);
}

static void on_unregister(struct v1_guest *g, const struct frame *f)
{
	struct cursor cursor;
	uint32_t tunnel;

	cursor_read_init(&cursor, f->payload, f->length);
	tunnel = cursor_u32(&cursor);
	list_each_safe (c, &g->conns, struct v1_conn, node) {
		if (c->tunnel == tunnel && c->state == V1_CONN_UP)
			v1_conn_close(c, CLOSE_UNREGISTERED);
	}
}

static struct v1_guest *guest_of(struct session *s)
{
	return container_of(s, struct v1_guest, session);
}

static void session_frame(struct session *s, struct link *l, const struct frame *f)
{
	struct v1_guest *g = guest_of(s);

	if (f->type == FRAME_HELLO)
		on_hello(g, f);
	else if (f->type == FRAME_REGISTER)
		on_register(g, f);
	else if (f->type == FRAME_UNREGISTER)
		on_unregister(g, f);
}

static void session_opened(struct session *s, struct stream *st, const struct frame_open *open)
{
	stream_reset(st, CLOSE_NO_TUNNEL, "servers take no streams");
}

static void session_detached(struct session *s, enum close_reason why)
{
	/* never: grace is 0 at a link pair */
}

/* --- life ------------------------------------------------------------------------------------ */

static void free_guest(struct grave *grave)
{
	struct v1_guest *g = container_of(grave, struct v1_guest, grave);

	session_deinit(&g->session);
	if (g->params.bearer)
		mem_wipe((char *)(uintptr_t)g->params.bearer, strlen(g->params.bearer));
	free((char *)(uintptr_t)g->params.bearer);
	free((char *)(uintptr_t)g->params.host);
	free((char *)(uintptr_t)g->params.ca_file);
	free(g);
}

static void session_closed(struct session *s, enum close_reason why, const char *text)
{
	struct v1_guest *g = guest_of(s);

	g->over = true;
	g->pair = NULL; /* it goes when both of its sessions have let go */
	timer_stop(&g->tick);
	timer_stop(&g->sweep);
	while (!list_is_empty(&g->conns))
		v1_conn_close(list_entry(g->conns.next, struct v1_conn, node), why);
	loop_bury(g->loop, &g->grave, free_guest);
}

static void session_deadline(struct session *s, clock_ms_t at)
{
	timer_start_at(&guest_of(s)->tick, at);
}

static const struct session_ops session_ops = {
	.frame = session_frame,
	.opened = session_opened,
	.detached = session_detached,
	.closed = session_closed,
	.deadline = session_deadline,
};

static void on_tick(struct timer *t)
{
	session_tick(&container_of(t, struct v1_guest, tick)->session, clock_ms());
}

static void on_sweep(struct timer *t)
{
	struct v1_guest *g = container_of(t, struct v1_guest, sweep);

	list_each (c, &g->conns, struct v1_conn, node)
		v1_flow_sweep(c, loop_now(g->loop));
	if (session_stream_count(&g->session) > 0)
		timer_start(&g->sweep, 1000);
}

static void init_memory(struct v1_memory *m)
{
	if (m->ready)
		return;
	map_init(&m->names);
	map_init(&m->tokens);
	m->ready = true;
}

struct link *v1_guest_open(struct loop *loop, struct ws_loop *ws, const struct ws_client_params *p,
	struct ws_pipe *first, struct v1_memory *memory)
{
	struct v1_guest *g = mem_new(struct v1_guest);
	struct session_limits limits = session_limits_default;

	init_memory(memory);
	g->loop = loop;
	g->ws = ws;
	g->memory = memory;
	g->params = *p;
	g->params.host = mem_strdup(p->host);
	g->params.ca_file = mem_strdup(p->ca_file);
	g->params.bearer = mem_strdup(p->bearer);
	list_init(&g->conns);
	timer_init(&g->tick, loop, on_tick);
	timer_init(&g->sweep, loop, on_sweep);
	link_pair_limit(&limits);
	session_init(&g->session, &session_ops, &limits, /* is_server= */ true, clock_ms());
	g->pair = link_pair_new(loop);
	session_attach(&g->session, &g->pair->near.link, clock_ms());
	g->first = v1_conn_adopt(g, first);
	return &g->pair->far.link;
}
