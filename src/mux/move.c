/* SPDX-License-Identifier: MIT */
/*
 * move: stream frames go over to a better link behind a PING that says, answered, that all before
 * it has arrived.
 *
 * On a long path that is dear: nothing is sent for a round trip, and then the new connection has to
 * find its speed from the beginning, while the old one had found it. A transfer that began on the
 * WebSocket is left there for that reason; a lane saves processor time, of which a long path takes
 * little. The move comes when no bulk is under way, or when so much has gone the old way that one
 * more slow start does not count.
 */
#include "mux/move.h"

#include "mux/session.h"
#include "mux/stream.h"

/* On a path shorter than this a connection finds its speed at once. */
#define NEAR_US 10000
/* A stream with more than this under way is bulk. */
#define BULK (64 * 1024)
/* A second of slow start is a twentieth of the time that this takes at 50 MB/s. */
#define ENOUGH (1024 * 1024 * 1024ULL)
/* How often it is looked at. */
#define LOOK_MS 200

static struct link *better_link(struct session *s)
{
	list_each (l, &s->links, struct link, node) {
		if (l->rank > s->data_link->rank)
			return l;
	}
	return NULL;
}

static bool is_bulk_under_way(struct session *s)
{
	list_each (st, &s->all, struct stream, all) {
		if (ring_len(&st->ring) >= BULK)
			return true;
	}
	return false;
}

void move_data(struct session *s)
{
	struct link *l;
	bool waits = s->move_at;

	s->move_at = 0;
	/* the barrier has to stand behind a RESUME */
	if (s->resuming || s->next_data_link || !s->data_link)
		return;
	l = better_link(s);
	if (!l)
		return;
	if (!waits)
		s->move_bytes = s->stats.bytes_tx + ENOUGH;
	if (s->data_link->rtt_min_us > NEAR_US && s->stats.bytes_tx < s->move_bytes &&
		is_bulk_under_way(s)) {
		s->move_at = s->now + LOOK_MS;
		return;
	}
	s->next_data_link = l;
	s->data_link->barrier = link_ping(s->data_link, s->now);
}
