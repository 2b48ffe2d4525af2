/* SPDX-License-Identifier: MIT */
/*
 * ws_link: frames in binary WebSocket messages, as many as are there in one message.
 *
 * lws owns the socket; it says when it may be written, and only then is the session pulled, so
 * that nothing waits in lws' own buffers but the rest of one message.
 */
#include "ws/ws_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mux/session.h"

/* What a peer that does not read may take to be told that it is closed. */
#define CLOSE_SECONDS   3
#define USER_TIMEOUT_MS 15000
/* What may wait in the kernel beyond what is on its way; the rest waits where small answers
 * overtake it. */
#define UNSENT_MAX (128 * 1024)

static void wake(struct link *link)
{
	struct ws_link *l = container_of(link, struct ws_link, link);

	if (l->wsi)
		lws_callback_on_writable(l->wsi);
}

static void let_go(struct link *link, enum close_reason why, const char *text)
{
	struct ws_link *l = container_of(link, struct ws_link, link);

	l->closing = true;
	l->why = why;
	if (!l->wsi)
		return;
	lws_set_timeout(l->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_SECONDS);
	lws_callback_on_writable(l->wsi);
}

static const struct link_ops ops = {
	.kind = "websocket",
	.wake = wake,
	.close = let_go,
};

/* A dead path is noticed by the kernel too, and small frames do not wait for each other. */
static void tune(int fd)
{
	unsigned int user_timeout_ms = USER_TIMEOUT_MS, unsent_max = UNSENT_MAX;
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
		sizeof(user_timeout_ms));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max, sizeof(unsent_max));
}

struct ws_link *ws_link_new(struct ws_loop *w, struct lws *wsi)
{
	struct ws_link *l = mem_new(struct ws_link);

	tune(lws_get_socket_fd(wsi));
	l->loop = w;
	l->wsi = wsi;
	link_init(&l->link, &ops, LINK_RANK_WEBSOCKET);
	return l;
}

int ws_link_on_receive(struct ws_link *l, const void *in, size_t n)
{
	if (l->closing || !l->link.session)
		return 0;
	if (!lws_frame_is_binary(l->wsi)) {
		session_close(l->link.session, CLOSE_PROTOCOL, "a text message");
		return 0;
	}
	(void)link_input(&l->link, in, n, clock_ms());
	return 0;
}

static enum lws_close_status status_of(enum close_reason why)
{
	if (why == CLOSE_PROTOCOL || why == CLOSE_FLOW_CONTROL)
		return LWS_CLOSE_STATUS_PROTOCOL_ERR;
	if (why == CLOSE_DONE)
		return LWS_CLOSE_STATUS_NORMAL;
	return why == CLOSE_SHUTDOWN ? LWS_CLOSE_STATUS_GOINGAWAY
				     : LWS_CLOSE_STATUS_POLICY_VIOLATION;
}

int ws_link_on_writeable(struct ws_link *l)
{
	unsigned char *out = l->loop->buffer + LWS_PRE;
	char word[32];
	size_t n = link_pull(&l->link, out, WS_LINK_MESSAGE_MAX, clock_ms());

	if (n > 0 && lws_write(l->wsi, out, n, LWS_WRITE_BINARY) < (int)n)
		return -1;
	if (!l->closing) {
		if (n > 0)
			lws_callback_on_writable(l->wsi);
		return 0;
	}
	if (n > 0) {
		lws_callback_on_writable(l->wsi); /* close once the last words have left */
		return 0;
	}
	(void)snprintf(word, sizeof(word), "%s", close_word(l->why));
	lws_close_reason(l->wsi, status_of(l->why), (unsigned char *)word, strlen(word));
	return -1;
}

static void free_link(struct grave *g)
{
	struct ws_link *l = container_of(g, struct ws_link, grave);

	link_deinit(&l->link);
	free(l);
}

void ws_link_on_closed(struct ws_link *l)
{
	l->wsi = NULL;
	link_lost(&l->link, CLOSE_LINK_LOST, clock_ms());
	loop_bury(l->loop->loop, &l->grave, free_link);
}
