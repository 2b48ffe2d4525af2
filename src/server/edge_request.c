/* SPDX-License-Identifier: MIT */
/*
 * edge_request: the visitor's half: head, routing, body.
 *
 * Every request is routed by its own Host. A visitor's stream is kept between requests to the
 * same tunnel; a request that could not be sent twice (a body, or not a safe method) gets a
 * stream of its own, because an origin may close a kept connection at the very moment it is used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "proto/http_forward.h"
#include "server/edge_visitor.h"
#include "server/tunnel.h"

/* The head grows by the forwarding fields and a rewritten Host. */
#define GROWTH 2048
/* A request that every client dies of must not be sent again and again. */
#define RESENT_MAX 2

/* What cannot be read says nothing of a visitor behind its sender. */
static void refuse_head(struct visitor *v, enum http_fault fault)
{
	free(TAKE_PTR(v->claimed));
	edge_error_refuse(v, fault);
}

static void copy_text(char *to, size_t size, struct http_span s)
{
	size_t n = MIN(s.n, size - 1);

	memcpy(to, s.at, n);
	to[n] = '\0';
}

/* What is remembered of a head whose bytes are about to go. */
static void begin_request(struct visitor *v, const struct http_head *h)
{
	struct http_span path = h->path;
	const char *query = memchr(path.at, '?', path.n);

	if (query)
		path.n = (size_t)(query - path.at); /* queries hold secrets: never logged */
	copy_text(v->method, sizeof(v->method), h->method);
	copy_text(v->target, sizeof(v->target), h->no_slash ? (struct http_span){"/", 1} : path);
	v->is_head = http_head_span_is(h->method, "HEAD");
	v->is_1_0 = h->minor == 0;
	v->keep_alive = h->keep_alive;
	v->wants_json = h->accepts_json;
	v->wants_upgrade = h->upgrade;
	v->replayable = !h->has_length && !h->chunked && !h->upgrade &&
			(v->is_head || http_head_span_is(h->method, "GET") ||
				http_head_span_is(h->method, "OPTIONS"));
	http_body_of_request(&v->request_body, h);
	if (v->taken_again)
		return;
	v->requests++;
	v->edge->requests_total++;
}

/* --- the stream ------------------------------------------------------------------------------ */

/* Who comes, and where to: the origin may want to be told. */
static void describe(const struct visitor *v, struct frame_open *open)
{
	char text[ADDR_TEXT_MAX];
	struct addr local;

	if (v->claimed)
		addr_format_ip(v->claimed, text);
	else
		addr_format(&v->peer, text);
	(void)snprintf(open->visitor, sizeof(open->visitor), "%.63s", text);
	if (v->local)
		local = *v->local;
	else
		addr_of_socket(&local, v->conn.fd);
	addr_format(&local, text);
	(void)snprintf(open->local, sizeof(open->local), "%.63s", text);
}

static bool open_stream(struct visitor *v, struct tunnel *t)
{
	struct frame_open open = {.tls = v->tls};
	enum close_reason why = CLOSE_NO_TUNNEL;
	struct stream *st;

	describe(v, &open);
	st = tunnel_open_stream(t, &open, &why);
	if (!st) {
		edge_error_send(v, close_http_status(why), close_word(why), close_text(why));
		return false;
	}
	stream_bind(st, &v->user, &edge_response_user_ops);
	v->tunnel = tunnel_ref(t);
	v->stream_used = false;
	return true;
}

/* A stream to @t for a head of @n bytes: the one there is, if it may carry this request, or a new
 * one. What the request before brought may still fill it, if the session's memory is used up. */
static bool want_stream(struct visitor *v, struct tunnel *t, size_t n)
{
	if (v->user.stream && v->tunnel == t && tunnel_has_stream(t, v->user.stream) &&
		v->replayable && stream_room(v->user.stream) >= n + GROWTH)
		return true;
	edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
	return open_stream(v, t);
}

/* Write a whole head, or say that the session has no memory for it. */
static bool write_head(struct visitor *v, const uint8_t *head, size_t n)
{
	if (stream_room(v->user.stream) >= n)
		return stream_write(v->user.stream, head, n) == n;
	v->why = CLOSE_LIMIT;
	edge_http_drop_stream(v, /* clean= */ false, CLOSE_LIMIT);
	edge_error_send(v, close_http_status(CLOSE_LIMIT), close_word(CLOSE_LIMIT),
		close_text(CLOSE_LIMIT));
	return false;
}

static void send_head(struct visitor *v, const struct http_head *h)
{
	/* what it came in is at least as long as the head */
	size_t cap = MIN(buf_len(&v->in), (size_t)v->edge->limits.head_max) + GROWTH, n;
	uint8_t *out = mem_alloc(cap);
	char ip[ADDR_TEXT_MAX];
	struct http_forward f = {
		.host = v->tunnel->host_header,
		.visitor_ip = ip,
		.proto = v->tls ? "https" : "http",
		.trusted = v->trusted,
		.upgrade = v->wants_upgrade,
	};

	addr_format_ip(&v->peer, ip);
	n = http_forward_request(out, cap, h, &f);
	if (n == 0) {
		edge_error_refuse(v, HTTP_FAULT_HEAD_TOO_LARGE);
	} else if (write_head(v, out, n)) {
		free(v->replay);
		v->replay = v->replayable ? mem_dup(out, n) : NULL;
		v->replay_n = n;
		v->bytes_in += n;
	}
	free(out);
}

void edge_request_resend(struct visitor *v)
{
	struct tunnel *t = v->edge->ops->route(v->edge, v->host);

	if (!t) {
		v->why = CLOSE_NO_TUNNEL;
		edge_error_send(v, close_http_status(v->why), close_word(v->why),
			close_text(v->why));
	} else if (tunnel_is_away(t)) {
		edge_park_wait(v, t, v->replay_n);
	} else if (open_stream(v, t) && write_head(v, v->replay, v->replay_n)) {
		edge_http_set_deadline(v);
	}
}

bool edge_request_retry(struct visitor *v, bool session)
{
	/* an origin may close a kept connection at the very moment it is used */
	bool again = v->replay && !v->answered && buf_len(&v->response_head) == 0 &&
		     (session ? v->resent < RESENT_MAX : v->stream_used);

	if (!again)
		return false;
	v->resent += session ? 1 : 0;
	edge_http_drop_stream(v, /* clean= */ false, CLOSE_ORIGIN_RESET);
	edge_request_resend(v);
	return true;
}

/* --- the head -------------------------------------------------------------------------------- */

/* @h was read from @n bytes of `in`, which are there still. */
static void route(struct visitor *v, const struct http_head *h, size_t n)
{
	struct edge_http *e = v->edge;
	bool welcome = edge_claims_read(v, h);
	struct tunnel *t;

	if (str_eq(v->target, EDGE_HTTP_HEALTH_PATH)) {
		v->phase = v->request_body.done ? VISITOR_WAIT : VISITOR_BODY;
		edge_error_healthy(v);
		return;
	}
	if (hostname_normalise(v->host, h->host.at, h->host.n) < 0) {
		v->host[0] = '\0';
		edge_error_refuse(v, HTTP_FAULT_BAD_HOST);
		return;
	}
	if (h->https && !v->tls && !v->trusted) {
		edge_error_refuse(v, HTTP_FAULT_MISDIRECTED); /* RFC 9110 §7.4 */
		return;
	}
	/* so far the request is read, bodies aside: an answer of ours may keep the connection */
	v->phase = v->request_body.done ? VISITOR_WAIT : VISITOR_BODY;
	if (!welcome) {
		v->why = CLOSE_NOT_ALLOWED;
		edge_error_refuse(v, HTTP_FAULT_BLOCKED);
		return;
	}
	if (h->has_hops && h->hops == 0) {
		edge_error_refuse(v, HTTP_FAULT_LAST_HOP);
		return;
	}
	t = e->ops->route(e, v->host);
	if (!t) {
		v->why = CLOSE_NO_TUNNEL;
		edge_error_send(v, close_http_status(v->why), close_word(v->why),
			close_text(v->why));
		return;
	}
	if (tunnel_is_away(t))
		edge_park_wait(v, t, n);
	else if (want_stream(v, t, n))
		send_head(v, h);
}

static void reset_request(struct visitor *v)
{
	if (!v->taken_again) {
		v->began = loop_now(v->edge->loop);
		v->parked.waited_ms = v->parked_ms = 0;
		v->resent = 0;
		v->retry_s = 0;
	}
	v->status = 0;
	v->why = CLOSE_DONE;
	v->bytes_in = v->bytes_out = 0;
	v->body_since = 0;
	v->host[0] = v->method[0] = v->target[0] = '\0';
	v->keep_alive = v->is_head = v->wants_json = v->answered = v->origin_keeps = v->endless =
		v->logged = false;
	buf_clear(&v->response_head);
	v->response_scanned = 0;
	free(TAKE_PTR(v->replay));
}

void edge_request_take(struct visitor *v)
{
	struct http_head *h;
	enum http_fault fault;
	long n;

	if (v->gone || v->phase != VISITOR_HEAD || buf_len(&v->in) == 0)
		return;
	n = http_head_scan(buf_data(&v->in), buf_len(&v->in), v->edge->limits.head_max,
		&v->scanned);
	if (n == 0)
		return;
	reset_request(v);
	v->scanned = 0;
	if (n < 0) {
		refuse_head(v, (enum http_fault) - n);
		return;
	}
	h = mem_alloc(sizeof(*h));
	fault = http_head_request(h, buf_data(&v->in), (size_t)n);
	if (fault == HTTP_FAULT_NONE) {
		begin_request(v, h);
		route(v, h, (size_t)n);
	} else {
		refuse_head(v, fault);
	}
	free(h);
	v->taken_again = false;
	if (v->gone || v->phase == VISITOR_LINGER || v->phase == VISITOR_PARKED)
		return;
	buf_consume(&v->in, (size_t)n);
	edge_http_set_deadline(v);
	if (v->phase == VISITOR_BODY)
		edge_request_body(v);
	else if (v->phase == VISITOR_HEAD)
		loop_task_schedule(v->edge->loop, &v->next); /* answered by ourselves already */
}

/* --- the body -------------------------------------------------------------------------------- */

static void body_done(struct visitor *v)
{
	v->phase = v->answered ? VISITOR_RESPONSE : VISITOR_WAIT;
	edge_http_set_deadline(v);
}

/* How many of @n bytes are the body's; none when it is broken, which is the end of the request. */
static size_t take_body(struct visitor *v, const uint8_t *bytes, size_t n)
{
	long taken = http_body_take(&v->request_body, bytes, n);

	if (taken >= 0)
		return (size_t)taken;
	v->why = CLOSE_BAD_MESSAGE;
	edge_http_drop_stream(v, /* clean= */ false, CLOSE_BAD_MESSAGE);
	if (v->answered)
		edge_http_forget(v, CLOSE_BAD_MESSAGE);
	else
		edge_error_refuse(v, (enum http_fault) - taken);
	return 0;
}

static void was_taken(struct visitor *v, size_t n)
{
	v->bytes_in += (uint64_t)n;
	if (v->request_body.done)
		body_done(v);
}

void edge_request_body(struct visitor *v)
{
	while (v->phase == VISITOR_BODY && v->user.stream && buf_len(&v->in) > 0) {
		size_t n = MIN(buf_len(&v->in), stream_room(v->user.stream));

		if (n == 0) {
			/* asks for `writable` */
			(void)stream_write(v->user.stream, buf_data(&v->in), buf_len(&v->in));
			edge_http_hold(v);
			return;
		}
		n = take_body(v, buf_data(&v->in), n);
		if (n == 0)
			return;
		(void)stream_write(v->user.stream, buf_data(&v->in), n);
		buf_consume(&v->in, n);
		was_taken(v, n);
	}
}

void edge_request_body_read(struct visitor *v, const uint8_t *at, size_t n)
{
	size_t taken = take_body(v, at, n);

	if (taken == 0)
		return;
	(void)buf_add(&v->in, at + taken, n - taken);
	stream_commit(v->user.stream, taken);
	was_taken(v, taken);
}
