/* SPDX-License-Identifier: MIT */
/*
 * v1_flow: a visitor of a stock server.
 *
 *   server ── first Data ──> a stream is opened, the origin dialled
 *          ── Data ──> write         End ──> the stream's end (not 5 s later, as the Rust client)
 *          <── Data ── data          Refused <── reset
 *
 * That an origin has ended cannot be said. As with the Rust client the id is forgotten, and Data
 * that still comes under it opens another connection to the origin.
 */
#include "v1/v1_flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "io/loop.h"
#include "mux/session.h"
#include "v1/v1_conn.h"
#include "v1/v1_guest.h"

static struct v1_flow *flow_of(struct stream_user *u)
{
	return container_of(u, struct v1_flow, user);
}

static struct v1_flow *find(const struct v1_conn *c, const uint8_t id[static V1_ID_LEN])
{
	char key[2 * V1_ID_LEN + 1];

	parse_format_hex(key, id, V1_ID_LEN);
	return map_get(&c->flows, key);
}

static void forget(struct v1_flow *f)
{
	v1_dam_pool_deinit(&f->pool);
	(void)map_del(&f->conn->flows, f->key);
	list_del(&f->node);
	free(f);
}

/* --- from the origin ------------------------------------------------------------------------- */

static void on_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct v1_flow *f = flow_of(u);

	v1_conn_send(f->conn, V1_DATA, f->id, bytes, n);
}

static void on_end(struct stream_user *u)
{
	stream_end(u->stream);
	stream_release(u->stream, CLOSE_DONE);
	forget(flow_of(u));
}

static void on_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	struct v1_flow *f = flow_of(u);

	v1_conn_send(f->conn, V1_REFUSED, f->id, NULL, 0);
	forget(f);
}

static void end_if_due(struct v1_flow *f)
{
	if (f->ended && v1_dam_pool_is_empty(&f->pool))
		stream_end(f->user.stream);
}

static void on_writable(struct stream_user *u)
{
	struct v1_flow *f = flow_of(u);

	v1_dam_pool_flush(&f->pool, u->stream, loop_now(f->conn->guest->loop));
	end_if_due(f);
}

static const struct stream_user_ops user_ops = {
	.data = on_data,
	.end = on_end,
	.reset = on_reset,
	.writable = on_writable,
};

void v1_flow_credit(struct v1_conn *c, const uint8_t id[static V1_ID_LEN], size_t n)
{
	struct v1_flow *f = find(c, id);
	const struct stream *st = f ? f->user.stream : NULL;

	/* after an end the id may be another stream's already, which has not received so much */
	if (st && st->window.received - st->window.consumed >= n)
		stream_consumed(f->user.stream, n);
}

/* --- from the server ------------------------------------------------------------------------- */

static struct v1_flow *open_flow(struct v1_conn *c, const uint8_t id[static V1_ID_LEN])
{
	struct frame_open open = {.tunnel = c->tunnel};
	struct stream *st = session_open(&c->guest->session, &open);
	struct v1_flow *f;

	if (!st) {
		v1_conn_send(c, V1_REFUSED, id, NULL, 0);
		return NULL;
	}
	f = mem_new(struct v1_flow);
	f->conn = c;
	memcpy(f->id, id, sizeof(f->id));
	parse_format_hex(f->key, id, V1_ID_LEN);
	v1_dam_pool_init(&f->pool, &c->dam);
	list_add_tail(&c->all, &f->node);
	(void)map_set(&c->flows, f->key, f);
	stream_bind(st, &f->user, &user_ops);
	if (!timer_is_active(&c->guest->sweep))
		timer_start(&c->guest->sweep, 1000);
	return f;
}

static void refuse(struct v1_flow *f, enum close_reason why)
{
	v1_conn_send(f->conn, V1_REFUSED, f->id, NULL, 0);
	stream_reset(f->user.stream, why, "");
	forget(f);
}

void v1_flow_on_packet(struct v1_conn *c, const struct v1_packet *p)
{
	struct v1_flow *f = find(c, p->id);

	if (p->type == V1_END) {
		if (!f)
			return;
		f->ended = true;
		end_if_due(f);
		return;
	}
	/* Init is not waited for, and opens nothing: a refusal that is faster than the first Data
	 * would be said twice */
	if (p->type != V1_DATA || p->n == 0)
		return;
	if (!f)
		f = open_flow(c, p->id);
	if (f && !f->ended &&
		!v1_dam_pool_write(&f->pool, f->user.stream, p->payload, p->n,
			loop_now(c->guest->loop)))
		refuse(f, CLOSE_SLOW);
}

void v1_flow_sweep(struct v1_conn *c, clock_ms_t now)
{
	struct v1_pool *p;

	while ((p = v1_dam_overdue(&c->dam, now)))
		refuse(container_of(p, struct v1_flow, pool), CLOSE_SLOW);
}

void v1_flow_end_all(struct v1_conn *c, enum close_reason why)
{
	while (!list_is_empty(&c->all)) {
		struct v1_flow *f = list_entry(c->all.next, struct v1_flow, node);

		if (f->user.stream)
			stream_reset(f->user.stream, why, "");
		forget(f);
	}
}
