/* SPDX-License-Identifier: MIT */
/*
 * resume: after a lost link, go on by byte offset (tunnelto-protocol(7), Lost links).
 *
 * It is one law for both cases: a lane was lost and the WebSocket carries on, or the WebSocket
 * was lost and another one took the session up. Each side states per stream what it received
 * and grants; what was sent beyond that is sent again from the ring. A stream that the peer does
 * not have is over, unless its OPEN was lost.
 */
#include "mux/resume.h"

#include <string.h>

#include "base/cursor.h"
#include "mux/move.h"
#include "mux/session.h"
#include "mux/stream.h"

#define ENTRY_SIZE  20
#define ENTRIES_MAX (FRAME_MAX_RESUME / ENTRY_SIZE)

/* False: the session is closed, and its streams are gone. */
static bool flush(struct session *s, const uint8_t *payload, size_t n, bool last)
{
	uint8_t *to = buf_reserve(&s->control, FRAME_HEADER_SIZE + n);

	if (!to) {
		session_close(s, CLOSE_LIMIT, "too many streams to resume");
		return false;
	}
	frame_encode_header(to, FRAME_RESUME, last ? FRAME_FLAG_LAST : 0, (uint16_t)n, 0);
	memcpy(to + FRAME_HEADER_SIZE, payload, n);
	buf_commit(&s->control, FRAME_HEADER_SIZE + n);
	return true;
}

static void send_list(struct session *s)
{
	uint8_t payload[FRAME_MAX_RESUME];
	struct cursor c;

	cursor_write_init(&c, payload, sizeof(payload));
	list_each (st, &s->all, struct stream, all) {
		if (st->ours && !st->open_sent)
			continue; /* the peer has never heard of it */
		if (cursor_left(&c) < ENTRY_SIZE) {
			if (!flush(s, payload, c.pos, /* last= */ false))
				return;
			cursor_write_init(&c, payload, sizeof(payload));
		}
		cursor_put_u32(&c, st->id);
		cursor_put_u64(&c, st->window.received + (st->end_received ? 1 : 0));
		cursor_put_u64(&c, window_grant(&st->window));
	}
	(void)flush(s, payload, c.pos, /* last= */ true);
}

void resume_begin(struct session *s)
{
	s->resuming = true;
	s->stats.resumed++;
	list_each (st, &s->all, struct stream, all)
		st->resume_seen = false;
	/* a stream that was reset is missing in the list, which says the same */
	buf_clear(&s->resets);
	send_list(s);
	if (s->base_link)
		session_wake(s, s->base_link);
}

static bool on_entry(struct session *s, uint32_t id, uint64_t received, uint64_t limit)
{
	struct stream *st = idmap_get(&s->streams, id);
	struct frame_reason r = {.reason = CLOSE_RESUME_FAILED};
	uint8_t reset[FRAME_HEADER_SIZE + 2];

	if (st) {
		st->resume_seen = true;
		return stream_rewind(st, received, limit);
	}
	/* Never heard of: its OPEN was lost and comes again. Our own that never was: a lie. */
	if (!session_was_opened(s, id))
		return session_is_theirs(s, id);
	if (buf_room(&s->resets) < sizeof(reset))
		return false;
	frame_encode_header(reset, FRAME_RESET, 0, 2, id);
	(void)frame_reason_encode(reset + FRAME_HEADER_SIZE, 2, FRAME_RESET, &r);
	(void)buf_add(&s->resets, reset, sizeof(reset));
	return true;
}

/* A stream that the peer did not name. True: it goes on here. */
static bool goes_on(struct stream *st)
{
	if (st->ours && st->open_payload) {
		/* no sign of life ever: its OPEN was lost; if it was not, a RESET follows */
		st->open_pending = true;
		st->sent = st->ring.start;
		st->end_sent = false;
		return true;
	}
	return stream_assume_finished(st); /* there too, and its last WINDOW was lost */
}

/* The peer has told all: what it did not name is over, or was never opened there. */
static void settle(struct session *s)
{
	s->resuming = false;
	for (struct list *n = s->all.next, *next; n != &s->all; n = next) {
		struct stream *st = list_entry(n, struct stream, all);

		next = n->next;
		if (st->resume_seen || st->open_pending || goes_on(st))
			continue;
		stream_abort(st, CLOSE_RESUME_FAILED, "the other end no longer has the stream");
		next = s->all.next; /* the callback may have ended any of them: begin anew */
	}
	/* OPENs leave in the order of their ids: the peer takes a lower one for a repetition */
	list_each_safe (st, &s->all, struct stream, all) {
		list_del(&st->ready);
		stream_schedule(st);
		stream_maybe_finish(st);
	}
	move_data(s);
	if (buf_len(&s->resets) > 0 && session_may_stream(s))
		session_wake(s, s->data_link);
}

/* Acknowledgements in the lists made room. A callback may end any stream: begin anew after each. */
static void say_writable(struct session *s)
{
	struct list *n = s->all.next;

	while (n != &s->all) {
		struct stream *st = list_entry(n, struct stream, all);

		n = n->next;
		if (!st->wants_room || !st->user || stream_room(st) == 0 || !st->resume_seen)
			continue;
		st->wants_room = st->resume_seen = false;
		st->user->ops->writable(st->user);
		n = s->all.next;
	}
}

void resume_on_frame(struct session *s, const struct frame *f)
{
	struct cursor c;

	if (f->length % ENTRY_SIZE != 0) {
		session_close(s, CLOSE_PROTOCOL, "RESUME is not a list of entries");
		return;
	}
	if (!s->resuming) /* the peer noticed before us that a lane is lost */
		session_drop_lanes(s);
	if (s->closed)
		return;
	cursor_read_init(&c, f->payload, f->length);
	while (cursor_left(&c) > 0) {
		uint32_t id = cursor_u32(&c);
		uint64_t received = cursor_u64(&c), limit = cursor_u64(&c);

		if (!on_entry(s, id, received, limit)) {
			session_close(s, CLOSE_PROTOCOL, "RESUME states what cannot be");
			return;
		}
	}
	if (f->flags & FRAME_FLAG_LAST) {
		settle(s);
		say_writable(s);
	}
}
