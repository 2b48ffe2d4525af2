/* SPDX-License-Identifier: MIT */
/*
 * ws_text: texts over a WebSocket, for a browser that asks and is answered.
 *
 * A text is passed on in the pieces it comes in, and sent in fragments of what one write takes
 * (RFC 6455 section 5.4): neither way is more of it kept than the queue, whose size its user sets,
 * and one fragment in lws. That it is UTF-8 is not looked at, its user's parser does.
 */
#include "ws/ws_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libwebsockets.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/timer.h"
#include "ws/ws_link.h"

/* What a peer that does not read may take until it is told that this is the end. */
#define CLOSE_MS 3000
/* Fragments sent before others get their turn. */
#define BURST 8

struct ws_text {
	struct ws_text_user *user;
	struct lws *wsi; /* NULL once lws has closed it */
	struct ws_loop *loop;
	struct grave grave;
	struct timer deadline; /* of the end; lws' own come late when others were set between */
	struct buf out;        /* length u32, text, … */
	size_t left;           /* of the text that is being sent */
	bool begun;            /* a fragment of it has left */
	bool flushing;         /* something was queued and `flushed` not said since */
	bool closing, paused;
	uint16_t status; /* of the Close we send */
};

static void on_deadline(struct timer *timer)
{
	struct ws_text *t = container_of(timer, struct ws_text, deadline);

	lws_set_timeout(t->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

struct ws_text *ws_text_new(struct ws_loop *w, struct lws *wsi)
{
	struct ws_text *t = mem_new(struct ws_text);
	int one = 1;

	(void)setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	t->loop = w;
	t->wsi = wsi;
	timer_init(&t->deadline, w->loop, on_deadline);
	return t;
}

void ws_text_bind(struct ws_text *t, struct ws_text_user *u, const struct ws_text_user_ops *ops,
	size_t out_max)
{
	buf_init(&t->out, out_max);
	u->ops = ops;
	u->text = t;
	t->user = u;
}

size_t ws_text_room(const struct ws_text *t)
{
	size_t room = buf_room(&t->out);

	return room > sizeof(uint32_t) ? room - sizeof(uint32_t) : 0;
}

size_t ws_text_queued(const struct ws_text *t)
{
	return buf_len(&t->out) + t->flushing;
}

void ws_text_send(struct ws_text *t, const char *text, size_t n)
{
	uint32_t length = (uint32_t)n;

	(void)buf_add(&t->out, &length, sizeof(length));
	(void)buf_add(&t->out, text, n);
	t->flushing = true;
	if (t->wsi)
		lws_callback_on_writable(t->wsi);
}

void ws_text_pause(struct ws_text *t, bool pause)
{
	if (t->paused == pause || !t->wsi)
		return;
	t->paused = pause;
	(void)lws_rx_flow_control(t->wsi, pause ? 0 : 1);
	/* what lws has read already is looked at after an event only: make one */
	if (!pause)
		lws_callback_on_writable(t->wsi);
}

static void unbind(struct ws_text *t)
{
	if (t->user)
		t->user->text = NULL;
	t->user = NULL;
}

static void end(struct ws_text *t, uint16_t status)
{
	unbind(t);
	t->closing = true;
	t->status = status;
	if (!t->wsi)
		return;
	timer_start(&t->deadline, CLOSE_MS);
	lws_callback_on_writable(t->wsi);
}

void ws_text_close(struct ws_text *t)
{
	end(t, LWS_CLOSE_STATUS_GOINGAWAY);
}

/* --- what lws says --------------------------------------------------------------------------- */

int ws_text_on_receive(struct ws_text *t, const void *in, size_t n)
{
	struct ws_text_user *u = t->user;

	if (t->closing || !u)
		return 0;
	if (lws_frame_is_binary(t->wsi)) {
		end(t, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
		u->ops->closed(u);
		return 0;
	}
	u->ops->received(u, in, n, lws_is_final_fragment(t->wsi));
	return 0;
}

/* The next fragment of what is queued. -1: the connection is lost. */
static int send_some(struct ws_text *t)
{
	unsigned char *out = t->loop->buffer + LWS_PRE;
	int how = t->begun ? LWS_WRITE_CONTINUATION : LWS_WRITE_TEXT;
	size_t n;

	if (t->left == 0) {
		uint32_t length;

		memcpy(&length, buf_data(&t->out), sizeof(length));
		buf_consume(&t->out, sizeof(length));
		t->left = length;
	}
	n = MIN(t->left, (size_t)WS_LINK_MESSAGE_MAX);
	memcpy(out, buf_data(&t->out), n);
	buf_consume(&t->out, n);
	t->left -= n;
	t->begun = t->left > 0;
	if (t->begun)
		how |= LWS_WRITE_NO_FIN;
	return lws_write(t->wsi, out, n, (enum lws_write_protocol)how) < (int)n ? -1 : 0;
}

int ws_text_on_writeable(struct ws_text *t)
{
	if (t->closing) {
		lws_close_reason(t->wsi, (enum lws_close_status)t->status, NULL, 0);
		return -1;
	}
	if (buf_len(&t->out) == 0) {
		if (t->flushing && t->user) {
			t->flushing = false;
			t->user->ops->flushed(t->user);
		}
		return 0;
	}
	for (int i = 0; i < BURST && buf_len(&t->out) > 0; i++) {
		if (send_some(t) < 0)
			return -1;
		if (lws_send_pipe_choked(t->wsi))
			break;
	}
	lws_callback_on_writable(t->wsi);
	return 0;
}

static void free_text(struct grave *g)
{
	struct ws_text *t = container_of(g, struct ws_text, grave);

	buf_deinit(&t->out);
	free(t);
}

void ws_text_on_closed(struct ws_text *t)
{
	struct ws_text_user *u = t->user;

	t->wsi = NULL;
	timer_stop(&t->deadline);
	unbind(t);
	if (u)
		u->ops->closed(u);
	loop_bury(t->loop->loop, &t->grave, free_text);
}
