/* SPDX-License-Identifier: MIT */
/*
 * gate: between a visitor's stream and the origin of a tunnel whose requests are signed.
 *
 *   stream ─> HEAD ─> BODY ── check ──┬─ signed ─> PASS ─> WAIT ── answer's end ─> HEAD
 *              │        │             └─ not ─> 401 ─> HEAD
 *              └────────┴─ too large, too slow, no HTTP ─> 4xx, 503 ─> SHUT
 *
 * A request is collected whole, checked, and only then passed on, byte for byte. While it is
 * collected the stream is credited, so that a body larger than the window arrives; what that may
 * take is bounded for each request (`max_body`) and for all gates together (the account), and in
 * time. One request is under way at a time: the next is not looked at before the last answer has
 * ended, because an answer of ours must not come in the middle of the origin's, and because after
 * an upgrade that was not granted the bytes are a request again, to be checked like any other.
 *
 * Where the tunnel does not enforce, everything passes as it comes, and is only looked at
 * (gate_watch.c).
 *
 * Not here: what is signed how (room webhook), the words of refusals (gate_answer.c).
 */
#include "gate/gate.h"

#include <string.h>

#include "gate/gate_answer.h"
#include "gate/gate_watch.h"
#include "gate/verify_conf.h"

/* For a visitor that has its last answer to end its side. */
#define SHUT_MS 5000
/* A request as large as any may be, and behind it what a stream's window grants; mostly max_body
 * is much less, and says so itself. */
#define IN_MAX (GATE_READ_HEAD_MAX + VERIFY_CONF_BODY_MAX + 17 * 1024 * 1024)

static struct gate *gate_of(struct pump_gate *hook)
{
	return container_of(hook, struct gate, hook);
}

/* The account knows the memory that is held, not the bytes in it. */
static void settle(struct gate *g)
{
	g->account->bytes += g->in.cap - g->charged;
	g->charged = g->in.cap;
}

/* --- refusing -------------------------------------------------------------------------------- */

/* No more requests here: nothing of what follows can be told from what was refused, or there is
 * nobody who would answer it. */
static void shut(struct gate *g)
{
	g->state = GATE_SHUT;
	stream_consumed(g->pump->user.stream, buf_len(&g->in) - g->taken);
	g->taken = 0;
	buf_clear(&g->in);
	settle(g);
	stream_end(g->pump->user.stream);
	timer_start(&g->deadline, SHUT_MS);
}

static void refuse(struct gate *g, enum gate_answer_refusal why, const char *text)
{
	bool close = why != GATE_ANSWER_BAD_SIGNATURE || !g->read.body.done || !g->read.keep_alive;

	if (!gate_answer_refuse(g->pump, &g->read, why, text, close)) {
		pump_finish(g->pump, CLOSE_LIMIT, "no room to refuse a request");
		return;
	}
	if (close)
		shut(g);
}

static void refuse_fault(struct gate *g, enum http_fault fault)
{
	if (gate_answer_fault(g->pump, &g->read, fault))
		shut(g);
	else
		pump_finish(g->pump, CLOSE_BAD_MESSAGE, http_fault_text(fault));
}

/* --- reading --------------------------------------------------------------------------------- */

/* @n more bytes are the request's. */
static void take(struct gate *g, size_t n)
{
	if (n == 0)
		return;
	pump_show(g->pump, buf_data(&g->in) + g->taken, n);
	stream_consumed(g->pump->user.stream, n);
	g->taken += n;
}

/* What was taken goes nowhere. */
static void drop(struct gate *g)
{
	buf_consume(&g->in, g->taken);
	g->taken = 0;
	settle(g);
}

/* Before a body is collected: is there any use in it, and does the visitor wait to be asked? */
static void begin_body(struct gate *g)
{
	const char *why = webhook_check_hopeless(g->read.check);
	bool waits = g->read.expects && !g->read.body.done && buf_len(&g->in) == g->taken;

	g->state = GATE_BODY;
	if (g->read.length > g->conf->max_body) {
		refuse(g, GATE_ANSWER_TOO_LARGE, NULL);
	} else if (why && waits) {
		g->ops->judged(g, why);
		refuse(g, GATE_ANSWER_BAD_SIGNATURE, why);
	} else if (waits && !gate_answer_continue(g->pump)) {
		pump_finish(g->pump, CLOSE_LIMIT, "no room to ask for a body");
	}
}

/* True: there is more to do. */
static bool read_head(struct gate *g)
{
	long n = http_head_scan(buf_data(&g->in), buf_len(&g->in), GATE_READ_HEAD_MAX, &g->scanned);
	enum http_fault fault;

	if (n == 0)
		return false;
	g->scanned = 0;
	fault = n < 0 ? (enum http_fault) - n
		      : gate_read_head(&g->read, g->conf, buf_data(&g->in), (size_t)n);
	if (fault != HTTP_FAULT_NONE) {
		refuse_fault(g, fault);
		return false;
	}
	g->body_bytes = 0;
	take(g, (size_t)n);
	begin_body(g);
	return g->state == GATE_BODY && !g->pump->finished;
}

/* What comes next is a request, the last one being done with. */
static void enter_head(struct gate *g)
{
	g->state = GATE_HEAD;
	g->answered = false;
	gate_read_deinit(&g->read);
}

static void judge(struct gate *g)
{
	const char *why = webhook_check_finish(g->read.check);

	timer_stop(&g->deadline);
	g->ops->judged(g, why);
	if (why) {
		drop(g);
		refuse(g, GATE_ANSWER_BAD_SIGNATURE, why);
		if (g->state != GATE_SHUT && !g->pump->finished)
			enter_head(g);
		return;
	}
	g->state = GATE_PASS;
	if (!g->dialled) {
		g->dialled = true;
		g->ops->dial(g);
	}
}

static bool read_body(struct gate *g)
{
	size_t n = buf_len(&g->in) - g->taken;
	long r = 0;

	if (!g->read.body.done && n > 0)
		r = gate_read_body(&g->read, buf_data(&g->in) + g->taken, n);
	if (r < 0) {
		refuse_fault(g, (enum http_fault) - r);
		return false;
	}
	take(g, (size_t)r);
	g->body_bytes += (uint64_t)r;
	if (g->body_bytes > g->conf->max_body) {
		refuse(g, GATE_ANSWER_TOO_LARGE, NULL);
		return false;
	}
	if (webhook_check_hopeless(g->read.check))
		drop(g);
	if (!g->read.body.done)
		return false;
	judge(g);
	return true;
}

/* --- passing on ------------------------------------------------------------------------------ */

/* After an upgrade there is nothing more to check; what has come so far goes on first. */
static void open_up(struct gate *g)
{
	size_t n = buf_len(&g->in);

	g->state = GATE_OPEN;
	if (n > 0) {
		pump_show(g->pump, buf_data(&g->in), n);
		pump_forward(g->pump, buf_data(&g->in), n);
	}
	buf_clear(&g->in);
	settle(g);
}

static void push(struct gate *g)
{
	while (g->taken > 0) {
		size_t n = pump_pass(g->pump, buf_data(&g->in), g->taken);

		if (n == 0)
			return;
		buf_consume(&g->in, n);
		g->taken -= n;
	}
	settle(g);
	g->state = GATE_WAIT;
}

/* --- the machine ----------------------------------------------------------------------------- */

/* The visitor has said its last: so it goes on when everything before it has gone. */
static void end_if_done(struct gate *g)
{
	struct pump *p = g->pump;
	bool empty = buf_len(&g->in) == 0;

	if (!g->ended || p->stream_ended || p->finished)
		return;
	if (g->state == GATE_PASS || (g->state == GATE_WAIT && !empty))
		return; /* later */
	if (g->state == GATE_BODY || !empty) {
		pump_finish(p, CLOSE_VISITOR_GONE, "in the middle of a request");
	} else if (g->dialled && g->state != GATE_SHUT) {
		pump_forward_end(p);
	} else {
		stream_end(p->user.stream);
		pump_finish(p, CLOSE_DONE, "");
	}
}

static bool step(struct gate *g)
{
	switch (g->state) {
	case GATE_HEAD:
		return buf_len(&g->in) > 0 && read_head(g);
	case GATE_BODY:
		return read_body(g);
	case GATE_PASS:
		push(g);
		return g->state == GATE_WAIT;
	case GATE_WAIT:
		if (g->upgraded)
			open_up(g);
		else if (g->answered)
			enter_head(g);
		return g->state == GATE_HEAD;
	case GATE_OPEN:
	case GATE_SHUT:
		break;
	}
	return false;
}

/* A request has so long to arrive, and one that is idle without an origin so long to begin. */
static void watch_time(struct gate *g)
{
	bool waits = g->state == GATE_BODY ||
		     (g->state == GATE_HEAD && (buf_len(&g->in) > 0 || !g->dialled));

	if (g->state == GATE_SHUT)
		return;
	if (!waits)
		timer_stop(&g->deadline);
	else if (!timer_is_active(&g->deadline))
		timer_start(&g->deadline, g->conf->timeout);
}

/* The origin has said its last, or that this is it (RFC 9112 §9.6). */
static bool is_over(const struct gate *g)
{
	bool over = g->origin_ended || (g->answered && g->last_answer);

	return over && !g->upgraded && g->state < GATE_OPEN && g->state != GATE_PASS;
}

static void advance(struct gate *g)
{
	bool asks = g->state == GATE_BODY || (g->state == GATE_HEAD && buf_len(&g->in) > 0);

	if (g->bad_answer && asks && !g->origin_ended) {
		pump_finish(g->pump, CLOSE_BAD_MESSAGE, "the origin is out of step");
		return;
	}
	while (!g->pump->finished && !is_over(g) && step(g))
		continue;
	if (g->pump->finished)
		return;
	if (is_over(g))
		shut(g);
	settle(g);
	end_if_done(g);
	if (!g->pump->finished)
		watch_time(g);
}

/* --- events ---------------------------------------------------------------------------------- */

/* Room in the account for @n more bytes, and for what a growing buffer adds. */
static bool may_hold(const struct gate *g, size_t n)
{
	size_t need = buf_len(&g->in) + n;
	size_t grown = need > g->in.cap ? need + need / 2 - g->in.cap : 0;

	return g->account->bytes + grown <= g->account->max;
}

static void hold(struct gate *g, const uint8_t *bytes, size_t n)
{
	bool first = g->state == GATE_HEAD && buf_len(&g->in) == 0;

	if (may_hold(g, n) && buf_add(&g->in, bytes, n) == n) {
		settle(g);
		if (first)
			timer_start(&g->deadline, g->conf->timeout);
		advance(g);
	} else if (g->state == GATE_HEAD || g->state == GATE_BODY) {
		stream_consumed(g->pump->user.stream, n);
		refuse(g, GATE_ANSWER_BUSY, NULL);
	} else {
		pump_finish(g->pump, CLOSE_LIMIT, "too many bytes behind a request");
	}
}

static void on_data(struct pump_gate *hook, const uint8_t *bytes, size_t n)
{
	struct gate *g = gate_of(hook);

	if (!g->enforce) {
		gate_watch_data(g, bytes, n);
	} else if (g->state == GATE_OPEN) {
		pump_show(g->pump, bytes, n);
		pump_forward(g->pump, bytes, n);
	} else if (g->state == GATE_SHUT) {
		stream_consumed(g->pump->user.stream, n);
	} else {
		hold(g, bytes, n);
	}
}

static void on_end(struct pump_gate *hook)
{
	struct gate *g = gate_of(hook);

	g->ended = true;
	if (g->enforce)
		end_if_done(g);
	else
		pump_forward_end(g->pump);
}

static void on_answered(struct pump_gate *hook, const uint8_t *bytes, size_t n)
{
	struct gate *g = gate_of(hook);

	if (!g->enforce || g->state == GATE_OPEN || g->state == GATE_SHUT)
		return;
	g->origin_ended = n == 0;
	if (!gate_answer_read(g, bytes, n))
		g->bad_answer = true;
	if (g->answered || g->bad_answer || g->upgraded || g->origin_ended)
		loop_task_schedule(g->pump->loop, &g->later);
}

static void on_room(struct pump_gate *hook)
{
	struct gate *g = gate_of(hook);

	if (g->state == GATE_PASS)
		advance(g);
}

static void on_later(struct loop_task *t)
{
	advance(container_of(t, struct gate, later));
}

static void on_deadline(struct timer *t)
{
	struct gate *g = container_of(t, struct gate, deadline);

	if (g->state == GATE_SHUT && !stream_is_flushed(g->pump->user.stream))
		timer_start(t, SHUT_MS); /* it may still be told what it is to know */
	else if (g->state == GATE_SHUT)
		pump_finish(g->pump, CLOSE_TIMEOUT, "a visitor that is done with did not go");
	else if (g->state == GATE_HEAD && buf_len(&g->in) == 0)
		pump_finish(g->pump, CLOSE_IDLE, "no request came");
	else
		refuse(g, GATE_ANSWER_TIMEOUT, NULL);
}

/* --- life ------------------------------------------------------------------------------------ */

void gate_init(struct gate *g, struct pump *p, const struct verify_conf *conf,
	struct gate_account *account, const struct gate_ops *ops)
{
	memset(g, 0, sizeof(*g));
	g->hook = (struct pump_gate){
		.data = on_data, .end = on_end, .answered = on_answered, .room = on_room};
	g->ops = ops;
	g->pump = p;
	g->account = account;
	g->conf = conf;
	g->enforce = conf->enforce;
	buf_init(&g->in, IN_MAX);
	buf_init(&g->answer_head, GATE_READ_HEAD_MAX);
	timer_init(&g->deadline, p->loop, on_deadline);
	loop_task_init(&g->later, on_later);
	p->gate = &g->hook;
	if (g->enforce)
		watch_time(g);
}

void gate_deinit(struct gate *g)
{
	timer_stop(&g->deadline);
	loop_task_cancel(&g->later);
	buf_deinit(&g->in);
	settle(g);
	buf_deinit(&g->answer_head);
	gate_read_deinit(&g->read);
	g->pump->gate = NULL;
}
