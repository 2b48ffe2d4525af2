/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * session_pair: two real sessions on one loop, joined by a wire in memory that stands for the
 * WebSocket, and users of streams who know every byte they send and expect.
 */

#include "io/io_test.h"

#include "base/mem.h"
#include "mux/session.h"
#include "mux/stream.h"

/* --- the wire -------------------------------------------------------------------------------- */

struct wire {
	struct link link;
	struct wire *peer;
	struct loop_task pull;
	bool let_go;
	enum close_reason why;
};

static void wire_on_pull(struct loop_task *t)
{
	struct wire *w = container_of(t, struct wire, pull);
	static uint8_t bytes[64 * 1024];
	size_t n;

	while ((n = link_pull(&w->link, bytes, sizeof(bytes), clock_ms())) > 0) {
		if (w->peer && w->peer->link.session)
			(void)link_input(&w->peer->link, bytes, n, clock_ms());
	}
}

static void wire_wake(struct link *l)
{
	loop_task_schedule(&loop, &container_of(l, struct wire, link)->pull);
}

static void wire_close(struct link *l, enum close_reason why, const char *text)
{
	struct wire *w = container_of(l, struct wire, link);

	w->let_go = true;
	w->why = why;
	loop_task_schedule(&loop, &w->pull);
}

static const struct link_ops wire_ops = {
	.kind = "wire",
	.wake = wire_wake,
	.close = wire_close,
};

/* --- users of streams ------------------------------------------------------------------------ */

struct party {
	struct stream_user user;
	unsigned int seed; /* of what is sent; what is received has another */
	unsigned int peer_seed;
	uint64_t sent, to_send;
	uint64_t received, consumed;
	uint64_t most_held; /* bytes received and not consumed */
	bool end_after;     /* end the stream once all is sent */
	bool hold;          /* consume nothing by itself */
	bool any;           /* what is received follows no pattern */
	bool ended, was_reset;
	enum close_reason why;
	char text[160];
};

/* The byte at @offset of the stream of bytes called @seed. */
static inline uint8_t pattern(unsigned int seed, uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 16) + seed);
}

static UNUSED void pattern_fill(unsigned int seed, uint64_t offset, uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = pattern(seed, offset + i);
}

/* Fail the test at the first byte that is not what was sent. */
static UNUSED void pattern_check(unsigned int seed, uint64_t offset, const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (at[i] != pattern(seed, offset + i))
			fail_msg("byte %llu is not what was sent",
				(unsigned long long)(offset + i));
	}
}

static void party_pump(struct party *p)
{
	uint8_t bytes[16 * 1024];

	while (p->user.stream && p->sent < p->to_send) {
		size_t n = (size_t)MIN((uint64_t)sizeof(bytes), p->to_send - p->sent), done;

		pattern_fill(p->seed, p->sent, bytes, n);
		done = stream_write(p->user.stream, bytes, n);
		p->sent += done;
		if (done < n)
			return;
	}
	if (p->user.stream && p->end_after)
		stream_end(p->user.stream);
}

static void party_on_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct party *p = container_of(u, struct party, user);

	if (!p->any)
		pattern_check(p->peer_seed, p->received, bytes, n);
	p->received += n;
	if (!p->hold) {
		stream_consumed(u->stream, n);
		p->consumed += n;
	}
	p->most_held = MAX(p->most_held, p->received - p->consumed);
}

static void party_on_end(struct stream_user *u)
{
	container_of(u, struct party, user)->ended = true;
}

static void party_on_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	struct party *p = container_of(u, struct party, user);

	assert_null(u->stream);
	p->was_reset = true;
	p->why = why;
	(void)snprintf(p->text, sizeof(p->text), "%s", text);
}

static void party_on_writable(struct stream_user *u)
{
	party_pump(container_of(u, struct party, user));
}

static const struct stream_user_ops party_ops = {
	.data = party_on_data,
	.end = party_on_end,
	.reset = party_on_reset,
	.writable = party_on_writable,
};

/* Let a party that held back take everything it has got. */
static UNUSED void party_release(struct party *p)
{
	p->hold = false;
	stream_consumed(p->user.stream, (size_t)(p->received - p->consumed));
	p->consumed = p->received;
}

/* --- the sessions ---------------------------------------------------------------------------- */

struct end {
	struct session session;
	struct wire wire;
	struct timer tick;
	void (*on_open)(struct stream *st); /* NULL: bound to `party` */
	struct party party;
	unsigned int detached, closed;
	enum close_reason why;
	uint8_t last_frame;
	uint16_t goaway;
};

static struct end client, server;

static void end_on_tick(struct timer *t)
{
	session_tick(&container_of(t, struct end, tick)->session, clock_ms());
}

static void end_on_deadline(struct session *s, clock_ms_t at)
{
	struct end *e = container_of(s, struct end, session);

	if (at)
		timer_start_at(&e->tick, at);
	else
		timer_stop(&e->tick);
}

static void end_on_frame(struct session *s, struct link *l, const struct frame *f)
{
	struct end *e = container_of(s, struct end, session);
	struct frame_reason r;

	e->last_frame = f->type;
	if (f->type == FRAME_GOAWAY && frame_reason_decode(&r, f) == 0)
		e->goaway = r.reason;
}

static void end_on_opened(struct session *s, struct stream *st, const struct frame_open *open)
{
	struct end *e = container_of(s, struct end, session);

	if (e->on_open)
		e->on_open(st);
	else
		stream_bind(st, &e->party.user, &party_ops);
}

static void end_on_detached(struct session *s, enum close_reason why)
{
	container_of(s, struct end, session)->detached++;
}

static void end_on_closed(struct session *s, enum close_reason why, const char *text)
{
	struct end *e = container_of(s, struct end, session);

	e->closed++;
	e->why = why;
}

static const struct session_ops end_ops = {
	.frame = end_on_frame,
	.opened = end_on_opened,
	.detached = end_on_detached,
	.closed = end_on_closed,
	.deadline = end_on_deadline,
};

static UNUSED void end_init(struct end *e, bool is_server)
{
	memset(e, 0, sizeof(*e));
	timer_init(&e->tick, &loop, end_on_tick);
	session_init(&e->session, &end_ops, &session_limits_default, is_server, clock_ms());
	e->party.seed = is_server ? 11 : 23;
	e->party.peer_seed = is_server ? 23 : 11;
	link_init(&e->wire.link, &wire_ops, LINK_RANK_WEBSOCKET);
	loop_task_init(&e->wire.pull, wire_on_pull);
}

static UNUSED void end_deinit(struct end *e)
{
	if (e->wire.link.session)
		link_lost(&e->wire.link, CLOSE_SHUTDOWN, clock_ms());
	session_deinit(&e->session);
	timer_stop(&e->tick);
	loop_task_cancel(&e->wire.pull);
	if (e->wire.link.ops)
		link_deinit(&e->wire.link);
}

/* Both ends attached by the wire, greeted. */
static UNUSED void pair_setup(void)
{
	end_init(&client, false);
	end_init(&server, true);
	client.wire.peer = &server.wire;
	server.wire.peer = &client.wire;
	session_attach(&client.session, &client.wire.link, clock_ms());
	session_attach(&server.session, &server.wire.link, clock_ms());
	session_greeted(&client.session, session_limits_default.window, clock_ms());
	session_greeted(&server.session, session_limits_default.window, clock_ms());
}

/* The server opens a stream; at the client `on_open` or its party takes it. */
static UNUSED void pair_open(void)
{
	struct frame_open open = {.tunnel = 1, .visitor = "127.0.0.1:1", .local = "127.0.0.1:2"};
	struct stream *st = session_open(&server.session, &open);

	assert_non_null(st);
	stream_bind(st, &server.party.user, &party_ops);
}
