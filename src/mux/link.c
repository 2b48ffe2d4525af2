/* SPDX-License-Identifier: MIT */
/*
 * link: bytes to frames and back for one connection, whatever carries it.
 *
 * Input is parsed in place; only a frame that was cut by the connection is assembled in
 * `partial`. Output is pulled: (on the WebSocket) the session's frames, then PING and PONG of this
 * very link, then (on the link that carries data) the streams' frames.
 */
#include "mux/link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mux/schedule.h"
#include "mux/session.h"

void link_init(struct link *l, const struct link_ops *ops, unsigned int rank)
{
	memset(l, 0, sizeof(*l));
	l->ops = ops;
	l->rank = rank;
	list_init(&l->node);
	buf_init(&l->partial, FRAME_MAX_SIZE);
	buf_init(&l->control, LINK_CONTROL_MAX);
}

void link_deinit(struct link *l)
{
	assert(!l->session);
	buf_deinit(&l->partial);
	buf_deinit(&l->control);
}

void link_send(struct link *l, uint8_t type, const void *payload, size_t n)
{
	uint8_t *to;

	assert(n <= FRAME_MAX_TEXT + 6);
	if (buf_room(&l->control) < FRAME_HEADER_SIZE + n)
		return;
	to = buf_reserve(&l->control, FRAME_HEADER_SIZE + n);
	frame_encode_header(to, type, 0, (uint16_t)n, 0);
	memcpy(to + FRAME_HEADER_SIZE, payload, n);
	buf_commit(&l->control, FRAME_HEADER_SIZE + n);
	if (l->session)
		session_wake(l->session, l);
}

uint64_t link_ping(struct link *l, clock_ms_t now)
{
	uint64_t number = ++l->session->ping_seq;
	uint8_t payload[8];

	for (int i = 0; i < 8; i++)
		payload[i] = (uint8_t)(number >> (56 - 8 * i));
	l->ping = number;
	l->ping_at = now;
	link_send(l, FRAME_PING, payload, sizeof(payload));
	return number;
}

/* --- input ----------------------------------------------------------------------------------- */

/* One frame at @bytes, if it is whole. Returns the bytes it took, 0 when more are needed. */
static size_t take_frame(struct link *l, const uint8_t *bytes, size_t n)
{
	struct session *s = l->session;
	struct frame f;
	enum frame_result r = frame_decode(&f, bytes, n, /* from_server= */ !s->is_server);
	char text[96];

	if (r == FRAME_SHORT)
		return 0;
	if (r == FRAME_OK) {
		session_on_frame(s, l, &f);
	} else if (r != FRAME_SKIP) {
		(void)snprintf(text, sizeof(text), "a frame %s (type 0x%02x)", frame_result_text(r),
			f.type);
		session_close(s, CLOSE_PROTOCOL, text);
	}
	return FRAME_HEADER_SIZE + (size_t)f.length;
}

/* Complete the frame in `partial` from @bytes; returns how many of them were used. */
static size_t feed_partial(struct link *l, const uint8_t *bytes, size_t n)
{
	size_t have = buf_len(&l->partial), need = FRAME_HEADER_SIZE, used;
	CLEANUP(buf_deinit) struct buf frame;

	if (have >= FRAME_HEADER_SIZE)
		need += (size_t)(buf_data(&l->partial)[2] << 8 | buf_data(&l->partial)[3]);
	buf_init(&frame, FRAME_MAX_SIZE);
	used = MIN(n, MIN(need, (size_t)FRAME_MAX_SIZE) - have);
	(void)buf_add(&l->partial, bytes, used);
	have = buf_len(&l->partial);
	if (have < need)
		return used;
	/* handlers may do anything, letting go of the link included: it is not the link's any more
	 */
	frame = l->partial;
	buf_init(&l->partial, FRAME_MAX_SIZE);
	if (take_frame(l, buf_data(&frame), have) > 0)
		return used;
	l->partial = frame; /* its length is known now, its payload is still to come */
	buf_init(&frame, 0);
	return used;
}

static size_t feed(struct link *l, const uint8_t *bytes, size_t n)
{
	size_t used;

	if (buf_len(&l->partial) > 0)
		return feed_partial(l, bytes, n);
	used = take_frame(l, bytes, n);
	if (used > 0)
		return used;
	(void)buf_add(&l->partial, bytes, n);
	return n;
}

int link_input(struct link *l, const uint8_t *bytes, size_t n, clock_ms_t now)
{
	l->last_rx = now;
	l->bytes_rx += n;
	while (n > 0) {
		struct session *s = l->session;
		size_t used;

		if (!s)
			return -ENOTCONN;
		session_enter(s, now);
		used = feed(l, bytes, n);
		session_leave(s);
		bytes += MIN(used, n);
		n -= MIN(used, n);
	}
	return l->session ? 0 : -ENOTCONN;
}

/* --- output ---------------------------------------------------------------------------------- */

/* Move whole frames from @from; they were put there whole, so cutting by length finds their ends.
 */
static size_t pull_frames(struct buf *from, uint8_t *out, size_t cap)
{
	size_t done = 0;

	while (buf_len(from) > 0) {
		const uint8_t *f = buf_data(from);
		size_t n = FRAME_HEADER_SIZE + (size_t)(f[2] << 8 | f[3]);

		if (n > cap - done)
			break;
		memcpy(out + done, f, n);
		buf_consume(from, n);
		done += n;
	}
	return done;
}

/* In this order, the next only when the one before is empty: a PING says that the session's frames
 * before it have arrived, and no stream frame may overtake a RESUME. */
static size_t pull(struct session *s, struct link *l, uint8_t *out, size_t cap)
{
	size_t done = 0;

	if (s && l == s->base_link) {
		done += pull_frames(&s->control, out, cap);
		if (buf_len(&s->control) > 0)
			return done;
	}
	done += pull_frames(&l->control, out + done, cap - done);
	if (!s || l != s->data_link || !session_may_stream(s) || buf_len(&l->control) > 0)
		return done;
	done += pull_frames(&s->resets, out + done, cap - done);
	if (buf_len(&s->resets) == 0)
		done += schedule_pull(s, out + done, cap - done);
	return done;
}

size_t link_pull(struct link *l, uint8_t *out, size_t cap, clock_ms_t now)
{
	struct session *s = l->session;
	size_t done;

	assert(cap >= FRAME_MAX_SIZE);
	l->waked = true; /* who pulls goes on until nothing comes: no need to be told meanwhile */
	if (s)
		session_enter(s, now);
	done = pull(s, l, out, cap);
	if (s)
		session_leave(s);
	l->waked = false;
	l->bytes_tx += done;
	return done;
}

void link_lost(struct link *l, enum close_reason why, clock_ms_t now)
{
	struct session *s = l->session;

	if (!s)
		return;
	session_enter(s, now);
	session_lose_link(s, l, why);
	session_leave(s);
}
