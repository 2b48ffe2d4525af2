/* SPDX-License-Identifier: MIT */
/*
 * edge_http: HTTP visitors.
 *
 *   visitor ──> in ── edge_request ──> stream ──> (client, origin)
 *   visitor <── conn queue <── edge_response <── stream
 *
 * A visitor owns its connection and at most one stream, which is kept between requests. What is
 * buffered: one head, and of bodies what the stream's ring and the connection's queue may hold;
 * a slow side stops the other through credit and by pausing reads.
 *
 * A visitor that ends its sending side while a response is outstanding is taken to have gone
 * away, as every browser and curl mean it; only upgraded connections are half-closed.
 */
#include "server/edge_http.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/conn_tcp.h"
#include "io/tls_ctx.h"
#include "server/access_log.h"
#include "server/edge_visitor.h"
#include "server/tunnel.h"

/* The queue takes all that a stream may be granted. */
#define OUT_MAX   (17 * 1024 * 1024)
#define LOW_MARK  (64 * 1024)
#define LINGER_MS 2000
/* How often those whose bytes wait are looked at. */
#define LOOK_MS 500

/* There are ten thousand of them, most of them idle. */
_Static_assert(sizeof(struct visitor) <= 2048, "an idle visitor costs the server too much");

const struct edge_http_limits edge_http_limits_default = {
	.head_max = 32 * 1024,
	.head_timeout_ms = 10 * 1000,
	.idle_timeout_ms = 60 * 1000,
	.response_timeout_ms = 60 * 1000,
	.body_timeout_ms = 300 * 1000,
	.body_progress = 1024,
	.connections_max = 20000,
};

/* In English whatever the locale is (RFC 9110 §5.6.7), once a second. */
const char *edge_http_date(struct edge_http *e)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm t;

	if (now == e->date_at)
		return e->date;
	e->date_at = now;
	(void)gmtime_r(&now, &t);
	(void)snprintf(e->date, sizeof(e->date), "%s, %02u %s %04u %02u:%02u:%02u GMT",
		days[t.tm_wday % 7], (unsigned int)t.tm_mday % 100, months[t.tm_mon % 12],
		(unsigned int)(t.tm_year + 1900) % 10000, (unsigned int)t.tm_hour % 100,
		(unsigned int)t.tm_min % 100, (unsigned int)t.tm_sec % 100);
	return e->date;
}

/* --- a stream that is let go cleanly ---------------------------------------------------------- */

/* Its end was sent; the far side's end is awaited without anybody caring for bytes. */
struct farewell {
	struct stream_user user;
};

static void farewell_over(struct stream_user *u)
{
	struct farewell *f = container_of(u, struct farewell, user);

	if (u->stream)
		stream_release(u->stream, CLOSE_DONE);
	free(f);
}

static void farewell_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	stream_reset(u->stream, CLOSE_VISITOR_GONE, "");
	farewell_over(u);
}

static void farewell_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	farewell_over(u);
}

static void farewell_writable(struct stream_user *u)
{
}

static const struct stream_user_ops farewell_ops = {
	.data = farewell_data,
	.end = farewell_over,
	.reset = farewell_reset,
	.writable = farewell_writable,
};

static void say_farewell(struct stream *st)
{
	struct farewell *f;

	stream_end(st);
	if (stream_is_ended(st)) {
		stream_release(st, CLOSE_DONE);
		return;
	}
	f = mem_new(struct farewell);
	stream_rebind(st, &f->user, &farewell_ops);
}

void edge_http_drop_stream(struct visitor *v, bool clean, enum close_reason why)
{
	struct stream *st = v->user.stream;
	struct tunnel *t = TAKE_PTR(v->tunnel);

	if (st && v->uncredited > 0)
		stream_consumed(st, v->uncredited);
	v->uncredited = 0;
	if (st && clean)
		say_farewell(st);
	else if (st)
		stream_reset(st, why, "");
	v->user.stream = NULL;
	if (!t)
		return;
	tunnel_stream_ended(t);
	tunnel_unref(t);
}

void edge_http_hold(struct visitor *v)
{
	conn_pause(&v->conn);
	v->body_since = 0;
	v->body_arrived = v->user.stream ? stream_bytes_arrived(v->user.stream) : 0;
	if (!timer_is_active(&v->edge->look))
		timer_start(&v->edge->look, LOOK_MS);
}

/* Have @f look at everybody. The end of one may end the session, and so others: whoever is still to
 * be looked at leaves @all by itself then. */
static void for_each(struct edge_http *e, void (*f)(struct visitor *v))
{
	struct list all = LIST_INIT(all), *n;

	list_splice_tail(&all, &e->visitors);
	while ((n = list_pop(&all))) {
		list_add_tail(&e->visitors, n);
		f(list_entry(n, struct visitor, node));
	}
}

/* Whose bytes are not read tells us nothing by itself, not even that it has gone. */
static void look_at(struct visitor *v)
{
	if (!conn_is_paused(&v->conn))
		return;
	if (conn_tcp_is_reset(&v->conn))
		edge_http_forget(v, CLOSE_VISITOR_GONE);
	else if (!timer_is_active(&v->edge->look))
		timer_start(&v->edge->look, LOOK_MS);
}

static void on_look(struct timer *t)
{
	for_each(container_of(t, struct edge_http, look), look_at);
}

void edge_http_credit(struct visitor *v)
{
	if (v->uncredited == 0 || conn_queued(&v->conn) > LOW_MARK)
		return;
	if (v->user.stream)
		stream_consumed(v->user.stream, v->uncredited);
	v->uncredited = 0;
}

/* --- life of a visitor ------------------------------------------------------------------------ */

static void free_visitor(struct grave *g)
{
	struct visitor *v = container_of(g, struct visitor, grave);

	buf_deinit(&v->in);
	buf_deinit(&v->response_head);
	free(v->replay);
	free(v->claimed);
	free(v->local);
	free(v);
}

void edge_http_log(struct visitor *v)
{
	if (v->logged || v->requests == 0)
		return;
	v->logged = true;
	if (v->tunnel)
		tunnel_count(v->tunnel, v->bytes_in, v->bytes_out);
	access_log_http(&(struct access_log_http){
		.visitor = edge_claims_visitor(v),
		.tunnel = v->tunnel ? v->tunnel : v->edge->ops->route(v->edge, v->host),
		.host = v->host,
		.method = v->method[0] ? v->method : "-",
		.target = v->target[0] ? v->target : "-",
		.status = v->status,
		.why = v->why,
		.bytes_in = v->bytes_in,
		.bytes_out = v->bytes_out,
		.duration_ms = loop_now(v->edge->loop) - v->began,
		.parked_ms = v->parked_ms,
	});
}

void edge_http_forget(struct visitor *v, enum close_reason why)
{
	bool clean = v->phase == VISITOR_HEAD ||
		     (v->phase == VISITOR_UPGRADED && why == CLOSE_DONE);

	if (v->gone)
		return;
	v->gone = true;
	parking_leave(v->edge->parking, &v->parked);
	if (v->phase != VISITOR_HEAD && v->phase != VISITOR_LINGER) {
		v->why = why;
		edge_http_log(v);
	}
	edge_http_drop_stream(v, clean, why);
	list_del(&v->node);
	v->edge->n_visitors--;
	loop_task_cancel(&v->next);
	if (why == CLOSE_DONE || why == CLOSE_IDLE)
		conn_close(&v->conn);
	else
		conn_abort(&v->conn);
	loop_bury(v->edge->loop, &v->grave, free_visitor);
}

void edge_http_linger(struct visitor *v)
{
	if (v->gone)
		return;
	edge_http_drop_stream(v, /* clean= */ false,
		v->why == CLOSE_DONE ? CLOSE_VISITOR_GONE : v->why);
	v->phase = VISITOR_LINGER;
	buf_clear(&v->in);
	conn_resume(&v->conn);
	conn_shutdown(&v->conn);
	edge_http_set_deadline(v);
	if (v->conn.read_ended && conn_queued(&v->conn) == 0)
		edge_http_forget(v, CLOSE_DONE);
}

void edge_http_upgraded_done(struct visitor *v)
{
	if (v->phase != VISITOR_UPGRADED || !v->user.stream || !stream_is_ended(v->user.stream) ||
		conn_queued(&v->conn) > 0)
		return;
	edge_http_forget(v, CLOSE_DONE);
}

void edge_http_exchange_done(struct visitor *v)
{
	bool again = v->keep_alive && !v->edge->draining && !v->conn.read_ended;

	edge_http_log(v);
	if (!again) {
		edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
		edge_http_linger(v);
		return;
	}
	if (!v->origin_keeps)
		edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
	v->stream_used = true;
	free(TAKE_PTR(v->replay));
	v->phase = VISITOR_HEAD;
	edge_http_set_deadline(v);
	conn_resume(&v->conn);
	if (buf_len(&v->in) > 0)
		loop_task_schedule(v->edge->loop, &v->next);
}

void edge_http_set_deadline(struct visitor *v)
{
	const struct edge_http_limits *l = &v->edge->limits;
	uint64_t ms = 0;

	switch (v->phase) {
	case VISITOR_HEAD:
		ms = buf_len(&v->in) > 0 || v->conn.handshaking ? l->head_timeout_ms
								: l->idle_timeout_ms;
		break;
	case VISITOR_BODY:
		ms = l->body_timeout_ms;
		break;
	case VISITOR_WAIT:
		ms = l->response_timeout_ms;
		break;
	case VISITOR_RESPONSE:
		ms = v->endless ? 0 : l->body_timeout_ms;
		break;
	case VISITOR_PARKED: /* it has one of its own */
	case VISITOR_UPGRADED:
		break;
	case VISITOR_LINGER:
		ms = conn_queued(&v->conn) > 0 ? l->body_timeout_ms : LINGER_MS;
		break;
	}
	conn_set_deadline(&v->conn, ms);
}

/* --- what the connection says ----------------------------------------------------------------- */

void edge_http_too_slow(struct visitor *v)
{
	v->why = CLOSE_TIMEOUT;
	if (v->answered)
		edge_http_forget(v, CLOSE_TIMEOUT);
	else
		edge_error_refuse(v, HTTP_FAULT_TIMEOUT);
}

static void origin_too_slow(struct visitor *v)
{
	v->why = CLOSE_ORIGIN_TIMEOUT;
	edge_http_drop_stream(v, /* clean= */ false, CLOSE_ORIGIN_TIMEOUT);
	edge_error_send(v, 504, close_word(CLOSE_ORIGIN_TIMEOUT), close_text(CLOSE_ORIGIN_TIMEOUT));
}

/* A long queue that leaves slowly says nothing until it is short, and is not silence. */
static bool takes_its_answer(struct visitor *v)
{
	uint64_t taken = conn_tcp_taken(&v->conn);
	bool moved = taken != v->taken;

	v->taken = taken;
	return moved && conn_queued(&v->conn) > 0 && buf_len(&v->in) == 0 &&
	       (v->phase == VISITOR_HEAD || v->phase == VISITOR_RESPONSE ||
		       v->phase == VISITOR_LINGER);
}

/* A visitor is not read while what it has brought waits for a slow link: does that arrive, as fast
 * as it would have to come? */
static bool is_body_arriving(struct visitor *v)
{
	uint64_t before = v->body_arrived;

	if (v->phase != VISITOR_BODY || !conn_is_paused(&v->conn) || !v->user.stream)
		return false;
	v->body_arrived = stream_bytes_arrived(v->user.stream);
	return v->body_arrived - before >= MAX(v->edge->limits.body_progress, 1U);
}

static void on_timeout(struct visitor *v)
{
	if (takes_its_answer(v) || is_body_arriving(v)) {
		edge_http_set_deadline(v);
		return;
	}
	switch (v->phase) {
	case VISITOR_HEAD:
		if (buf_len(&v->in) > 0) {
			v->requests++;
			v->keep_alive = v->answered = false;
			edge_http_too_slow(v);
		} else {
			edge_http_forget(v, CLOSE_IDLE);
		}
		break;
	case VISITOR_BODY:
		if (conn_is_paused(&v->conn) && !v->answered)
			origin_too_slow(v); /* it takes nothing of the body */
		else
			edge_http_too_slow(v);
		break;
	case VISITOR_WAIT:
		origin_too_slow(v);
		break;
	case VISITOR_PARKED:
	case VISITOR_RESPONSE:
	case VISITOR_UPGRADED:
		edge_http_forget(v, CLOSE_TIMEOUT);
		break;
	case VISITOR_LINGER:
		edge_http_forget(v, CLOSE_DONE);
		break;
	}
}

static void on_event(struct conn *c, enum conn_event ev)
{
	struct visitor *v = container_of(c, struct visitor, conn);

	switch (ev) {
	case CONN_EV_READY:
		edge_http_set_deadline(v);
		break;
	case CONN_EV_READABLE:
		edge_read(v);
		break;
	case CONN_EV_DRAINED:
	case CONN_EV_FLUSHED:
		edge_http_credit(v);
		if (v->phase == VISITOR_RESPONSE || v->phase == VISITOR_BODY ||
			v->phase == VISITOR_LINGER)
			edge_http_set_deadline(v);
		/* the visitor has ended, and has everything that it asked for */
		if ((v->phase == VISITOR_LINGER || v->phase == VISITOR_HEAD) && c->read_ended &&
			conn_queued(c) == 0)
			edge_http_forget(v, CLOSE_DONE);
		else
			edge_http_upgraded_done(v);
		break;
	case CONN_EV_ERROR:
		edge_http_forget(v, CLOSE_VISITOR_GONE);
		break;
	case CONN_EV_TIMEOUT:
		on_timeout(v);
		break;
	}
}

static void on_next(struct loop_task *t)
{
	edge_request_take(container_of(t, struct visitor, next));
}

/* --- the edge --------------------------------------------------------------------------------- */

void edge_http_init(struct edge_http *e, struct loop *loop, const struct edge_http_limits *limits,
	const struct edge_http_ops *ops)
{
	memset(e, 0, sizeof(*e));
	e->loop = loop;
	e->limits = *limits;
	e->ops = ops;
	list_init(&e->visitors);
	timer_init(&e->look, loop, on_look);
}

void edge_http_accept(struct edge_http *e, int fd, const struct addr *peer,
	const struct addr *local, struct tls_ctx *tls)
{
	struct visitor *v;

	if (e->n_visitors >= e->limits.connections_max || !e->ops->admit(e, peer)) {
		close(fd);
		return;
	}
	v = mem_new(struct visitor);
	v->edge = e;
	v->peer = *peer;
	v->local = local ? mem_dup(local, sizeof(*local)) : NULL;
	v->tls = tls != NULL;
	buf_init(&v->in, MAX(e->limits.head_max, (uint32_t)VISITOR_AHEAD_MAX) + LOOP_SCRATCH_SIZE);
	buf_init(&v->response_head, e->limits.head_max + FRAME_MAX_DATA);
	loop_task_init(&v->next, on_next);
	list_add_tail(&e->visitors, &v->node);
	e->n_visitors++;
	conn_open(&v->conn, e->loop, fd, OUT_MAX, on_event);
	conn_set_low_mark(&v->conn, LOW_MARK);
	if (tls && conn_start_tls(&v->conn, tls, /* name= */ NULL, /* alpn= */ NULL) < 0) {
		edge_http_forget(v, CLOSE_INTERNAL);
		return;
	}
	edge_http_set_deadline(v);
}

static bool is_fresh(const struct visitor *v)
{
	return v->phase == VISITOR_HEAD && v->requests == 0;
}

uint32_t edge_http_fresh(const struct edge_http *e)
{
	uint32_t n = 0;

	list_each (v, &e->visitors, struct visitor, node)
		n += is_fresh(v) ? 1 : 0;
	return n;
}

void edge_http_release(struct edge_http *e, const struct session *s)
{
	list_each (v, &e->visitors, struct visitor, node) {
		if (v->phase == VISITOR_HEAD && v->user.stream && v->user.stream->session == s)
			edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
	}
}

static void end_if_idle(struct visitor *v)
{
	if (v->phase != VISITOR_HEAD || buf_len(&v->in) > 0 || (!v->edge->draining && is_fresh(v)))
		return;
	if (conn_queued(&v->conn) == 0) {
		edge_http_forget(v, CLOSE_DONE);
		return;
	}
	/* its last answer is still on its way */
	edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
	edge_http_linger(v);
}

void edge_http_drain(struct edge_http *e)
{
	for_each(e, end_if_idle);
	e->draining = true;
}

void edge_http_deinit(struct edge_http *e)
{
	struct list *n;

	timer_stop(&e->look);
	while ((n = list_first(&e->visitors)))
		edge_http_forget(list_entry(n, struct visitor, node), CLOSE_SHUTDOWN);
}
