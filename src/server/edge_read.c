/* SPDX-License-Identifier: MIT */
/*
 * edge_read: what a visitor's connection brings, and where it goes.
 *
 *   conn_read() ──> in ─────────> edge_request     heads, and what comes before it is wanted
 *   conn_read() ──> stream's ring                  bodies, and all that an upgraded one says
 *
 * What is read into the ring is looked at there: nothing of a body is copied before it is sent.
 */
#include <errno.h>

#include "mux/stream.h"
#include "server/edge_visitor.h"

/* What one readable event may move into the ring before others get their turn. */
#define READ_MAX (512 * 1024)

/*
 * Is a body more than a drip that only keeps the time-out away? Time in which it was not read does
 * not count, nor does anything once there is an answer: then it is a conversation.
 */
static bool is_making_progress(struct visitor *v)
{
	clock_ms_t now = loop_now(v->edge->loop);
	bool first = v->body_since == 0;
	uint64_t brought = v->bytes_in - v->body_had;

	if (!first && now - v->body_since < v->edge->limits.body_timeout_ms)
		return true;
	v->body_since = now;
	v->body_had = v->bytes_in;
	return first || v->answered || brought >= v->edge->limits.body_progress;
}

/* Bytes of a body have gone to edge_request. */
static void on_body(struct visitor *v)
{
	if (v->gone || v->phase != VISITOR_BODY)
		return;
	edge_http_set_deadline(v);
	if (!is_making_progress(v))
		edge_http_too_slow(v);
}

static void on_end(struct visitor *v)
{
	if (v->phase == VISITOR_LINGER || (v->phase == VISITOR_HEAD && buf_len(&v->in) == 0)) {
		if (conn_queued(&v->conn) == 0)
			edge_http_forget(v, CLOSE_DONE);
	} else if (v->phase == VISITOR_UPGRADED) {
		stream_end(v->user.stream);
		edge_http_upgraded_done(v);
	} else {
		edge_http_forget(v, CLOSE_VISITOR_GONE);
	}
}

/* --- into the ring ---------------------------------------------------------------------------- */

static bool goes_to_ring(const struct visitor *v)
{
	return !v->gone && v->user.stream && buf_len(&v->in) == 0 &&
	       (v->phase == VISITOR_BODY || v->phase == VISITOR_UPGRADED);
}

/* As conn_read(), up to *@io_room bytes, which becomes how many there was room for. */
static ssize_t read_once(struct visitor *v, size_t *io_room)
{
	uint8_t *to = stream_reserve(v->user.stream, io_room);
	ssize_t n;

	if (!to) {
		edge_http_hold(v);
		return -EAGAIN;
	}
	n = conn_read(&v->conn, to, *io_room);
	if (n <= 0) {
		stream_commit(v->user.stream, 0);
	} else if (v->phase == VISITOR_BODY) {
		edge_request_body_read(v, to, (size_t)n);
		on_body(v);
	} else {
		stream_commit(v->user.stream, (size_t)n);
		v->bytes_in += (uint64_t)n;
	}
	return n;
}

static void read_into_ring(struct visitor *v)
{
	size_t budget = READ_MAX;

	while (budget > 0 && goes_to_ring(v)) {
		size_t room = LOOP_SCRATCH_SIZE;
		ssize_t n = read_once(v, &room);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			edge_http_forget(v, CLOSE_VISITOR_GONE);
			return;
		}
		if (n == 0) {
			on_end(v);
			return;
		}
		budget -= MIN(budget, (size_t)n);
		if ((size_t)n < room)
			return;
	}
}

/* --- aside ------------------------------------------------------------------------------------ */

static void on_bytes(struct visitor *v, const uint8_t *bytes, size_t n)
{
	bool first = buf_len(&v->in) == 0;

	if (v->phase == VISITOR_LINGER)
		return;
	(void)buf_add(&v->in, bytes, n);
	if (v->phase == VISITOR_HEAD) {
		if (first)
			edge_http_set_deadline(v);
		edge_request_take(v);
	} else if (v->phase == VISITOR_BODY) {
		edge_request_body(v);
		on_body(v);
	}
	if (!v->gone && v->phase != VISITOR_HEAD && v->phase != VISITOR_LINGER &&
		(buf_len(&v->in) >= VISITOR_AHEAD_MAX ||
			(v->phase == VISITOR_PARKED && edge_park_room(v) == 0)))
		edge_http_hold(v);
}

static void read_aside(struct visitor *v)
{
	uint8_t *scratch = v->edge->loop->scratch;
	size_t room = MIN(buf_room(&v->in), (size_t)LOOP_SCRATCH_SIZE);
	ssize_t n;

	if (v->phase == VISITOR_PARKED)
		room = MIN(room, edge_park_room(v));
	if (room == 0 || v->phase == VISITOR_UPGRADED) { /* what waits in `in` goes first */
		edge_http_hold(v);
		return;
	}
	n = conn_read(&v->conn, scratch, room);
	if (n == -EAGAIN)
		return;
	if (n > 0)
		on_bytes(v, scratch, (size_t)n);
	else if (n == 0)
		on_end(v);
	else
		edge_http_forget(v, CLOSE_VISITOR_GONE);
}

void edge_read(struct visitor *v)
{
	if (goes_to_ring(v))
		read_into_ring(v);
	else
		read_aside(v);
}
