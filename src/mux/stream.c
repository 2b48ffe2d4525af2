/* SPDX-License-Identifier: MIT */
/*
 * stream: one visitor's bytes, both directions, each numbered from 0, its end counting one more.
 *
 *   sending     ring.start .. sent .. ring.end        (acknowledged) kept | not yet sent
 *   receiving   window.consumed .. received .. granted
 *
 * A stream is over when both ends were sent, received and acknowledged, or at once by RESET. The
 * session frees it when the outermost call into mux returns, so that every callback may end it.
 */
#include "mux/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "mux/session.h"

/* What may wait unsent beyond the peer's credit, so that there is something to send when it comes.
 */
#define SLACK (64 * 1024)
/* What may wait unsent whatever the credit: a link that is full gets no fuller by it, and memory
 * that was just used is in the processor's cache. */
#define UNSENT_MAX (512 * 1024)
/* A ring's bound whatever the peer grants; equals the largest window of the protocol. */
#define RING_MAX FRAME_MAX_WINDOW
/* A ring's bound while the session's memory is used up: enough that every stream moves. */
#define LEAN (16 * 1024)
/* How long a large ring keeps the memory that it has no bytes for. */
#define SPACIOUS_MS 1000
/* Consumption that is too small for a WINDOW of its own is announced after this. */
#define LAG_MS 200

struct stream *stream_new(struct session *s, uint32_t id, uint32_t window)
{
	struct stream *st = mem_new(struct stream);

	st->session = s;
	st->id = id;
	st->limit = s->peer_window;
	list_init(&st->ready);
	list_init(&st->lagging);
	list_init(&st->roomy);
	list_init(&st->spacious);
	ring_init(&st->ring);
	window_init(&st->window, window);
	list_init(&st->all);
	list_add_tail(&s->all, &st->all);
	idmap_set(&s->streams, id, st);
	if (idmap_count(&s->streams) == 1)
		session_reschedule(s);
	return st;
}

void stream_destroy(struct stream *st)
{
	struct session *s = st->session;

	if (st->is_dead)
		return;
	st->is_dead = true;
	if (st->user)
		st->user->stream = NULL;
	st->user = NULL;
	s->stats.memory -= st->ring.cap + (st->window.size - s->limits.window);
	ring_deinit(&st->ring);
	free(TAKE_PTR(st->open_payload));
	list_del(&st->ready);
	list_del(&st->lagging);
	list_del(&st->roomy);
	list_del(&st->spacious);
	(void)idmap_del(&s->streams, st->id);
	list_del(&st->all);
	list_add_tail(&s->dead, &st->all);
}

void stream_abort(struct stream *st, enum close_reason why, const char *text)
{
	struct stream_user *u = st->user;

	stream_destroy(st);
	if (u)
		u->ops->reset(u, why, text);
}

void stream_bind(struct stream *st, struct stream_user *u, const struct stream_user_ops *ops)
{
	assert(!st->user);
	u->ops = ops;
	u->stream = st;
	st->user = u;
}

void stream_rebind(struct stream *st, struct stream_user *to, const struct stream_user_ops *ops)
{
	if (st->user)
		st->user->stream = NULL;
	st->user = NULL;
	stream_bind(st, to, ops);
}

/* --- sending --------------------------------------------------------------------------------- */

bool stream_has_data(const struct stream *st)
{
	return (st->sent < st->ring.end && st->sent < st->limit) ||
	       (st->end_asked && !st->end_sent && st->sent == st->ring.end);
}

bool stream_is_brief(const struct stream *st)
{
	return st->open_pending || st->ring.end - st->sent <= FRAME_MAX_DATA;
}

void stream_schedule(struct stream *st)
{
	struct session *s = st->session;

	if (st->is_dead || list_is_linked(&st->ready))
		return;
	if (!st->open_pending && !st->window_due && !stream_has_data(st))
		return;
	list_add_tail(stream_is_brief(st) ? &s->brief : &s->ready, &st->ready);
	if (session_may_stream(s))
		session_wake(s, s->data_link);
}

static void shrink(struct stream *st)
{
	size_t before = st->ring.cap;

	ring_shrink(&st->ring);
	st->session->stats.memory += st->ring.cap - before;
}

/* The ring's bound now: the credit and a slack; little when the session's memory is used up. */
static size_t ring_max(const struct stream *st)
{
	uint64_t max = MIN(st->limit - st->ring.start + SLACK, (uint64_t)RING_MAX);

	max = MIN(max, st->sent - st->ring.start + UNSENT_MAX);
	if (st->session->stats.memory >= st->session->limits.memory)
		max = MIN(max, (uint64_t)LEAN);
	return (size_t)max;
}

size_t stream_room(const struct stream *st)
{
	size_t len = ring_len(&st->ring), max = ring_max(st);

	return st->end_asked || len >= max ? 0 : max - len;
}

/* The session's memory is used up: what rings hold for nothing would make others lean. Not @but's,
 * which is being filled. */
static void reclaim(struct session *s, const struct stream *but)
{
	list_each_safe (st, &s->spacious, struct stream, spacious) {
		if (st == but)
			continue;
		list_del(&st->spacious);
		shrink(st);
	}
}

static uint8_t *reserve(struct stream *st, size_t *io_n, size_t max)
{
	struct session *s = st->session;
	size_t before = st->ring.cap;
	uint8_t *at = NULL;

	if (!st->end_asked)
		at = ring_reserve(&st->ring, *io_n, max, io_n);
	s->stats.memory += st->ring.cap - before;
	if (s->stats.memory >= s->limits.memory)
		reclaim(s, st);
	if (!at)
		st->wants_room = true;
	return at;
}

uint8_t *stream_reserve(struct stream *st, size_t *io_n)
{
	return reserve(st, io_n, ring_max(st));
}

void stream_commit(struct stream *st, size_t n)
{
	if (n == 0) {
		if (ring_len(&st->ring) == 0 && st->ring.cap <= RING_SMALL)
			shrink(st);
		return;
	}
	ring_commit(&st->ring, n);
	stream_schedule(st);
}

size_t stream_write(struct stream *st, const void *bytes, size_t n)
{
	/* once: what the first part uses up of the memory is not the second's to miss */
	size_t done = 0, max = ring_max(st);

	while (done < n) {
		size_t part = n - done;
		uint8_t *to = reserve(st, &part, max);

		if (!to)
			break;
		memcpy(to, (const uint8_t *)bytes + done, part);
		ring_commit(&st->ring, part);
		done += part;
	}
	if (done > 0)
		stream_schedule(st);
	return done;
}

void stream_end(struct stream *st)
{
	if (st->end_asked)
		return;
	st->end_asked = true;
	stream_schedule(st);
}

/* No receiver grants more than the largest window beyond what it has. */
static bool is_limit(uint64_t limit, uint64_t received)
{
	return limit <= received || limit - received <= FRAME_MAX_WINDOW;
}

bool stream_is_held(const struct stream *st)
{
	return st->wants_room && stream_room(st) < SLACK / 4;
}

void stream_was_sent(struct stream *st)
{
	if (st->wants_room && st->ring.end - st->sent <= UNSENT_MAX / 2 &&
		!list_is_linked(&st->roomy))
		list_add_tail(&st->session->roomy, &st->roomy);
}

static void list_spacious(struct stream *st)
{
	struct session *s = st->session;

	st->spacious_end = st->ring.end;
	list_add_tail(&s->spacious, &st->spacious);
	if (!s->spacious_at) {
		s->spacious_at = s->now + SPACIOUS_MS;
		session_reschedule(s);
	}
}

void stream_shrink(struct stream *st)
{
	if (!ring_is_spacious(&st->ring))
		return;
	if (st->ring.end - st->spacious_end < st->ring.cap)
		shrink(st);
	else
		list_spacious(st); /* all of it was used meanwhile */
}

static void forget_sent(struct stream *st, uint64_t received)
{
	size_t before = st->ring.cap;

	ring_drop(&st->ring, received);
	st->session->stats.memory += st->ring.cap - before;
	if (!ring_is_spacious(&st->ring))
		return;
	if (st->session->stats.memory >= st->session->limits.memory)
		shrink(st);
	else if (!list_is_linked(&st->spacious))
		list_spacious(st);
}

/* The peer has everything before @received: forget it, and tell the user about the room. */
static bool acknowledge(struct stream *st, uint64_t received)
{
	/* not `sent`: what was under way when a resumption took it back may still arrive */
	if (received > st->sent_max)
		return false;
	if (st->end_asked && received == st->ring.end + 1) {
		st->end_acked = st->end_sent = true;
		received--;
	}
	if (received > st->ring.start)
		forget_sent(st, received);
	st->sent = MAX(st->sent, st->ring.start);
	return true;
}

void stream_say_room(struct stream *st)
{
	if (!st->wants_room || !st->user || stream_room(st) < SLACK / 4)
		return;
	st->wants_room = false;
	st->user->ops->writable(st->user);
}

/* --- receiving ------------------------------------------------------------------------------- */

static void on_data(struct stream *st, const struct frame *f)
{
	struct session *s = st->session;
	struct cursor c;
	uint64_t offset, skip;
	size_t n = f->length - 8U;
	bool last = f->flags & FRAME_FLAG_END;

	cursor_read_init(&c, f->payload, f->length);
	offset = cursor_u64(&c);
	if (offset > st->window.received) {
		session_close(s, CLOSE_PROTOCOL, "DATA leaves a gap");
		return;
	}
	skip = st->window.received - offset;
	if (st->end_received || skip > n || (n == 0 && !last))
		return;
	if (window_received(&st->window, (uint32_t)(n - skip)) < 0) {
		session_close(s, CLOSE_FLOW_CONTROL, "DATA passes the limit that was granted");
		return;
	}
	s->stats.bytes_rx += n - skip;
	session_counted(s);
	if (f->flags & FRAME_FLAG_HELD) {
		st->window_due = true;
		stream_schedule(st);
	}
	if (n > skip && st->user)
		st->user->ops->data(st->user, f->payload + 8 + skip, n - (size_t)skip);
	else if (n > skip)
		stream_consumed(st, n - (size_t)skip);
	if (!last || st->is_dead)
		return;
	st->end_received = st->window_due = true;
	stream_schedule(st);
	if (st->user)
		st->user->ops->end(st->user);
	stream_maybe_finish(st);
}

static void on_window(struct stream *st, const struct frame *f)
{
	struct cursor c;
	uint64_t limit, received;

	cursor_read_init(&c, f->payload, f->length);
	limit = cursor_u64(&c);
	received = cursor_u64(&c);
	if (!is_limit(limit, received) || !acknowledge(st, received)) {
		session_close(st->session, CLOSE_PROTOCOL, "WINDOW states what cannot be");
		return;
	}
	st->limit = MAX(st->limit, limit);
	stream_schedule(st);
	stream_say_room(st);
	stream_maybe_finish(st);
}

static void on_reset(struct stream *st, const struct frame *f)
{
	struct frame_reason r;

	if (frame_reason_decode(&r, f) < 0) {
		session_close(st->session, CLOSE_PROTOCOL, "RESET cannot be read");
		return;
	}
	if (st->end_acked && st->end_received)
		return; /* both ends have everything; only our user is still at it */
	stream_abort(st, r.reason < CLOSE_COUNT ? (enum close_reason)r.reason : CLOSE_INTERNAL,
		r.text);
}

void stream_on_frame(struct stream *st, const struct frame *f)
{
	/* the peer knows the stream */
	free(TAKE_PTR(st->open_payload));
	st->open_pending = false;
	if (f->type == FRAME_DATA)
		on_data(st, f);
	else if (f->type == FRAME_WINDOW)
		on_window(st, f);
	else
		on_reset(st, f);
}

void stream_consumed(struct stream *st, size_t n)
{
	struct session *s = st->session;

	assert(st->window.consumed + n <= st->window.received);
	if (window_consumed(&st->window, n) && !st->end_received) {
		st->window_due = true;
		stream_schedule(st);
		return;
	}
	/* after the end nothing more comes: no credit is needed */
	if (st->end_received || st->window_due || list_is_linked(&st->lagging))
		return;
	list_add_tail(&s->lagging, &st->lagging);
	if (!s->lag_at) {
		s->lag_at = s->now + LAG_MS;
		session_reschedule(s);
	}
}

/* --- ends ------------------------------------------------------------------------------------ */

static void queue_reset(struct stream *st, enum close_reason why, const char *text)
{
	struct session *s = st->session;
	struct frame_reason r = {.reason = (uint16_t)why};
	uint8_t payload[2 + FRAME_MAX_TEXT], *to;
	size_t n;

	if (text)
		memcpy(r.text, text, strnlen(text, FRAME_MAX_TEXT));
	n = frame_reason_encode(payload, sizeof(payload), FRAME_RESET, &r);
	to = buf_reserve(&s->resets, FRAME_HEADER_SIZE + n);
	if (!to) {
		session_close(s, CLOSE_LIMIT, "the peer does not read");
		return;
	}
	frame_encode_header(to, FRAME_RESET, 0, (uint16_t)n, st->id);
	memcpy(to + FRAME_HEADER_SIZE, payload, n);
	buf_commit(&s->resets, FRAME_HEADER_SIZE + n);
	if (session_may_stream(s))
		session_wake(s, s->data_link);
}

void stream_reset(struct stream *st, enum close_reason why, const char *text)
{
	struct session *s = st->session;

	if (st->is_dead)
		return;
	session_enter(s, s->now);
	if (st->user)
		st->user->stream = NULL;
	st->user = NULL;
	if ((st->open_sent || !st->ours) && !s->closed)
		queue_reset(st, why, text);
	stream_destroy(st);
	session_leave(s);
}

void stream_release(struct stream *st, enum close_reason why)
{
	struct session *s = st->session;

	if (!st->end_asked || !st->end_received) {
		stream_reset(st, why, "");
		return;
	}
	session_enter(s, s->now);
	if (st->user)
		st->user->stream = NULL;
	st->user = NULL;
	st->released = true;
	stream_maybe_finish(st);
	session_leave(s);
}

void stream_maybe_finish(struct stream *st)
{
	if (!st->is_dead && st->released && st->end_acked && st->end_received && !st->window_due)
		stream_destroy(st);
}

bool stream_assume_finished(struct stream *st)
{
	return st->end_asked && st->end_received && acknowledge(st, st->ring.end + 1);
}

bool stream_rewind(struct stream *st, uint64_t received, uint64_t limit)
{
	if (received < st->ring.start || !is_limit(limit, received) || !acknowledge(st, received))
		return false;
	free(TAKE_PTR(st->open_payload));
	st->limit = MAX(st->limit, limit);
	st->sent = MIN(received, st->ring.end);
	st->end_sent = st->end_acked;
	st->open_pending = false;
	return true;
}

bool stream_is_flushed(const struct stream *st)
{
	return st->sent == st->ring.end && (!st->end_asked || st->end_sent);
}

bool stream_is_ended(const struct stream *st)
{
	return st->end_asked && st->end_received;
}

uint64_t stream_bytes_sent(const struct stream *st)
{
	return st->sent;
}

uint64_t stream_bytes_arrived(const struct stream *st)
{
	return st->ring.start;
}

uint64_t stream_bytes_received(const struct stream *st)
{
	return st->window.received;
}
