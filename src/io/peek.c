/* SPDX-License-Identifier: MIT */
/*
 * peek: who is this? Reads with MSG_PEEK, so that whoever gets the socket reads it from the start.
 *
 * Bytes that stay in the kernel keep the socket readable; SO_RCVLOWAT is raised above what was
 * seen, so that only more bytes wake us. Where that is not heeded (unix sockets; TCP short of
 * memory) the socket is left alone for a few milliseconds instead.
 */
#include "io/peek.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/loop.h"

/* What is looked at first; nearly every head and ClientHello fits. */
#define FIRST_LOOK 2048
#define AGAIN_MS   20

static void stop(struct peek *p)
{
	ev_io_stop(p->loop->ev, &p->rd);
	timer_stop(&p->deadline);
	timer_stop(&p->again);
}

static void finish(struct peek *p, int result)
{
	int fd = TAKE_FD(p->fd), one = 1;

	stop(p);
	if (result < 0) {
		close(fd);
		fd = result;
	} else if (p->seen > 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
	}
	p->done(p, fd);
}

static void wait_for_more(struct peek *p, size_t have)
{
	int low = (int)have + 1;

	p->seen = have;
	(void)setsockopt(p->fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
}

/* Has the peer said its FIN (or more than that)? */
static bool has_ended(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLRDHUP};

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void look(struct peek *p)
{
	uint8_t *bytes = p->loop->scratch;
	size_t want = p->seen < FIRST_LOOK ? FIRST_LOOK : PEEK_MAX;
	ssize_t n = recv(p->fd, bytes, want, MSG_PEEK | MSG_DONTWAIT);
	bool last, more;

	if (n == (ssize_t)want && want < PEEK_MAX)
		n = recv(p->fd, bytes, PEEK_MAX, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(p, -errno);
		return;
	}
	more = (size_t)n > p->seen;
	last = n == 0 || n >= PEEK_MAX || (!more && has_ended(p->fd));
	if (!more && !last) {
		ev_io_stop(p->loop->ev, &p->rd);
		timer_start(&p->again, AGAIN_MS);
	} else if (n > 0 && p->look(p, bytes, (size_t)n, last) == PEEK_DONE)
		finish(p, 0);
	else if (last)
		finish(p, -EPROTO);
	else
		wait_for_more(p, (size_t)n);
}

static void on_readable(struct ev_loop *ev, ev_io *w, int revents)
{
	look(container_of(w, struct peek, rd));
}

static void on_again(struct timer *t)
{
	struct peek *p = container_of(t, struct peek, again);

	ev_io_start(p->loop->ev, &p->rd);
}

static void on_deadline(struct timer *t)
{
	finish(container_of(t, struct peek, deadline), -ETIMEDOUT);
}

void peek_start(struct peek *p, struct loop *loop, int fd, const struct addr *peer,
	uint32_t timeout_ms, peek_look_f *look_f, peek_done_f *done)
{
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->fd = fd;
	p->peer = *peer;
	p->look = look_f;
	p->done = done;
	timer_init(&p->deadline, loop, on_deadline);
	timer_init(&p->again, loop, on_again);
	ev_io_init(&p->rd, on_readable, fd, EV_READ);
	ev_io_start(loop->ev, &p->rd);
	timer_start(&p->deadline, timeout_ms);
	look(p);
}

void peek_cancel(struct peek *p)
{
	if (p->fd < 0 || !p->loop)
		return;
	stop(p);
	close(TAKE_FD(p->fd));
}
