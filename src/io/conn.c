/* SPDX-License-Identifier: MIT */
/*
 * conn: a byte stream over a connected socket, plain or TLS.
 *
 * A conn owns its descriptor, its output queue and its deadline. The owner pulls input with
 * conn_read() when told READABLE, straight into where the bytes are wanted, so that an idle
 * connection holds no buffer. Output is tried at once and queued for the rest, bounded.
 *
 * Events that an API call caused (an error in conn_write(), the end of a queue in conn_flush())
 * are said by the `later` task, never inside the call; those of the watchers are said at once.
 *
 * Not here: resolving and connecting (dial.c), certificates (tls_ctx.c), tcp(7) (conn_tcp.c).
 */
#include "io/conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/conn_tcp.h"
#include "io/conn_tls.h"
#include "io/loop.h"

/* What one writable event may send before others get their turn. */
#define FLUSH_MAX (1024 * 1024)
/* Pieces from PIECE on are gathered until there are GATHER bytes or the turn ends: each send() may
 * wake somebody. Less than PIECE is an answer, or the end of one: it goes at once. */
#define PIECE  (4 * 1024)
#define GATHER (64 * 1024)

static bool say(struct conn *c, enum conn_event ev)
{
	c->event(c, ev);
	return !c->closed;
}

/* Of both queues: what waits to be encrypted, and what waits to be sent. */
static size_t waiting(const struct conn *c)
{
	return buf_len(&c->out) + buf_len(&c->wire);
}

static void update_write(struct conn *c)
{
	bool want = !c->closed && !c->error &&
		    (buf_len(&c->wire) > 0 || c->read_wants_write ||
			    (buf_len(&c->out) > 0 && !c->handshaking));

	if (want && !ev_is_active(&c->wr))
		ev_io_start(c->loop->ev, &c->wr);
	else if (!want && ev_is_active(&c->wr))
		ev_io_stop(c->loop->ev, &c->wr);
}

static void update_read(struct conn *c)
{
	bool want = !c->closed && !c->read_ended && !c->error && (!c->paused || c->handshaking);

	if (want && !ev_is_active(&c->rd))
		ev_io_start(c->loop->ev, &c->rd);
	else if (!want && ev_is_active(&c->rd))
		ev_io_stop(c->loop->ev, &c->rd);
}

static void say_later(struct conn *c)
{
	loop_task_schedule(c->loop, &c->later);
}

/* --- errors ---------------------------------------------------------------------------------- */

static void fail(struct conn *c, int error)
{
	if (c->error)
		return;
	c->error = error;
	c->error_due = true;
	buf_clear(&c->out);
	buf_clear(&c->wire);
	update_write(c);
	update_read(c);
	say_later(c);
}

/*
 * Writing failed. A peer that answers an upload before its end and closes makes the kernel refuse
 * our bytes while the answer waits to be read: it is let through first.
 */
static void fail_writing(struct conn *c, int error)
{
	bool gone = error == -EPIPE || error == -ECONNRESET;

	if (!gone || c->ssl || c->paused || c->read_ended) {
		fail(c, error);
		return;
	}
	c->write_error = error;
	c->drained_due = c->flushed_due = false;
	buf_clear(&c->out);
	update_write(c);
	c->readable_due = true;
	say_later(c);
}

/* Nothing written now would get anywhere. */
static bool is_deaf(const struct conn *c)
{
	return c->closed || c->error || c->write_error || c->shutdown_asked;
}

/* --- output ---------------------------------------------------------------------------------- */

/* Bytes taken by the kernel (TLS: by the record layer), 0 when it is full, or a negative errno. */
static ssize_t send_some(struct conn *c, const uint8_t *bytes, size_t n)
{
	ssize_t sent;

	if (c->ssl)
		return conn_tls_write(c, bytes, n);
	do {
		sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

/* False: no room for TLS' close_notify in the kernel; without it our end would look like a cut. */
static bool send_shutdown(struct conn *c)
{
	if (c->ssl && !conn_tls_shutdown(c)) {
		update_write(c);
		return false;
	}
	c->shutdown_sent = true;
	(void)shutdown(c->fd, SHUT_WR);
	return true;
}

/* Send from both queues, as much as one turn may; 0 or a negative errno. */
static int send_queues(struct conn *c)
{
	size_t budget = FLUSH_MAX;
	int r = c->ssl ? conn_tls_flush(c) : 0;

	if (r < 0)
		return r;
	while (buf_len(&c->out) > 0 && buf_len(&c->wire) == 0 && budget > 0) {
		size_t n = MIN(buf_len(&c->out), budget);
		ssize_t sent = send_some(c, buf_data(&c->out), n);

		if (sent < 0)
			return (int)sent;
		if (sent == 0)
			break;
		c->bytes_out += (uint64_t)sent;
		buf_consume(&c->out, (size_t)sent);
		budget -= (size_t)sent;
	}
	return 0;
}

/* The same; sets the *_due bits for what came to pass. */
static void drain_queue(struct conn *c)
{
	bool had = waiting(c) > 0;
	int r = send_queues(c);

	if (r < 0) {
		fail_writing(c, r);
		return;
	}
	if (c->above_low && waiting(c) <= c->low_mark) {
		c->above_low = false;
		c->drained_due = true;
	}
	if (waiting(c) == 0 && c->shutdown_asked && !c->shutdown_sent && send_shutdown(c))
		had = true;
	update_write(c);
	if (had && waiting(c) == 0 && (!c->shutdown_asked || c->shutdown_sent))
		c->flushed_due = true;
}

static bool say_due(struct conn *c)
{
	if (c->error_due) {
		c->error_due = c->drained_due = c->flushed_due = c->readable_due = false;
		return say(c, CONN_EV_ERROR);
	}
	if (c->drained_due) {
		c->drained_due = false;
		if (!say(c, CONN_EV_DRAINED))
			return false;
	}
	if (c->flushed_due) {
		c->flushed_due = false;
		if (waiting(c) == 0 && !c->error && !say(c, CONN_EV_FLUSHED))
			return false;
	}
	if (c->readable_due) {
		c->readable_due = false;
		if (!c->paused && !c->read_ended && !c->error && !say(c, CONN_EV_READABLE))
			return false;
	}
	return true;
}

static void flush(struct conn *c)
{
	c->flush_due = false;
	if (c->closed || c->error || c->handshaking || waiting(c) == 0)
		return;
	if (!ev_is_active(&c->wr) || c->read_wants_write)
		drain_queue(c); /* else the kernel is full; it will say when */
}

static void on_later(struct loop_task *t)
{
	struct conn *c = container_of(t, struct conn, later);

	if (c->flush_due)
		flush(c);
	(void)say_due(c);
}

size_t conn_queue(struct conn *c, const void *bytes, size_t n)
{
	size_t taken;

	if (is_deaf(c))
		return n;
	taken = buf_add(&c->out, bytes, n);
	if (waiting(c) > c->low_mark)
		c->above_low = true;
	return taken;
}

static void flush_now(struct conn *c)
{
	flush(c);
	if (!c->closed && (c->drained_due || c->flushed_due))
		say_later(c);
}

void conn_flush(struct conn *c)
{
	if (!c->flush_due)
		flush_now(c);
}

/* Send what the socket takes of @n bytes, while nothing waits before them. */
static ssize_t write_directly(struct conn *c, const uint8_t *bytes, size_t n)
{
	size_t done = 0;

	while (done < n && waiting(c) == 0 && !c->handshaking) {
		ssize_t sent = send_some(c, bytes + done, n - done);

		if (sent < 0)
			return sent;
		if (sent == 0)
			break;
		c->bytes_out += (uint64_t)sent;
		done += (size_t)sent;
	}
	return (ssize_t)done;
}

size_t conn_write(struct conn *c, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	/* gathered, or queued without conn_flush(): those bytes and these leave together */
	bool unflushed = waiting(c) > 0 && !ev_is_active(&c->wr);
	ssize_t sent;
	size_t done;

	if (is_deaf(c))
		return n;
	sent = write_directly(c, at, n);
	if (sent < 0) {
		fail_writing(c, (int)sent);
		return n;
	}
	done = (size_t)sent;
	if (done < n)
		done += conn_queue(c, at + done, n - done);
	if (c->handshaking)
		return done;
	if (!unflushed) {
		update_write(c);
		return done;
	}
	flush_now(c);
	return done < n ? done + conn_write(c, at + done, n - done) : n;
}

size_t conn_gather(struct conn *c, const void *bytes, size_t n)
{
	/* memory for all of it at once: growing would copy */
	size_t room = buf_len(&c->out) > 0 ? n : GATHER;

	if (is_deaf(c) || c->handshaking || ev_is_active(&c->wr) || n < PIECE ||
		buf_len(&c->out) + n >= GATHER || !buf_reserve(&c->out, room))
		return conn_write(c, bytes, n);
	c->flush_due = true;
	say_later(c);
	return conn_queue(c, bytes, n);
}

size_t conn_queued(const struct conn *c)
{
	return waiting(c);
}

size_t conn_room(const struct conn *c)
{
	return buf_room(&c->out);
}

void conn_set_low_mark(struct conn *c, size_t low)
{
	c->low_mark = low;
}

void conn_shutdown(struct conn *c)
{
	if (c->closed || c->error || c->shutdown_asked)
		return;
	c->shutdown_asked = true;
	if (c->write_error || c->handshaking)
		return;
	if (waiting(c) > 0) {
		conn_flush(c);
		return;
	}
	if (!send_shutdown(c))
		return;
	c->flushed_due = true;
	say_later(c);
}

/* --- input ----------------------------------------------------------------------------------- */

static ssize_t read_ended(struct conn *c, ssize_t r)
{
	if (c->write_error && r == -EAGAIN)
		r = c->write_error;
	if (c->write_error == -ECONNRESET && r == 0)
		r = -ECONNRESET; /* send() took the kernel's notice of it; the end is none */
	if (r == 0 && c->write_error) {
		c->read_ended = true;
		fail(c, c->write_error);
	} else if (r == 0) {
		c->read_ended = true;
		update_read(c);
	} else if (r != -EAGAIN && !c->error) {
		/* the caller learns it here; no ERROR event for the same thing */
		c->error = (int)r;
		update_write(c);
		update_read(c);
	}
	return r;
}

static ssize_t read_tls(struct conn *c, void *to, size_t n)
{
	ssize_t r = conn_tls_read(c, to, n);

	c->readable_due = false;
	if (c->read_wants_write || buf_len(&c->wire) > 0)
		update_write(c); /* TLS had to say something itself */
	if (r <= 0)
		return read_ended(c, r);
	c->bytes_in += (uint64_t)r;
	if (conn_tls_pending(c)) {
		c->readable_due = true;
		say_later(c);
	}
	return r;
}

ssize_t conn_read(struct conn *c, void *to, size_t n)
{
	ssize_t r;

	if (c->closed)
		return -ENOTCONN;
	if (c->error)
		return c->error;
	if (c->read_ended)
		return 0;
	if (c->handshaking)
		return -EAGAIN;
	if (c->ssl)
		return read_tls(c, to, n);
	do {
		r = recv(c->fd, to, n, 0);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return read_ended(c, r == 0 ? 0 : errno == EWOULDBLOCK ? -EAGAIN : -errno);
	c->bytes_in += (uint64_t)r;
	return r;
}

void conn_pause(struct conn *c)
{
	c->paused = true;
	if (c->closed)
		return;
	update_read(c);
	if (c->write_error)
		fail(c, c->write_error);
}

void conn_resume(struct conn *c)
{
	if (c->closed || !c->paused)
		return;
	c->paused = false;
	update_read(c);
	if (c->ssl && !c->handshaking && conn_tls_pending(c)) {
		c->readable_due = true;
		say_later(c);
	}
}

bool conn_is_paused(const struct conn *c)
{
	return c->paused;
}

/* --- TLS ------------------------------------------------------------------------------------- */

static void handshake(struct conn *c)
{
	int r = conn_tls_handshake(c);

	update_write(c);
	if (r != 1) {
		if (r != -EAGAIN)
			fail(c, r);
		return;
	}
	c->handshaking = false;
	update_read(c);
	if (!say(c, CONN_EV_READY))
		return;
	if (buf_len(&c->out) > 0 || c->shutdown_asked)
		drain_queue(c);
	c->readable_due = c->readable_due || conn_tls_pending(c);
	(void)say_due(c);
}

static void on_first_turn(struct loop_task *t)
{
	struct conn *c = container_of(t, struct conn, later);

	loop_task_init(&c->later, on_later);
	if (c->handshaking && !c->error)
		handshake(c);
	else
		(void)say_due(c);
}

int conn_start_tls(struct conn *c, struct tls_ctx *ctx, const char *name, const char *alpn)
{
	int r = conn_tls_start(c, ctx, name, alpn);

	if (r < 0)
		return r;
	c->handshaking = true;
	update_read(c);
	if (name) { /* the client speaks first, but not inside this call */
		loop_task_cancel(&c->later);
		loop_task_init(&c->later, on_first_turn);
		say_later(c);
	}
	return 0;
}

const char *conn_alpn(const struct conn *c)
{
	return conn_tls_alpn(c);
}

/* --- life ------------------------------------------------------------------------------------ */

static void on_readable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct conn *c = container_of(w, struct conn, rd);

	if (c->handshaking)
		handshake(c);
	else
		(void)say(c, CONN_EV_READABLE);
}

static void on_writable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct conn *c = container_of(w, struct conn, wr);

	if (c->handshaking) {
		handshake(c);
		return;
	}
	if (c->read_wants_write) {
		c->read_wants_write = false;
		c->readable_due = true;
	}
	c->flush_due = false;
	drain_queue(c);
	(void)say_due(c);
}

static void on_deadline(struct timer *t)
{
	struct conn *c = container_of(t, struct conn, deadline);

	(void)say(c, CONN_EV_TIMEOUT);
}

void conn_init(struct conn *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->closed = true;
}

void conn_open(struct conn *c, struct loop *loop, int fd, size_t out_max, conn_event_f *event)
{
	assert(fd >= 0 && event);
	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->fd = fd;
	c->event = event;
	buf_init(&c->out, out_max);
	c->low_mark = out_max / 4;
	loop_task_init(&c->later, on_later);
	timer_init(&c->deadline, loop, on_deadline);
	ev_io_init(&c->rd, on_readable, fd, EV_READ);
	ev_io_init(&c->wr, on_writable, fd, EV_WRITE);
	ev_io_start(loop->ev, &c->rd);
	conn_tcp_settle(c);
}

void conn_set_deadline(struct conn *c, uint64_t ms)
{
	if (c->closed)
		return;
	if (ms)
		timer_start(&c->deadline, ms);
	else
		timer_stop(&c->deadline);
}

const char *conn_error_text(const struct conn *c)
{
	if (c->tls_error[0])
		return c->tls_error;
	return c->error ? strerror(-c->error) : "no error";
}

static void forget(struct conn *c)
{
	c->closed = true;
	loop_task_cancel(&c->later);
	timer_stop(&c->deadline);
	ev_io_stop(c->loop->ev, &c->rd);
	ev_io_stop(c->loop->ev, &c->wr);
	conn_tls_free(c);
	buf_deinit(&c->out);
}

void conn_close(struct conn *c)
{
	if (c->closed)
		return;
	forget(c);
	close(TAKE_FD(c->fd));
}

void conn_abort(struct conn *c)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (c->closed)
		return;
	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_close(c);
}

int conn_take_fd(struct conn *c)
{
	if (c->closed || c->ssl || waiting(c) > 0)
		return -1;
	forget(c);
	return TAKE_FD(c->fd);
}
