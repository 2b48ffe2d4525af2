/* SPDX-License-Identifier: MIT */
/*
 * dial: from a name or an address to a connected socket, one address after the other.
 *
 * Not here: TLS (conn.c), what to do when it fails (the caller).
 */
#include "io/dial.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/loop.h"

#define ATTEMPT_MIN_MS 250

static void try_next(struct dial *d);

static void stop_attempt(struct dial *d)
{
	timer_stop(&d->attempt);
	ev_io_stop(d->loop->ev, &d->connect);
	if (d->fd >= 0)
		close(TAKE_FD(d->fd));
}

static void finish(struct dial *d, int fd)
{
	timer_stop(&d->attempt);
	timer_stop(&d->deadline);
	ev_io_stop(d->loop->ev, &d->connect);
	d->fd = -1;
	d->resolving = false;
	free(TAKE_PTR(d->list));
	d->done(d, fd);
}

static void attempt_failed(struct dial *d, int error)
{
	stop_attempt(d);
	d->last_error = error;
	try_next(d);
}

static void on_connect(struct ev_loop *ev, ev_io *w, int revents)
{
	struct dial *d = container_of(w, struct dial, connect);
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error)
		attempt_failed(d, -error);
	else
		finish(d, d->fd);
}

static void on_attempt_timeout(struct timer *t)
{
	struct dial *d = container_of(t, struct dial, attempt);

	attempt_failed(d, d->fd < 0 && d->last_error ? d->last_error : -ETIMEDOUT);
}

static void on_deadline(struct timer *t)
{
	struct dial *d = container_of(t, struct dial, deadline);

	if (d->resolving)
		resolve_cancel(&d->resolve);
	stop_attempt(d);
	finish(d, -ETIMEDOUT);
}

/* 0 when the attempt is under way (or done: the socket says so as writable), or a negative errno.
 */
static int begin(struct dial *d, const struct addr *a)
{
	int one = 1;

	d->fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return -errno;
	if (a->sa.ss_family != AF_UNIX)
		(void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(d->fd, (const struct sockaddr *)&a->sa, a->len) < 0 && errno != EINPROGRESS) {
		int r = -errno;

		close(TAKE_FD(d->fd));
		return r;
	}
	ev_io_set(&d->connect, d->fd, EV_WRITE);
	ev_io_start(d->loop->ev, &d->connect);
	return 0;
}

static void try_next(struct dial *d)
{
	while (d->next < d->n) {
		uint64_t left = d->deadline.at > clock_ms() ? d->deadline.at - clock_ms() : 0;
		int r = begin(d, &d->list[d->next++]);

		if (r == 0) {
			timer_start(&d->attempt,
				MAX(left / (d->n - d->next + 1), (uint64_t)ATTEMPT_MIN_MS));
			return;
		}
		d->last_error = r;
	}
	finish(d, d->last_error ? d->last_error : -ENOENT);
}

static void on_resolved(struct resolve *r, int status, const struct addr *list, size_t n)
{
	struct dial *d = container_of(r, struct dial, resolve);

	d->resolving = false;
	if (status < 0) {
		finish(d, status);
		return;
	}
	d->list = mem_dup(list, n * sizeof(*list));
	d->n = n;
	try_next(d);
}

void dial_init(struct dial *d, struct loop *loop)
{
	memset(d, 0, sizeof(*d));
	d->loop = loop;
	d->fd = -1;
	timer_init(&d->deadline, loop, on_deadline);
	timer_init(&d->attempt, loop, on_attempt_timeout);
	ev_io_init(&d->connect, on_connect, -1, EV_WRITE);
}

static void prepare(struct dial *d, uint32_t timeout_ms, dial_done_f *done)
{
	assert(d->fd < 0 && !d->resolving);
	d->done = done;
	d->n = d->next = 0;
	d->last_error = 0;
	timer_start(&d->deadline, timeout_ms);
}

void dial_start(struct dial *d, struct resolver *r, const char *host, uint16_t port,
	uint32_t timeout_ms, dial_done_f *done)
{
	prepare(d, timeout_ms, done);
	d->resolving = true;
	resolve_start(&d->resolve, r, host, port, on_resolved);
}

void dial_start_addr(struct dial *d, const struct addr *a, uint32_t timeout_ms, dial_done_f *done)
{
	prepare(d, timeout_ms, done);
	d->list = mem_dup(a, sizeof(*a));
	d->n = 1;
	/* a failure that connect() tells at once must still not be told inside this call */
	d->last_error = begin(d, &d->list[d->next++]);
	timer_start(&d->attempt, d->last_error ? 0 : timeout_ms);
}

void dial_cancel(struct dial *d)
{
	if (!d->loop)
		return;
	if (d->resolving)
		resolve_cancel(&d->resolve);
	d->resolving = false;
	timer_stop(&d->deadline);
	stop_attempt(d);
	free(TAKE_PTR(d->list));
}
