/* SPDX-License-Identifier: MIT */
/*
 * tunnel: a registered name, held by its session and by the edges that use it. When its session
 * ends, `peer` becomes NULL: it is kept for its owner for a while (kept.c), whose next session
 * takes the same object over, with all who wait for it; or it is over, and the last user frees it.
 */
#include "server/tunnel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mux/session.h"
#include "server/peer.h"

struct tunnel *tunnel_new(enum hello_proto proto, const char *label, const char *owner)
{
	struct tunnel *t = mem_new(struct tunnel);

	t->refs = 1;
	t->proto = proto;
	(void)snprintf(t->name, sizeof(t->name), "%s", label);
	t->owner = mem_strdup(owner);
	list_init(&t->peer_node);
	list_init(&t->kept_node);
	return t;
}

struct tunnel *tunnel_ref(struct tunnel *t)
{
	t->refs++;
	return t;
}

void tunnel_unref(struct tunnel *t)
{
	if (!t)
		return;
	assert(t->refs > 0);
	if (--t->refs > 0)
		return;
	assert(!t->peer);
	free(t->hostname);
	free(t->url);
	free(t->host_header);
	free(t->key_id);
	free(t->owner);
	free(t);
}

bool tunnel_is_away(const struct tunnel *t)
{
	return !t->peer || !session_is_live(&t->peer->session) || t->peer->session.draining;
}

bool tunnel_may_return(const struct tunnel *t)
{
	return t->peer || t->kept_until;
}

bool tunnel_has_stream(const struct tunnel *t, const struct stream *st)
{
	return t->peer && st->session == &t->peer->session;
}

struct stream *tunnel_open_stream(struct tunnel *t, const struct frame_open *open,
	enum close_reason *ret_why)
{
	struct frame_open mine = *open;
	struct stream *st;

	if (!t->peer) {
		*ret_why = CLOSE_NO_TUNNEL;
		return NULL;
	}
	mine.tunnel = t->id;
	st = session_open(&t->peer->session, &mine);
	if (!st) {
		*ret_why = t->peer->session.draining ? CLOSE_SHUTDOWN : CLOSE_LIMIT;
		return NULL;
	}
	t->streams++;
	t->streams_total++;
	return st;
}

void tunnel_count(struct tunnel *t, uint64_t in, uint64_t out)
{
	t->bytes_in += in;
	t->bytes_out += out;
}

void tunnel_stream_ended(struct tunnel *t)
{
	assert(t->streams > 0);
	t->streams--;
}
