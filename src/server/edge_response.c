/* SPDX-License-Identifier: MIT */
/*
 * edge_response: the origin's half: response head, body, upgrade, and every way it can end.
 *
 * A body that was cut short must not look whole: one with a length or in chunks is told by its
 * framing when the connection closes behind it; one that lasts until the end of the connection
 * is ended by a reset.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "proto/http_forward.h"
#include "server/edge_visitor.h"
#include "server/tunnel.h"

#define HEAD_GROWTH 512

static struct visitor *visitor_of(struct stream_user *u)
{
	return container_of(u, struct visitor, user);
}

static void to_visitor(struct visitor *v, const uint8_t *bytes, size_t n)
{
	v->bytes_out += n;
	if (conn_gather(&v->conn, bytes, n) < n)
		edge_http_forget(v, CLOSE_LIMIT);
}

/* Between the client and us, not at its origin. */
static bool is_of_session(enum close_reason why)
{
	return why == CLOSE_LINK_LOST || why == CLOSE_TIMEOUT || why == CLOSE_RESUME_FAILED ||
	       why == CLOSE_SHUTDOWN || why == CLOSE_TAKEN_OVER;
}

/* The origin's answer cannot be used, or will not come. */
static void origin_failed(struct visitor *v, enum close_reason why, const char *text)
{
	v->why = why;
	edge_http_drop_stream(v, /* clean= */ false, why);
	if (!v->answered) {
		edge_error_send(v, close_http_status(why), close_word(why), close_text(why));
		return;
	}
	edge_http_log(v);
	/* what the origin cut off ends as it would have ended there, if its framing tells; what we
	 * cut off ends in a reset */
	if (v->phase == VISITOR_UPGRADED || v->response_body.kind == HTTP_BODY_UNTIL_CLOSE ||
		is_of_session(why))
		edge_http_forget(v, why);
	else
		edge_http_linger(v);
}

/* --- body ------------------------------------------------------------------------------------ */

static void response_done(struct visitor *v)
{
	if (v->phase == VISITOR_BODY) {
		/* answered before the upload ended (RFC 9112 §9.5): nothing more of it is wanted */
		edge_http_drop_stream(v, /* clean= */ false, CLOSE_DONE);
		edge_http_log(v);
		edge_http_linger(v);
		return;
	}
	edge_http_exchange_done(v);
}

static void on_body(struct visitor *v, const uint8_t *bytes, size_t n)
{
	long taken = http_body_take(&v->response_body, bytes, n);

	if (taken < 0) {
		origin_failed(v, CLOSE_BAD_MESSAGE, "");
		return;
	}
	to_visitor(v, bytes, (size_t)taken);
	if (v->gone || !v->response_body.done)
		return;
	if ((size_t)taken < n)
		v->origin_keeps = false; /* it says more than it was asked */
	response_done(v);
}

/* --- head ------------------------------------------------------------------------------------ */

static void begin_upgraded(struct visitor *v)
{
	v->phase = VISITOR_UPGRADED;
	edge_http_set_deadline(v);
	/* bytes that the visitor sent behind its request */
	if (buf_len(&v->in) > 0 && v->user.stream) {
		size_t n = stream_write(v->user.stream, buf_data(&v->in), buf_len(&v->in));

		v->bytes_in += n;
		buf_consume(&v->in, n);
	}
	conn_resume(&v->conn);
}

static bool is_event_stream(const struct http_head *h)
{
	const struct http_field *f = http_head_find(h, "content-type");

	return f && f->value.n >= 17 && strncasecmp(f->value.at, "text/event-stream", 17) == 0;
}

static void send_head(struct visitor *v, const struct http_head *h, bool upgrade)
{
	/* what it came in is at least as long as the head */
	size_t cap = MIN(buf_len(&v->response_head), (size_t)v->edge->limits.head_max) +
		     HEAD_GROWTH,
	       n;
	uint8_t *out = mem_alloc(cap);
	struct http_forward f = {
		.upgrade = upgrade,
		.close = h->status >= 200 && !v->keep_alive,
		.via_1_0 = h->status >= 200 && v->is_1_0,
		.date = edge_http_date(v->edge),
	};

	n = http_forward_response(out, cap, h, &f);
	/* on_data() flushes: the head and what is here of the body leave together */
	v->bytes_out += n;
	if (conn_queue(&v->conn, out, n) < n)
		edge_http_forget(v, CLOSE_LIMIT);
	free(out);
}

/* A 1xx goes to a visitor that knows them, and the head is still to come. */
static void on_interim(struct visitor *v, const struct http_head *h)
{
	if (!v->is_1_0)
		send_head(v, h, /* upgrade= */ false);
}

static void on_final(struct visitor *v, const struct http_head *h)
{
	bool upgrade = h->status == 101;

	http_body_of_response(&v->response_body, h, v->is_head);
	v->status = h->status;
	v->answered = true;
	free(TAKE_PTR(v->replay));
	v->endless = is_event_stream(h);
	v->origin_keeps = h->keep_alive && v->response_body.kind != HTTP_BODY_UNTIL_CLOSE;
	if (v->response_body.kind == HTTP_BODY_UNTIL_CLOSE || v->edge->draining)
		v->keep_alive = false;
	/* answered before the request is here: nobody may wait for the rest (RFC 9110 §10.1.1) */
	if (v->phase == VISITOR_BODY)
		v->keep_alive = false;
	if (v->phase == VISITOR_WAIT)
		v->phase = VISITOR_RESPONSE;
	send_head(v, h, upgrade);
	if (v->gone)
		return;
	edge_http_set_deadline(v);
	if (upgrade)
		begin_upgraded(v);
}

/* Returns how many of @n new bytes the head used up, or -1 when the visitor is dealt with. */
static long take_head(struct visitor *v, const uint8_t *bytes, size_t n)
{
	size_t had = buf_len(&v->response_head);
	struct http_head *h;
	bool interim = false, bad;
	long head;

	(void)buf_add(&v->response_head, bytes, n);
	head = http_head_scan(buf_data(&v->response_head), buf_len(&v->response_head),
		v->edge->limits.head_max, &v->response_scanned);
	if (head == 0)
		return (long)n;
	h = mem_alloc(sizeof(*h));
	bad = head < 0 ||
	      http_head_response(h, buf_data(&v->response_head), (size_t)head) != HTTP_FAULT_NONE ||
	      (h->status == 101 && !v->wants_upgrade) ||
	      (h->chunked && v->is_1_0); /* who speaks 1.0 cannot read chunks */
	if (!bad) {
		interim = h->status < 200 && h->status != 101;
		if (interim)
			on_interim(v, h);
		else
			on_final(v, h);
	}
	free(h);
	if (bad)
		origin_failed(v, CLOSE_BAD_MESSAGE, "");
	if (bad || v->gone)
		return -1;
	buf_clear(&v->response_head);
	v->response_scanned = 0;
	return head - (long)had;
}

/* --- stream events --------------------------------------------------------------------------- */

static void feed(struct visitor *v, const uint8_t *bytes, size_t n)
{
	while (n > 0 && !v->gone && v->user.stream) {
		long used;

		if (v->phase == VISITOR_UPGRADED) {
			to_visitor(v, bytes, n);
			return;
		}
		if (v->answered) {
			on_body(v, bytes, n);
			return;
		}
		used = take_head(v, bytes, n);
		if (used < 0)
			return;
		bytes += used;
		n -= (size_t)used;
		if (v->answered && v->response_body.done && v->phase != VISITOR_UPGRADED) {
			v->origin_keeps = v->origin_keeps && n == 0;
			response_done(v);
			return;
		}
	}
}

static void on_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct visitor *v = visitor_of(u);

	v->uncredited += n;
	if (v->phase == VISITOR_HEAD) {
		/* nobody asked: the origin is out of step */
		edge_http_drop_stream(v, /* clean= */ false, CLOSE_BAD_MESSAGE);
		return;
	}
	feed(v, bytes, n);
	conn_flush(&v->conn);
	if (v->gone)
		return;
	if (v->phase == VISITOR_RESPONSE || v->phase == VISITOR_BODY)
		edge_http_set_deadline(v);
	edge_http_credit(v);
}

static void on_end(struct stream_user *u)
{
	struct visitor *v = visitor_of(u);

	if (v->phase == VISITOR_HEAD) {
		edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
	} else if (v->phase == VISITOR_UPGRADED) {
		conn_shutdown(&v->conn);
		edge_http_upgraded_done(v);
	} else if (!v->answered) {
		if (!edge_request_retry(v, /* session= */ false))
			origin_failed(v, CLOSE_ORIGIN_RESET, "");
	} else if (v->response_body.kind == HTTP_BODY_UNTIL_CLOSE) {
		v->response_body.done = true;
		response_done(v);
	} else {
		origin_failed(v, CLOSE_ORIGIN_RESET, "");
	}
}

static void on_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	struct visitor *v = visitor_of(u);

	if (v->phase == VISITOR_HEAD || v->phase == VISITOR_LINGER)
		edge_http_drop_stream(v, /* clean= */ false, why);
	else if ((why != CLOSE_ORIGIN_RESET && !is_of_session(why)) ||
		 !edge_request_retry(v, is_of_session(why)))
		origin_failed(v, why == CLOSE_DONE ? CLOSE_INTERNAL : why, text);
}

static void on_writable(struct stream_user *u)
{
	struct visitor *v = visitor_of(u);

	if (v->phase == VISITOR_BODY)
		edge_request_body(v);
	else if (v->phase == VISITOR_UPGRADED && buf_len(&v->in) > 0)
		begin_upgraded(v);
	if (!v->gone && buf_len(&v->in) == 0)
		conn_resume(&v->conn);
}

const struct stream_user_ops edge_response_user_ops = {
	.data = on_data,
	.end = on_end,
	.reset = on_reset,
	.writable = on_writable,
};
