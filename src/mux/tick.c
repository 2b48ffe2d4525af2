/* SPDX-License-Identifier: MIT */
/*
 * tick: what time does to a session.
 *
 * PINGs and links that are dead, WINDOWs that were too small to be sent at once, memory that large
 * rings no longer need, a move to a better link, the end of the grace. session_reschedule() asks
 * for the earliest of these; session_tick() does what is due, and asks again.
 */
#include "mux/tick.h"

#include "base/macros.h"
#include "mux/move.h"
#include "mux/session.h"
#include "mux/stream.h"

/* On a link with open streams the first PING goes out after this silence. */
#define PING_BUSY_MS 2000

static uint32_t ping_after(const struct session *s)
{
	return idmap_count(&s->streams) ? MIN(s->limits.ping_ms, (uint32_t)PING_BUSY_MS)
					: s->limits.ping_ms;
}

static uint32_t dead_after(const struct session *s)
{
	return idmap_count(&s->streams) ? s->limits.dead_busy_ms : s->limits.dead_ms;
}

/* A PING is outstanding, and nothing came since. */
static bool is_asked(const struct link *l)
{
	return l->ping_at && l->ping_at >= l->last_rx;
}

/* A little earlier than @at, at a moment that others have too: a thousand quiet sessions wake a
 * server together, not a thousand times. */
static clock_ms_t together(clock_ms_t at, uint32_t ping)
{
	return at - at % MAX(ping / 8, 1U);
}

/* When something is next to be done for @l. How long an answer may take counts from the question:
 * a link that was quiet because nobody had anything to say is not dead when a stream opens. */
static clock_ms_t link_deadline(const struct session *s, const struct link *l)
{
	uint32_t ping = ping_after(s), dead = dead_after(s);

	if (!is_asked(l))
		return together(l->last_rx + ping, ping);
	return MAX(l->last_rx + dead, l->ping_at + (dead > ping ? dead - ping : dead));
}

static clock_ms_t earlier(clock_ms_t a, clock_ms_t b)
{
	return a && b ? MIN(a, b) : MAX(a, b);
}

clock_ms_t tick_next(const struct session *s)
{
	clock_ms_t at = earlier(earlier(s->lag_at, s->spacious_at), s->move_at);

	if (!s->base_link && s->detached_at)
		return s->detached_at + s->limits.grace_ms;
	list_each (l, &s->links, struct link, node)
		at = earlier(at, link_deadline(s, l));
	return at;
}

static void check_link(struct session *s, struct link *l)
{
	bool base = l == s->base_link;

	if (s->now < link_deadline(s, l))
		return;
	if (!is_asked(l)) {
		(void)link_ping(l, s->now);
		return;
	}
	session_drop_link(s, l, CLOSE_TIMEOUT, "nothing was received for too long");
	session_link_lost(s, base, CLOSE_TIMEOUT);
}

static void announce_lagging(struct session *s)
{
	struct list *n;

	s->lag_at = 0;
	while ((n = list_pop(&s->lagging))) {
		struct stream *st = list_entry(n, struct stream, lagging);

		st->window_due = true;
		stream_schedule(st);
	}
}

static void shrink_spacious(struct session *s)
{
	struct list all = LIST_INIT(all), *n;

	s->spacious_at = 0;
	list_splice_tail(&all, &s->spacious);
	while ((n = list_pop(&all)))
		stream_shrink(list_entry(n, struct stream, spacious));
}

void tick_run(struct session *s)
{
	if (s->lag_at && s->now >= s->lag_at)
		announce_lagging(s);
	if (s->spacious_at && s->now >= s->spacious_at)
		shrink_spacious(s);
	if (s->move_at && s->now >= s->move_at)
		move_data(s);
	for (struct list *n = s->links.next; n != &s->links;) {
		struct link *l = list_entry(n, struct link, node);

		n = n->next;
		check_link(s, l);
		if (!l->session)
			break; /* it is gone, others may be: the next tick sees to them */
	}
	if (!s->closed && !s->base_link && s->detached_at &&
		s->now >= s->detached_at + s->limits.grace_ms)
		session_close(s, CLOSE_LINK_LOST, "the connection was not taken up again in time");
}
