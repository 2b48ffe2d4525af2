/* SPDX-License-Identifier: MIT */
/*
 * ws_pipe: whole messages over a WebSocket that has no subprotocol.
 *
 * One packet of the Rust tunnelto is one message, so messages cannot be joined as frames are on a
 * ws_link; several leave per turn as long as the socket takes them. Nothing waits in lws' own
 * buffers but the rest of one message, and nothing here but the peer's message that is still
 * incomplete: what is to be sent waits with the user, who knows how much that may be.
 *
 * lws pings nobody (ws_loop.c), and must not: a Rust client ends on a WebSocket Ping.
 */
#include "ws/ws_pipe.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/loop.h"
#include "ws/ws_link.h"

/* What a peer that does not read may take until its last words have left. */
#define CLOSE_SECONDS 3
/* The kernel gives a silent path up after this. A Rust client does not read while it dials its
 * origin, and then its window may stay shut for long without anything being wrong. */
#define USER_TIMEOUT_MS 60000
/* Messages sent before others get their turn. */
#define BURST 32
/* Less than this may be all that a peer has to say, and then it waits for our acknowledgement. */
#define SMALL 2048
/* What is taken from the user as its last words. */
#define LAST_MAX (8 * WS_PIPE_SEND_MAX)

struct ws_pipe {
	struct ws_pipe_user *user;
	struct lws *wsi; /* NULL once lws has closed it */
	struct ws_loop *loop;
	struct grave grave;
	struct buf partial; /* a message of which more is to come */
	struct buf last;    /* last words: length u32, message, … */
	enum ws_pipe_end how;
	bool closing, paused;
};

static void tune(int fd)
{
	unsigned int user_timeout_ms = USER_TIMEOUT_MS;
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
		sizeof(user_timeout_ms));
}

struct ws_pipe *ws_pipe_new(struct ws_loop *w, struct lws *wsi)
{
	struct ws_pipe *p = mem_new(struct ws_pipe);

	tune(lws_get_socket_fd(wsi));
	p->loop = w;
	p->wsi = wsi;
	buf_init(&p->partial, WS_PIPE_MESSAGE_MAX);
	buf_init(&p->last, LAST_MAX + 4);
	return p;
}

void ws_pipe_bind(struct ws_pipe *p, struct ws_pipe_user *u, const struct ws_pipe_user_ops *ops)
{
	u->ops = ops;
	u->pipe = p;
	p->user = u;
}

void ws_pipe_wake(struct ws_pipe *p)
{
	if (p->wsi)
		lws_callback_on_writable(p->wsi);
}

void ws_pipe_pause(struct ws_pipe *p, bool pause)
{
	if (p->paused == pause || !p->wsi)
		return;
	p->paused = pause;
	(void)lws_rx_flow_control(p->wsi, pause ? 0 : 1);
	/* what lws has read already is looked at after an event only: make one */
	if (!pause)
		lws_callback_on_writable(p->wsi);
}

static void unbind(struct ws_pipe *p)
{
	if (p->user)
		p->user->pipe = NULL;
	p->user = NULL;
}

static void take_last_words(struct ws_pipe *p)
{
	while (p->user && buf_room(&p->last) >= WS_PIPE_SEND_MAX + 4) {
		uint8_t *at = buf_reserve(&p->last, WS_PIPE_SEND_MAX + 4);
		size_t n = p->user->ops->next(p->user, at + 4, WS_PIPE_SEND_MAX);
		uint32_t length = (uint32_t)n;

		if (n == 0)
			return;
		memcpy(at, &length, sizeof(length));
		buf_commit(&p->last, n + 4);
	}
}

void ws_pipe_close(struct ws_pipe *p, enum ws_pipe_end how)
{
	take_last_words(p);
	unbind(p);
	p->closing = true;
	p->how = how;
	if (!p->wsi)
		return;
	lws_set_timeout(p->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_SECONDS);
	lws_callback_on_writable(p->wsi);
}

/* --- what lws says --------------------------------------------------------------------------- */

static int too_long(struct ws_pipe *p)
{
	struct ws_pipe_user *u = p->user;

	unbind(p);
	p->closing = true;
	if (u)
		u->ops->closed(u);
	return -1;
}

/* A Rust client leaves Nagle's algorithm on: its second small message waits until the first is
 * acknowledged, which the kernel would put off for 40 ms. */
static void acknowledge_now(const struct ws_pipe *p)
{
	int one = 1;

	(void)setsockopt(lws_get_socket_fd(p->wsi), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

int ws_pipe_on_receive(struct ws_pipe *p, const void *in, size_t n)
{
	bool first = lws_is_first_fragment(p->wsi), whole = lws_is_final_fragment(p->wsi);

	if (p->closing || !p->user)
		return 0;
	if (n < SMALL)
		acknowledge_now(p);
	if (first)
		buf_clear(&p->partial);
	if (first && whole) {
		p->user->ops->message(p->user, in, n);
		return 0;
	}
	if (buf_add(&p->partial, in, n) < n)
		return too_long(p);
	if (!whole)
		return 0;
	p->user->ops->message(p->user, buf_data(&p->partial), buf_len(&p->partial));
	buf_clear(&p->partial);
	return 0;
}

static size_t next(struct ws_pipe *p, uint8_t *out)
{
	uint32_t n;

	if (p->user)
		return p->user->ops->next(p->user, out, WS_PIPE_SEND_MAX);
	if (buf_len(&p->last) == 0)
		return 0;
	memcpy(&n, buf_data(&p->last), sizeof(n));
	memcpy(out, buf_data(&p->last) + 4, n);
	buf_consume(&p->last, n + 4);
	return n;
}

int ws_pipe_on_writeable(struct ws_pipe *p)
{
	unsigned char *out = p->loop->buffer + LWS_PRE;

	for (int i = 0; i < BURST; i++) {
		size_t n = next(p, out);

		if (n == 0) {
			if (!p->closing)
				return 0;
			if (p->how == WS_PIPE_CLOSE)
				lws_close_reason(p->wsi, LWS_CLOSE_STATUS_GOINGAWAY, NULL, 0);
			return -1; /* without a reason lws sends no Close */
		}
		if (lws_write(p->wsi, out, n, LWS_WRITE_BINARY) < (int)n)
			return -1;
		if (lws_send_pipe_choked(p->wsi))
			break;
	}
	lws_callback_on_writable(p->wsi);
	return 0;
}

static void free_pipe(struct grave *g)
{
	struct ws_pipe *p = container_of(g, struct ws_pipe, grave);

	buf_deinit(&p->partial);
	buf_deinit(&p->last);
	free(p);
}

void ws_pipe_on_closed(struct ws_pipe *p)
{
	struct ws_pipe_user *u = p->user;

	p->wsi = NULL;
	unbind(p);
	if (u)
		u->ops->closed(u);
	loop_bury(p->loop->loop, &p->grave, free_pipe);
}
