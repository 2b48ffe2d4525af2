/* SPDX-License-Identifier: MIT */
/*
 * session: the lasting association of a client and a server, over links that come and go.
 *
 *   user ── stream_write ─> ring ─┐                       ┌─> window ── data ──> user
 *   user ── stream_write ─> ring ─┼─ schedule ─> link ~~> link ─ on_frame ─┼─> window ── data ──>
 * user user ── stream_write ─> ring ─┘  (one pull a turn)    └─> window ── data ──> user
 *
 * The base link is the WebSocket; it carries the session's frames, and when it is lost the
 * session is detached and waits for `grace_ms`. Stream frames go over the data link: the lane
 * when there is one. Moving to a new lane waits for a PING behind the last frame on the old
 * link; losing a lane is a resumption over the WebSocket (resume.c).
 *
 * The session has no socket and no clock: links push bytes in and pull bytes out, time comes in
 * as an argument. Who may have which session is the owner's business.
 */
#include "mux/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "mux/move.h"
#include "mux/resume.h"
#include "mux/stream.h"
#include "mux/tick.h"

const struct session_limits session_limits_default = {
	.window = 256 * 1024,
	.window_max = 16 * 1024 * 1024,
	.memory = 64 * 1024 * 1024,
	.max_streams = 4096,
	.control_max = 1024 * 1024,
	.ping_ms = 8000,
	.dead_ms = 15000,
	.dead_busy_ms = 5000,
	.grace_ms = 30000,
};

/* --- bracket --------------------------------------------------------------------------------- */

void session_enter(struct session *s, clock_ms_t now)
{
	s->depth++;
	s->now = MAX(s->now, now);
}

void session_leave(struct session *s)
{
	struct list *n;

	assert(s->depth > 0);
	while (s->depth == 1 && (n = list_pop(&s->roomy)))
		stream_say_room(list_entry(n, struct stream, roomy));
	if (--s->depth > 0)
		return;
	while ((n = list_pop(&s->dead)))
		free(list_entry(n, struct stream, all));
}

/* --- life ------------------------------------------------------------------------------------ */

void session_init(struct session *s, const struct session_ops *ops,
	const struct session_limits *limits, bool is_server, clock_ms_t now)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->limits = *limits;
	s->is_server = is_server;
	s->next_id = is_server ? 1 : 2;
	s->now = now;
	list_init(&s->links);
	idmap_init(&s->streams);
	list_init(&s->all);
	list_init(&s->brief);
	list_init(&s->ready);
	list_init(&s->lagging);
	list_init(&s->roomy);
	list_init(&s->spacious);
	list_init(&s->dead);
	buf_init(&s->control, limits->control_max);
	buf_init(&s->resets, limits->control_max);
}

static void detach_link(struct session *s, struct link *l)
{
	list_del(&l->node);
	l->session = NULL;
	l->ping = l->ping_at = l->barrier = 0;
	buf_clear(&l->partial);
	buf_clear(&l->control);
	if (s->base_link == l)
		s->base_link = NULL;
	if (s->data_link == l)
		s->data_link = s->base_link;
	if (s->next_data_link == l)
		s->next_data_link = NULL;
}

void session_drop_link(struct session *s, struct link *l, enum close_reason why, const char *text)
{
	detach_link(s, l);
	l->ops->close(l, why, text);
}

static void end_streams(struct session *s, enum close_reason why, const char *text)
{
	struct list *n;

	while ((n = list_first(&s->all)))
		stream_abort(list_entry(n, struct stream, all), why, text);
}

void session_deinit(struct session *s)
{
	struct list *n;

	assert(s->depth == 0);
	s->closed = true;
	session_enter(s, s->now);
	while ((n = list_first(&s->all)))
		stream_destroy(list_entry(n, struct stream, all));
	while ((n = list_first(&s->links)))
		session_drop_link(s, list_entry(n, struct link, node), CLOSE_SHUTDOWN, "");
	session_leave(s);
	idmap_deinit(&s->streams);
	buf_deinit(&s->control);
	buf_deinit(&s->resets);
}

static size_t encode_goaway(uint8_t *out, size_t cap, enum close_reason why, uint32_t retry_ms,
	const char *text)
{
	struct frame_reason r = {.value = retry_ms, .reason = (uint16_t)why};

	if (text)
		memcpy(r.text, text, strnlen(text, FRAME_MAX_TEXT));
	return frame_reason_encode(out, cap, FRAME_GOAWAY, &r);
}

/* The peer learns why from a GOAWAY that the link may still pull after it was let go. */
static void close_links(struct session *s, enum close_reason why, const char *text)
{
	uint8_t last[6 + FRAME_MAX_TEXT];
	size_t n = encode_goaway(last, sizeof(last), why, 0, text);
	struct list *node;

	while ((node = list_first(&s->links))) {
		struct link *l = list_entry(node, struct link, node);
		bool base = l == s->base_link;

		detach_link(s, l);
		if (base)
			link_send(l, FRAME_GOAWAY, last, n);
		l->ops->close(l, why, text);
	}
}

void session_close(struct session *s, enum close_reason why, const char *text)
{
	if (s->closed)
		return;
	session_enter(s, s->now);
	s->closed = true;
	text = text ? text : "";
	end_streams(s, why, text);
	close_links(s, why, text);
	s->ops->closed(s, why, text);
	session_leave(s);
}

/* --- links ----------------------------------------------------------------------------------- */

bool session_may_stream(const struct session *s)
{
	return s->data_link && s->greeted && !s->resuming && !s->closed && !s->data_link->barrier;
}

void session_wake(struct session *s, struct link *l)
{
	if (!l || l->waked)
		return;
	l->waked = true;
	l->ops->wake(l);
}

/* Something may be waiting for the data link, which has changed or become free. */
static void wake_data(struct session *s)
{
	bool any = !list_is_empty(&s->brief) || !list_is_empty(&s->ready) ||
		   buf_len(&s->resets) > 0;

	if (any && session_may_stream(s))
		session_wake(s, s->data_link);
}

static void attach_base(struct session *s, struct link *l)
{
	/* an older WebSocket of the same session is dead, it only does not know yet */
	struct list *n;

	while ((n = list_first(&s->links)))
		session_drop_link(s, list_entry(n, struct link, node), CLOSE_LINK_LOST, "replaced");
	s->base_link = s->data_link = l;
	s->next_data_link = NULL;
	s->detached_at = 0;
	s->peer_resumed = false;
	s->resuming = s->greeted; /* until the handshake says how it goes on */
	buf_clear(&s->control);   /* what was meant for a link that is gone */
}

static void attach_lane(struct session *s, struct link *l)
{
	(void)link_ping(l, s->now);
	move_data(s);
}

void session_attach(struct session *s, struct link *l, clock_ms_t now)
{
	assert(!l->session && !s->closed);
	session_enter(s, now);
	l->last_rx = now;
	if (l->rank == LINK_RANK_WEBSOCKET)
		attach_base(s, l);
	l->session = s;
	list_add_tail(&s->links, &l->node);
	if (l->rank != LINK_RANK_WEBSOCKET)
		attach_lane(s, l);
	session_reschedule(s);
	session_leave(s);
}

void session_release_link(struct link *l)
{
	detach_link(l->session, l);
}

void session_drop_lanes(struct session *s)
{
	list_each_safe (l, &s->links, struct link, node) {
		if (l != s->base_link)
			session_drop_link(s, l, CLOSE_LINK_LOST, "");
	}
	s->base_link->barrier = 0;
	resume_begin(s);
}

static void detached(struct session *s, enum close_reason why)
{
	struct list *n;

	while ((n = list_first(&s->links)))
		session_drop_link(s, list_entry(n, struct link, node), CLOSE_LINK_LOST, "");
	s->data_link = s->next_data_link = NULL;
	s->detached_at = MAX(s->now, (clock_ms_t)1);
	s->resuming =
		true; /* nothing of a stream leaves before both ends have stated what they have */
	if (s->greeted && s->limits.grace_ms > 0)
		s->ops->detached(s, why);
	else
		session_close(s, why, "the connection was lost");
	session_reschedule(s);
}

void session_link_lost(struct session *s, bool base, enum close_reason why)
{
	if (s->closed)
		return;
	if (base)
		detached(s, why);
	else if (s->base_link && !s->resuming)
		session_drop_lanes(s);
}

void session_lose_link(struct session *s, struct link *l, enum close_reason why)
{
	bool base = l == s->base_link;

	detach_link(s, l);
	session_link_lost(s, base, why);
}

void session_greeted(struct session *s, uint32_t peer_window, clock_ms_t now)
{
	session_enter(s, now);
	s->greeted = true;
	s->resuming = false;
	s->peer_window = peer_window;
	if (s->base_link)
		(void)link_ping(s->base_link, now);
	session_leave(s);
}

void session_resume(struct session *s, clock_ms_t now)
{
	session_enter(s, now);
	resume_begin(s);
	session_leave(s);
}

/* --- frames ---------------------------------------------------------------------------------- */

static void on_ping(struct session *s, struct link *l, const struct frame *f)
{
	link_send(l, FRAME_PONG, f->payload, f->length);
}

static void on_pong(struct session *s, struct link *l, const struct frame *f)
{
	struct cursor c;
	uint64_t number;
	uint32_t rtt_us;

	cursor_read_init(&c, f->payload, f->length);
	number = cursor_u64(&c);
	if (number == l->ping && l->ping_at) {
		rtt_us = (uint32_t)MIN((s->now - l->ping_at) * 1000 + 500, 60000000ULL);
		l->rtt_us = l->rtt_us ? (l->rtt_us * 7 + rtt_us) / 8 : rtt_us;
		l->rtt_min_us = l->rtt_min_us ? MIN(l->rtt_min_us, rtt_us) : rtt_us;
		l->ping_at = 0;
		session_reschedule(s);
	}
	if (!l->barrier || number < l->barrier)
		return;
	/* every frame sent on this link has arrived: nothing can overtake */
	l->barrier = 0;
	if (l == s->data_link && s->next_data_link) {
		s->data_link = s->next_data_link;
		s->next_data_link = NULL;
	}
	wake_data(s);
}

static void on_resume(struct session *s, struct link *l, const struct frame *f)
{
	s->peer_resumed = true;
	if (!s->greeted || l != s->base_link)
		session_close(s, CLOSE_PROTOCOL, "RESUME out of place");
	else
		resume_on_frame(s, f);
}

static void on_open(struct session *s, struct link *l, const struct frame *f)
{
	struct frame_open open;
	struct stream *st;

	if (!session_is_theirs(s, f->stream) ||
		frame_open_decode(&open, f->payload, f->length) < 0) {
		session_close(s, CLOSE_PROTOCOL,
			"OPEN cannot be read, or has an id of the wrong side");
		return;
	}
	if (f->stream <= s->peer_max_id)
		return; /* sent again after a lost link; the stream is there, or is over */
	s->peer_max_id = f->stream;
	st = stream_new(s, f->stream, s->limits.window);
	if (idmap_count(&s->streams) > s->limits.max_streams) {
		stream_reset(st, CLOSE_LIMIT, "too many streams");
		return;
	}
	/* served whoever has said GOAWAY: ours may have crossed with it, and the peer's own
	 * overtakes what was opened before it */
	s->stats.streams_opened++;
	s->ops->opened(s, st, &open);
	assert(st->is_dead || st->user);
}

bool session_is_theirs(const struct session *s, uint32_t id)
{
	return (id & 1) == (s->is_server ? 0 : 1);
}

bool session_was_opened(const struct session *s, uint32_t id)
{
	return session_is_theirs(s, id) ? id <= s->peer_max_id : id < s->next_id;
}

/* A RESET may come alone: its OPEN was lost with a link, and then the stream given up. */
static bool is_lost_open(const struct session *s, const struct frame *f)
{
	return f->type == FRAME_RESET && session_is_theirs(s, f->stream);
}

static void on_stream(struct session *s, struct link *l, const struct frame *f)
{
	struct stream *st = idmap_get(&s->streams, f->stream);

	if (st && (st->open_sent || !st->ours))
		stream_on_frame(st, f);
	else if (st || (!session_was_opened(s, f->stream) && !is_lost_open(s, f)))
		session_close(s, CLOSE_PROTOCOL, "a frame of a stream that was never opened");
}

static void on_goaway(struct session *s, struct link *l, const struct frame *f)
{
	s->draining = true;
	s->ops->frame(s, l, f);
}

typedef void session_frame_f(struct session *s, struct link *l, const struct frame *f);

static session_frame_f *const on_frame[FRAME_TYPE_MAX] = {
	[FRAME_PING] = on_ping,
	[FRAME_PONG] = on_pong,
	[FRAME_GOAWAY] = on_goaway,
	[FRAME_RESUME] = on_resume,
	[FRAME_OPEN] = on_open,
	[FRAME_DATA] = on_stream,
	[FRAME_WINDOW] = on_stream,
	[FRAME_RESET] = on_stream,
};

void session_on_frame(struct session *s, struct link *l, const struct frame *f)
{
	bool of_stream = f->type >= FRAME_OPEN;

	if (of_stream && !s->greeted) {
		session_close(s, CLOSE_PROTOCOL, "a stream's frame before its time");
		return;
	}
	if (!of_stream && l != s->base_link && f->type != FRAME_PING && f->type != FRAME_PONG) {
		session_close(s, CLOSE_PROTOCOL, "a session's frame on a lane");
		return;
	}
	if (on_frame[f->type])
		on_frame[f->type](s, l, f);
	else
		s->ops->frame(s, l, f);
}

void session_send(struct session *s, uint8_t type, uint32_t stream, const void *payload, size_t n)
{
	uint8_t *to;

	if (s->closed)
		return;
	assert(n <= FRAME_MAX_PAYLOAD);
	session_enter(s, s->now);
	to = buf_reserve(&s->control, FRAME_HEADER_SIZE + n);
	if (to) {
		frame_encode_header(to, type, 0, (uint16_t)n, stream);
		if (n > 0)
			memcpy(to + FRAME_HEADER_SIZE, payload, n);
		buf_commit(&s->control, FRAME_HEADER_SIZE + n);
		session_wake(s, s->base_link);
	} else {
		session_close(s, CLOSE_LIMIT, "the peer does not read");
	}
	session_leave(s);
}

void session_goaway(struct session *s, enum close_reason why, uint32_t retry_ms, const char *text)
{
	uint8_t payload[6 + FRAME_MAX_TEXT];

	s->draining = true;
	session_send(s, FRAME_GOAWAY, 0, payload,
		encode_goaway(payload, sizeof(payload), why, retry_ms, text));
}

/* --- streams --------------------------------------------------------------------------------- */

struct stream *session_open(struct session *s, const struct frame_open *open)
{
	struct stream *st;
	uint8_t payload[FRAME_MAX_OPEN];
	size_t n;

	/* detached, it is opened all the same: it waits with the others */
	if (s->closed || !s->greeted || s->draining || s->next_id > UINT32_MAX - 2 ||
		idmap_count(&s->streams) >= s->limits.max_streams)
		return NULL;
	n = frame_open_encode(payload, sizeof(payload), open);
	st = stream_new(s, s->next_id, s->limits.window);
	s->next_id += 2;
	s->stats.streams_opened++;
	st->ours = st->open_pending = true;
	st->open_payload = mem_dup(payload, n);
	st->open_len = (uint16_t)n;
	stream_schedule(st);
	return st;
}

size_t session_stream_count(const struct session *s)
{
	return idmap_count(&s->streams);
}

bool session_is_live(const struct session *s)
{
	return s->base_link && s->greeted && !s->closed;
}

const char *session_data_kind(const struct session *s)
{
	return s->data_link ? s->data_link->ops->kind : NULL;
}

clock_ms_t session_heard_at(const struct session *s)
{
	return s->data_link ? s->data_link->last_rx : 0;
}

uint32_t session_rtt_us(const struct session *s)
{
	return s->data_link ? s->data_link->rtt_us : 0;
}

/* --- time ------------------------------------------------------------------------------------ */

void session_reschedule(struct session *s)
{
	clock_ms_t at = tick_next(s);

	/* later than announced needs no call: the tick that comes then finds nothing to do and asks
	 * again */
	if (s->closed || !at || (s->deadline_at && at >= s->deadline_at))
		return;
	s->deadline_at = at;
	s->ops->deadline(s, at);
}

void session_tick(struct session *s, clock_ms_t now)
{
	if (s->closed)
		return;
	session_enter(s, now);
	s->deadline_at = 0;
	tick_run(s);
	session_reschedule(s);
	session_leave(s);
}
