/* SPDX-License-Identifier: MIT */
/*
 * tap: from bytes that pass to exchanges.
 *
 *   visitor ── head ── body ──┐ queue of requests, the oldest is being answered
 *   origin  ── head ── body ──┘
 *
 * Each side is in a head (kept until it is whole, mostly not even copied), in a body (counted, and
 * copied as far as the capture wants it), or upgraded. The bytes go on whatever is found here: what
 * is no HTTP, or too much at once, ends the looking at this connection and fails what was under
 * way. A request that nobody wants kept is still read, so that the next one is found.
 *
 * Not here: what is secret (redact), what fits (capture), messages (tap_messages).
 */
#include "inspect/tap.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/capture.h"
#include "inspect/redact.h"
#include "inspect/tap_messages.h"
#include "proto/http_head.h"

#define HEAD_MAX (64 * 1024)

static const char *const not_http = "what passed is not well-formed HTTP";

/* --- the queue ------------------------------------------------------------------------------- */

static void drop_first(struct tap *t)
{
	assert(t->n > 0);
	tap_messages_free(TAKE_PTR(t->messages));
	exchange_unref(t->queue[0].e);
	memmove(t->queue, t->queue + 1, (size_t)--t->n * sizeof(t->queue[0]));
}

/* Its request and its answer have ended. */
static void finish_first(struct tap *t)
{
	struct tap_request *q = &t->queue[0];

	if (!q->asked || !q->answered)
		return;
	if (q->e)
		capture_end(q->e, NULL);
	drop_first(t);
}

static void stop_looking(struct tap *t)
{
	t->over = true;
	for (int i = 0; i < 2; i++)
		buf_deinit(&t->side[i].head);
}

/* Whatever is under way ends here, well only where the answer was whole. */
static void give_up(struct tap *t, const char *why)
{
	while (t->n > 0) {
		const struct tap_request *q = &t->queue[0];

		if (q->e)
			capture_end(q->e, q->answered ? NULL : why);
		drop_first(t);
	}
	stop_looking(t);
}

bool tap_is_settled(const struct tap *t)
{
	return t->n == 0 || t->over;
}

struct exchange *tap_exchange(const struct tap *t)
{
	return t->n > 0 ? t->queue[t->n - 1].e : NULL;
}

/* Whose body @side is in. */
static struct tap_request *current(struct tap *t, enum exchange_side side)
{
	assert(t->n > 0);
	return &t->queue[side == EXCHANGE_REQUEST ? t->n - 1 : 0];
}

static void end_part(struct tap *t, enum exchange_side side)
{
	struct tap_request *q = current(t, side);

	t->side[side].phase = TAP_IN_HEAD;
	if (q->e)
		q->e->part[side].done = true;
	if (side == EXCHANGE_REQUEST)
		q->asked = true;
	else
		q->answered = true;
	if (q == &t->queue[0])
		finish_first(t);
}

static void begin_body(struct tap *t, enum exchange_side side, const struct http_head *h)
{
	const struct tap_request *q = current(t, side);
	struct tap_side *s = &t->side[side];

	if (s->body.done) {
		end_part(t, side);
		return;
	}
	s->phase = TAP_IN_BODY;
	if (q->e && q->level == TAP_FULL && h->has_length)
		capture_expect_body(q->e, side, h->length);
}

/* --- heads ----------------------------------------------------------------------------------- */

static void keep_head(struct tap *t, struct exchange *e, enum exchange_side side,
	const struct http_head *h, struct http_span head)
{
	CLEANUP(str_deinit) struct str hidden = STR_INIT(REDACT_MAX(HEAD_MAX));

	if (redact_head(t->visit->redact, h, head.at, head.n, &hidden))
		capture_set_head(e, side, str_get(&hidden), hidden.len);
	else
		capture_set_head(e, side, head.at, head.n);
}

static struct exchange *begin_exchange(const struct tap *t)
{
	const struct tap_visit *v = t->visit;
	struct exchange *e = capture_begin(v->capture, v->tunnel, v->visitor, v->tls);

	if (e)
		e->replay_of = v->replay_of;
	return e;
}

static void keep_request(struct tap *t, struct exchange *e, const struct http_head *h,
	struct http_span head)
{
	CLEANUP(str_deinit) struct str hidden = STR_INIT(REDACT_MAX(HTTP_HEAD_TARGET_MAX));
	struct http_span target = h->target;

	if (redact_target(t->visit->redact, target, &hidden))
		target = (struct http_span){str_get(&hidden), hidden.len};
	capture_set_request(e, h->method, target, h->minor);
	keep_head(t, e, EXCHANGE_REQUEST, h, head);
	capture_announce(e, CAPTURE_NEW);
}

static void on_request_head(struct tap *t, const uint8_t *bytes, size_t n)
{
	struct tap_request *q = &t->queue[t->n];
	struct http_head h;

	t->seen = true;
	if (http_head_request(&h, bytes, n) != HTTP_FAULT_NONE) {
		give_up(t, not_http);
		return;
	}
	if (t->n == TAP_QUEUE) {
		give_up(t, "too many requests at once to be looked at");
		return;
	}
	t->n++;
	*q = (struct tap_request){
		.level = t->level, .is_head = http_head_span_is(h.method, "HEAD")};
	if (q->level != TAP_NOTHING)
		q->e = begin_exchange(t);
	if (q->e) /* an empty line in front of the request is not its own */
		keep_request(t, q->e, &h,
			(struct http_span){
				h.method.at, n - (size_t)(h.method.at - (const char *)bytes)});
	http_body_of_request(&t->side[EXCHANGE_REQUEST].body, &h);
	begin_body(t, EXCHANGE_REQUEST, &h);
}

static bool wants_messages(const struct tap_request *q)
{
	return q->e && q->level == TAP_FULL && q->e->capture;
}

/* Events inside of a content coding are not looked for. */
static void see_events(struct tap *t, const struct http_head *h)
{
	static const char type[] = "text/event-stream";
	const struct tap_request *q = &t->queue[0];
	const struct http_field *f = q->e ? http_head_find(h, "content-type") : NULL;
	size_t n = sizeof(type) - 1;

	if (!f || f->value.n < n || (f->value.n > n && !strchr("; \t", f->value.at[n])) ||
		!http_head_span_case_is((struct http_span){f->value.at, n}, type))
		return;
	q->e->kind = EXCHANGE_SSE;
	if (wants_messages(q) && !http_head_find(h, "content-encoding"))
		t->messages = tap_messages_new_sse(q->e);
}

/* From here on it is no HTTP any more. */
static void upgrade(struct tap *t, const struct http_head *h)
{
	const struct tap_request *q = &t->queue[0];
	const struct http_field *f = http_head_find(h, "upgrade");

	if (t->n != 1 || !q->asked || buf_len(&t->side[EXCHANGE_REQUEST].head) > 0) {
		give_up(t, not_http);
		return;
	}
	t->side[EXCHANGE_REQUEST].phase = t->side[EXCHANGE_RESPONSE].phase = TAP_UPGRADED;
	if (!q->e || !f || !http_head_span_case_is(f->value, "websocket"))
		return;
	q->e->kind = EXCHANGE_WEBSOCKET;
	if (wants_messages(q))
		t->messages = tap_messages_new_ws(q->e, h);
}

static void on_response_head(struct tap *t, const uint8_t *bytes, size_t n)
{
	struct tap_request *q = &t->queue[0];
	struct http_head h;

	if (http_head_response(&h, bytes, n) != HTTP_FAULT_NONE) {
		give_up(t, not_http);
		return;
	}
	if (h.status < 200 && h.status != 101) {
		if (q->e)
			q->e->first_byte_us = -1; /* that was not yet it */
		return;
	}
	if (q->e) {
		q->e->status = h.status;
		keep_head(t, q->e, EXCHANGE_RESPONSE, &h,
			(struct http_span){(const char *)bytes, n});
	}
	if (h.status == 101) {
		upgrade(t, &h);
	} else {
		http_body_of_response(&t->side[EXCHANGE_RESPONSE].body, &h, q->is_head);
		see_events(t, &h);
	}
	if (q->e && !t->over)
		capture_announce(q->e, CAPTURE_CHANGED);
	if (h.status != 101)
		begin_body(t, EXCHANGE_RESPONSE, &h);
}

static void on_head(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n)
{
	if (side == EXCHANGE_REQUEST)
		on_request_head(t, bytes, n);
	else
		on_response_head(t, bytes, n);
}

/* The first byte of an answer has come. False: nobody had asked. */
static bool begin_answer(struct tap *t)
{
	struct exchange *e;

	if (t->n == 0 || t->queue[0].answered) {
		give_up(t, not_http);
		return false;
	}
	e = t->queue[0].e;
	if (e)
		e->first_byte_us = (int64_t)(clock_us() - e->began_us);
	return true;
}

/* How many of the bytes were taken. */
static size_t take_head(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n)
{
	struct tap_side *s = &t->side[side];
	size_t before = buf_len(&s->head);
	const uint8_t *head = bytes;
	long len;

	if (before == 0 && side == EXCHANGE_RESPONSE && !begin_answer(t))
		return n;
	if (before > 0) {
		(void)buf_add(&s->head, bytes, n);
		head = buf_data(&s->head);
	}
	len = http_head_scan(head, before > 0 ? buf_len(&s->head) : n, HEAD_MAX, &s->scanned);
	if (len < 0) {
		give_up(t, not_http);
		return n;
	}
	if (len == 0) {
		if (before == 0)
			(void)buf_add(&s->head, bytes, n);
		return n; /* all fitted, or the scan had complained */
	}
	s->scanned = 0;
	on_head(t, side, head, (size_t)len);
	buf_deinit(&s->head);
	return (size_t)len - before;
}

/* --- bodies ---------------------------------------------------------------------------------- */

/* False: they are not what they should be. */
static bool keep_bytes(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n)
{
	const struct tap_request *q = current(t, side);

	if (!q->e || n == 0)
		return true;
	if (q->level == TAP_FULL && q->e->kind != EXCHANGE_WEBSOCKET)
		capture_add_body(q->e, side, bytes, n);
	else
		capture_count_body(q->e, side, n);
	return !t->messages || tap_messages_take(t->messages, side, bytes, n);
}

static size_t take_body(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n)
{
	struct tap_side *s = &t->side[side];
	size_t data;
	long r = http_body_next(&s->body, bytes, n, &data);

	if (r < 0) {
		give_up(t, not_http);
		return n;
	}
	/* whatever a stream's events are, it has an end that is found */
	if (!keep_bytes(t, side, bytes + (size_t)r - data, data))
		tap_messages_free(TAKE_PTR(t->messages));
	if (s->body.done)
		end_part(t, side);
	return (size_t)r;
}

static size_t take_upgraded(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n)
{
	if (!keep_bytes(t, side, bytes, n))
		give_up(t, "what passed is not a well-formed WebSocket");
	return n;
}

/* --- life ------------------------------------------------------------------------------------ */

void tap_init(struct tap *t, const struct tap_visit *visit, enum tap_level level)
{
	memset(t, 0, sizeof(*t));
	t->visit = visit;
	t->level = level;
	for (int i = 0; i < 2; i++)
		buf_init(&t->side[i].head, HEAD_MAX);
}

void tap_data(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n)
{
	typedef size_t take_f(struct tap *, enum exchange_side, const uint8_t *, size_t);
	static take_f *const takes[] = {
		[TAP_IN_HEAD] = take_head,
		[TAP_IN_BODY] = take_body,
		[TAP_UPGRADED] = take_upgraded,
	};

	while (n > 0 && !t->over) {
		size_t taken = takes[t->side[side].phase](t, side, bytes, n);

		assert(taken > 0 && taken <= n);
		bytes += taken;
		n -= taken;
	}
}

void tap_end(struct tap *t, enum exchange_side side)
{
	struct tap_side *s = &t->side[side];

	if (t->over || side == EXCHANGE_REQUEST || s->phase == TAP_UPGRADED || t->n == 0)
		return;
	if (s->phase == TAP_IN_BODY && s->body.kind == HTTP_BODY_UNTIL_CLOSE)
		end_part(t, side);
	else if (s->phase == TAP_IN_BODY)
		give_up(t, "the origin closed the connection in the middle of its answer");
	else if (!t->queue[0].answered)
		give_up(t, "the origin closed the connection without an answer");
}

/* The visitor is told so by the server, unless an answer had begun, or the request is sent
 * again. */
static void tell_status(const struct tap_request *q, enum close_reason why)
{
	if (q->e && q->e->capture && !q->e->status && why != CLOSE_DONE &&
		why != CLOSE_VISITOR_GONE)
		q->e->status = (unsigned int)close_http_status(why);
}

void tap_close(struct tap *t, enum close_reason why, const char *text)
{
	CLEANUP(mem_cleanup) char *words = NULL;

	if (t->over)
		return;
	if (!t->seen && why >= CLOSE_ORIGIN_REFUSED && why <= CLOSE_ORIGIN_TLS &&
		t->level != TAP_NOTHING) {
		/* what was asked had not even come; that nobody answers is worth telling */
		t->queue[t->n++] = (struct tap_request){.e = begin_exchange(t)};
		if (t->queue[0].e)
			capture_announce(t->queue[0].e, CAPTURE_NEW);
	}
	if (t->n > 0 && t->side[EXCHANGE_RESPONSE].phase == TAP_UPGRADED && why == CLOSE_DONE)
		t->queue[0].answered = true;
	else if (t->n > 0)
		tell_status(&t->queue[0], why);
	if (why == CLOSE_DONE)
		words = mem_strdup("the connection ended before the answer");
	else
		words = mem_printf("%s%s%s", close_text(why), text && *text ? ": " : "",
			text ? text : "");
	give_up(t, words);
}

void tap_deinit(struct tap *t)
{
	give_up(t, close_text(CLOSE_INTERNAL));
}
