/* SPDX-License-Identifier: MIT */
/*
 * uplink_lane: data on the WebSocket until it is worth a connection of its own.
 *
 * Nothing here wakes an idle client: the session says when enough has moved to look, and the moment
 * counts, for over a long path each round trip that a transfer spends on the WebSocket is one in
 * which the lane has not begun to find its speed. One timer lets an unused lane go.
 */
#include "client/uplink_lane.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/client_conf.h"
#include "client/uplink.h"
#include "io/loop.h"
#include "io/tls_ctx.h"
#include "mux/session.h"
#include "proto/hello.h"

static struct uplink *uplink_of(struct uplink_lane *l)
{
	return container_of(l, struct uplink, lane);
}

/* In use, or to be used when it suits. */
static bool has_lane(const struct session *s)
{
	list_each (l, &s->links, struct link, node) {
		if (l->rank == LINK_RANK_LANE)
			return true;
	}
	return false;
}

static void ask(struct uplink_lane *l, struct session *s)
{
	session_watch(s, UPLINK_LANE_BYTES);
	if (!l->offered || l->pending || clock_ms() < l->try_at)
		return;
	l->pending = true;
	session_send(s, FRAME_LANE_ASK, 0, NULL, 0);
}

static void on_check(struct timer *t)
{
	struct uplink_lane *l = container_of(t, struct uplink_lane, check);
	struct session *s = uplink_session_of(uplink_of(l));

	if (!s || uplink_of(l)->state != UPLINK_UP)
		return;
	if (!has_lane(s)) {
		ask(l, s);
	} else if (session_bytes(s) == l->bytes) {
		session_drop_lanes(s);
		session_watch(s, UPLINK_LANE_BYTES);
	} else {
		l->bytes = session_bytes(s);
		timer_start(&l->check, UPLINK_LANE_IDLE_MS);
	}
}

static void on_done(struct lane_client *c, const char *why)
{
	struct uplink_lane *l = container_of(c, struct uplink_lane, client);

	l->pending = false;
	if (!why) {
		l->bytes = 0;
		timer_start(&l->check, UPLINK_LANE_IDLE_MS);
		return;
	}
	l->try_at = clock_ms() + UPLINK_LANE_RETRY_MS;
	log_with(LOG_LV_INFO, "no lane, data stays on the WebSocket",
		{"SERVER", uplink_of(l)->conf->server.url}, {"ERROR", why});
}

void uplink_lane_opened(struct uplink_lane *l, const struct session *s)
{
	clock_ms_t now = clock_ms();

	if (now >= l->streams_at + UPLINK_LANE_WHILE_MS) {
		l->streams_at = now;
		l->streams = 0;
	}
	if (++l->streams == UPLINK_LANE_STREAMS && !has_lane(s))
		timer_start(&l->check, 0);
}

void uplink_lane_moved(struct uplink_lane *l, struct session *s)
{
	/* should the lane be lost, another is asked for soon */
	if (has_lane(s))
		session_watch(s, 64ULL * UPLINK_LANE_BYTES);
	else
		timer_start(&l->check, 0);
}

void uplink_lane_granted(struct uplink_lane *l, const struct frame *f)
{
	struct uplink *u = uplink_of(l);
	struct hello_grant g;
	struct err err = {0};

	if (!l->pending || l->client.session ||
		hello_grant_decode(&g, f->payload, f->length, &err) < 0)
		return;
	if (u->url.tls && !l->tls)
		l->tls = tls_ctx_new_client(u->conf->server.ca_file, u->conf->server.verify, &err);
	if (!g.token[0] || (u->url.tls && !l->tls))
		on_done(&l->client, g.token[0] ? err.text : g.message);
	else
		lane_client_start(&l->client, &u->dial.address, l->tls, u->url.host, g.token,
			&u->live->session);
	mem_wipe(&g, sizeof(g));
}

void uplink_lane_start(struct uplink_lane *l, struct session *s, bool offered)
{
	l->offered = offered;
	l->streams = 0;
	session_watch(s, UPLINK_LANE_BYTES);
}

void uplink_lane_stop(struct uplink_lane *l)
{
	l->pending = false;
	timer_stop(&l->check);
	lane_client_cancel(&l->client);
}

void uplink_lane_init(struct uplink_lane *l, struct loop *loop)
{
	timer_init(&l->check, loop, on_check);
	lane_client_init(&l->client, loop, on_done);
}

void uplink_lane_forget_tls(struct uplink_lane *l)
{
	tls_ctx_unref(TAKE_PTR(l->tls));
}
