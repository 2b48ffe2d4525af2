/* SPDX-License-Identifier: MIT */
/*
 * pump: a connection and a stream, joined.
 *
 *   conn ── conn_read() straight into the ring ──> stream
 *   conn <── conn_write() <── data                 stream
 *
 * Towards the stream nothing is buffered here: the connection is paused when the ring is full.
 * Towards the connection its queue holds what the socket does not take; that is at most what the
 * stream's window grants, because bytes are credited only when they have left the queue. A gate may
 * collect and credit them before; what it then passes on waits there, not here.
 */
#include "relay/pump.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* What one readable event may move before others get their turn. */
#define READ_MAX  (512 * 1024)
#define READ_STEP (64 * 1024)
/* The queue's bound: what a stream may ever be granted, and a preamble. */
#define OUT_MAX (17 * 1024 * 1024)
/* DRAINED, and with it the next credit, comes early enough to keep the far side sending. */
#define LOW_MARK (64 * 1024)
/* What a gate passes on at once. */
#define PASS_MAX (256 * 1024)
/* How long what a broken connection had said may take to leave, and how often that is looked at. */
#define LINGER_MS      1000
#define LINGER_STEP_MS 5

static void finish(struct pump *p, enum close_reason why, const char *text)
{
	if (p->finished)
		return;
	p->finished = true;
	timer_stop(&p->linger);
	if (p->user.stream)
		stream_reset(p->user.stream, why, text);
	if (why == CLOSE_DONE)
		conn_close(&p->conn);
	else
		conn_abort(&p->conn);
	buf_deinit(&p->early);
	p->done(p, why, text);
}

static void on_linger(struct timer *t)
{
	struct pump *p = container_of(t, struct pump, linger);

	if (p->user.stream && !stream_is_flushed(p->user.stream) &&
		clock_ms() < p->lost_at + LINGER_MS)
		timer_start(&p->linger, LINGER_STEP_MS);
	else
		finish(p, p->lost_why, conn_error_text(&p->conn));
}

/*
 * The connection broke. A reset overtakes what is waiting in the stream, which may be the answer to
 * an upload that the origin did not want to the end: that is let through before.
 */
static void lose_conn(struct pump *p, enum close_reason why)
{
	if (p->lost || p->finished)
		return;
	p->lost = true;
	p->lost_why = why;
	p->lost_at = clock_ms();
	conn_set_deadline(&p->conn, 0);
	on_linger(&p->linger);
}

static void show(struct pump *p, enum pump_from from, const uint8_t *bytes, size_t n)
{
	if (p->tap)
		p->tap->passed(p->tap, from, bytes, n);
	if (p->gate && from == PUMP_FROM_CONN)
		p->gate->answered(p->gate, bytes, n);
}

/* Both directions have ended cleanly and everything has left. */
static bool finish_if_over(struct pump *p)
{
	if (p->finished)
		return true;
	if (!p->conn_ended || !p->stream_ended || p->conn.closed || conn_queued(&p->conn) > 0 ||
		!p->conn.shutdown_sent)
		return false;
	if (p->user.stream)
		stream_release(p->user.stream, CLOSE_DONE);
	finish(p, CLOSE_DONE, "");
	return true;
}

/* What has come and gone, and what of that the far side has. */
static uint64_t moved(const struct pump *p)
{
	uint64_t arrived = p->user.stream ? stream_bytes_arrived(p->user.stream) : 0;

	return p->conn.bytes_in + p->conn.bytes_out + arrived;
}

static void touch(struct pump *p)
{
	p->moved = moved(p);
	if (p->idle_ms && !p->lost)
		conn_set_deadline(&p->conn, p->idle_ms);
}

/* A long queue that leaves slowly says nothing until it is short, nor does a stream while the
 * connection is not read because of it, and neither is silence. */
static void on_deadline(struct pump *p)
{
	if (p->conn.handshaking)
		finish(p, CLOSE_ORIGIN_TIMEOUT, "no TLS handshake in time");
	else if (p->moved != moved(p))
		touch(p);
	else
		finish(p, CLOSE_IDLE, "nothing happened for too long");
}

/* Credit what has left the queue since the last time. */
static void credit(struct pump *p)
{
	uint64_t left = p->written - MIN(p->written, (uint64_t)conn_queued(&p->conn));

	if (left <= p->credited)
		return;
	if (p->user.stream)
		stream_consumed(p->user.stream, (size_t)(left - p->credited));
	p->credited = left;
}

/* --- connection to stream -------------------------------------------------------------------- */

static void on_conn_end(struct pump *p)
{
	p->conn_ended = true;
	show(p, PUMP_FROM_CONN, NULL, 0);
	stream_end(p->user.stream);
	(void)finish_if_over(p);
}

static void on_readable(struct pump *p)
{
	size_t budget = READ_MAX;

	while (budget > 0 && p->user.stream) {
		size_t room = READ_STEP;
		uint8_t *to = stream_reserve(p->user.stream, &room);
		ssize_t n;

		if (!to) {
			conn_pause(&p->conn);
			return;
		}
		n = conn_read(&p->conn, to, room);
		if (n > 0)
			show(p, PUMP_FROM_CONN, to, (size_t)n);
		stream_commit(p->user.stream, n > 0 ? (size_t)n : 0);
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			lose_conn(p, p->conn_fault);
			return;
		}
		if (n == 0) {
			on_conn_end(p);
			return;
		}
		touch(p);
		budget -= MIN(budget, (size_t)n);
		if ((size_t)n < room && !p->conn.ssl)
			return; /* level-triggered: what is left says so again (TLS gives records)
				 */
	}
}

static void on_writable(struct stream_user *u)
{
	struct pump *p = container_of(u, struct pump, user);

	if (!p->conn.closed && conn_is_paused(&p->conn))
		conn_resume(&p->conn);
}

/* --- stream to connection -------------------------------------------------------------------- */

void pump_show(struct pump *p, const uint8_t *bytes, size_t n)
{
	show(p, PUMP_FROM_STREAM, bytes, n);
	if (p->connected && !p->conn.handshaking)
		touch(p);
}

void pump_forward(struct pump *p, const uint8_t *bytes, size_t n)
{
	if (!p->connected) {
		/* bounded by the initial window: nothing is credited before the connection is there
		 */
		if (buf_add(&p->early, bytes, n) < n)
			finish(p, CLOSE_LIMIT, "too many bytes before the origin was reached");
		return;
	}
	touch(p);
	if (conn_gather(&p->conn, bytes, n) < n) {
		finish(p, CLOSE_LIMIT, "the connection's queue is full");
		return;
	}
	p->written += n;
	credit(p);
}

static void on_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct pump *p = container_of(u, struct pump, user);

	if (p->gate) {
		p->gate->data(p->gate, bytes, n);
		return;
	}
	pump_show(p, bytes, n);
	pump_forward(p, bytes, n);
}

void pump_forward_end(struct pump *p)
{
	p->stream_ended = true;
	show(p, PUMP_FROM_STREAM, NULL, 0);
	if (p->connected)
		conn_shutdown(&p->conn);
	(void)finish_if_over(p);
}

static void on_end(struct stream_user *u)
{
	struct pump *p = container_of(u, struct pump, user);

	if (p->gate)
		p->gate->end(p->gate);
	else
		pump_forward_end(p);
}

size_t pump_pass(struct pump *p, const uint8_t *bytes, size_t n)
{
	size_t queued = p->connected ? conn_queued(&p->conn) : PASS_MAX;

	n = MIN(n, PASS_MAX - MIN(queued, (size_t)PASS_MAX));
	if (n == 0 || p->lost)
		return 0;
	touch(p);
	n = conn_write(&p->conn, bytes, n);
	p->written += n;
	p->credited += n;
	return n;
}

bool pump_answer(struct pump *p, const void *bytes, size_t n)
{
	if (stream_room(p->user.stream) < n)
		return false;
	if (p->tap)
		p->tap->passed(p->tap, PUMP_FROM_CONN, bytes, n);
	return stream_write(p->user.stream, bytes, n) == n;
}

void pump_finish(struct pump *p, enum close_reason why, const char *text)
{
	if (p->user.stream && why == CLOSE_DONE)
		stream_release(p->user.stream, CLOSE_DONE);
	finish(p, why, text);
}

static void on_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	struct pump *p = container_of(u, struct pump, user);

	finish(p, why == CLOSE_DONE ? CLOSE_INTERNAL : why, text);
}

static const struct stream_user_ops user_ops = {
	.data = on_data,
	.end = on_end,
	.reset = on_reset,
	.writable = on_writable,
};

/* --- connection ------------------------------------------------------------------------------ */

static void on_error(struct pump *p)
{
	bool tls = p->conn.handshaking || p->conn.error == -EPROTO;

	lose_conn(p, tls && p->conn_fault == CLOSE_ORIGIN_RESET ? CLOSE_ORIGIN_TLS : p->conn_fault);
}

static void on_conn_event(struct conn *c, enum conn_event ev)
{
	struct pump *p = container_of(c, struct pump, conn);

	switch (ev) {
	case CONN_EV_READABLE:
		on_readable(p);
		break;
	case CONN_EV_DRAINED:
	case CONN_EV_FLUSHED:
		touch(p);
		credit(p);
		if (p->gate)
			p->gate->room(p->gate);
		(void)finish_if_over(p);
		break;
	case CONN_EV_ERROR:
		on_error(p);
		break;
	case CONN_EV_TIMEOUT:
		on_deadline(p);
		break;
	case CONN_EV_READY:
		conn_set_deadline(c, p->idle_ms);
		break;
	}
}

void pump_init(struct pump *p, struct loop *loop, struct stream *st, enum close_reason conn_fault,
	pump_done_f *done)
{
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->conn_fault = conn_fault;
	p->done = done;
	conn_init(&p->conn);
	buf_init(&p->early, OUT_MAX);
	timer_init(&p->linger, loop, on_linger);
	stream_bind(st, &p->user, &user_ops);
}

/* What arrived while the connection was being made. */
static void send_early(struct pump *p)
{
	size_t n = buf_len(&p->early);

	if (n > 0)
		(void)conn_write(&p->conn, buf_data(&p->early), n);
	p->written += n;
	buf_deinit(&p->early);
	credit(p);
	if (p->stream_ended)
		conn_shutdown(&p->conn);
}

int pump_connect(struct pump *p, int fd, struct tls_ctx *ctx, const char *name,
	const void *preamble, size_t n)
{
	assert(!p->connected && !p->finished);
	conn_open(&p->conn, p->loop, fd, OUT_MAX, on_conn_event);
	conn_set_low_mark(&p->conn, LOW_MARK);
	p->connected = true;
	if (ctx) {
		int r = conn_start_tls(&p->conn, ctx, name, /* alpn= */ NULL);

		if (r < 0)
			return r;
		conn_set_deadline(&p->conn, PUMP_TLS_MS);
	} else {
		conn_set_deadline(&p->conn, p->idle_ms);
	}
	if (n > 0) {
		(void)conn_write(&p->conn, preamble, n);
		p->written += n; /* not of the stream: never credited */
		p->credited += n;
	}
	send_early(p);
	if (p->gate)
		p->gate->room(p->gate);
	return 0;
}

void pump_set_idle(struct pump *p, uint64_t idle_ms)
{
	p->idle_ms = idle_ms;
	if (p->connected && !p->conn.handshaking)
		conn_set_deadline(&p->conn, idle_ms);
}

void pump_stop(struct pump *p, enum close_reason why, const char *text)
{
	if (p->finished)
		return;
	p->finished = true;
	timer_stop(&p->linger);
	if (p->user.stream)
		stream_reset(p->user.stream, why, text);
	conn_abort(&p->conn);
	buf_deinit(&p->early);
}
