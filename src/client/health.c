/* SPDX-License-Identifier: MIT */
/*
 * health: what feeds the watchdog.
 *
 *   tick ── no session, its link lost, held or draining ──────────────> fed
 *     └── probe through the session to the server and back ─ answered ─> fed
 *           └── not answered by the next tick:
 *                 nothing was heard on the link since: it may be dead,
 *                 which the session finds out by itself ─────────────> fed
 *                 other streams' bytes have moved: it is slow ───────> fed
 *                 else, alive and nothing moves: it is wedged ───────> not fed
 *
 * So a server or a network that is away is never a reason to be restarted, and a daemon that only
 * looks connected is. Where no watchdog is asked for, nothing is probed.
 */
#include "client/health.h"

#include "base/macros.h"
#include "base/message.h"
#include "client/agent.h"
#include "client/uplink.h"
#include "mux/session.h"
#include "v1/link_pair.h"

/* The session that a probe can go through; NULL: none now. A v1 server that does not read holds all
 * of it up. */
static struct session *path(const struct health *h)
{
	const struct uplink *u = &h->agent->uplink;
	struct session *s = uplink_session_of(u);

	if (!s || !uplink_is_up(u) || !session_is_live(s))
		return NULL;
	return u->dial.v1 && link_pair_is_held(s->base_link) ? NULL : s;
}

static void begin(struct health *h, const struct session *s)
{
	h->since = clock_ms();
	h->moved = session_bytes(s);
}

static void on_done(struct probe *p, bool sound)
{
	struct health *h = container_of(p, struct health, probe);

	if (sound) {
		if (h->wedged)
			log_notice("the data path works again");
		h->wedged = false;
		watchdog_feed(&h->watchdog);
	} else {
		message_log(LOG_LV_WARNING, UNHEALTHY,
			"a probe came back changed: the watchdog is not fed");
	}
}

static void on_check(struct watchdog *w)
{
	struct health *h = container_of(w, struct health, watchdog);
	struct session *s = path(h);

	if (!s || h->agent->draining) {
		h->since = clock_ms();
		watchdog_feed(w);
		return;
	}
	if (!probe_is_running(&h->probe)) {
		begin(h, s);
		if (!probe_start(&h->probe, s, on_done))
			watchdog_feed(w);
		return;
	}
	/* heard of only just after the question is not heard of since: what came may be older */
	if (session_heard_at(s) <= h->since + w->interval_ms / 8 || session_bytes(s) > h->moved) {
		begin(h, s);
		watchdog_feed(w);
		return;
	}
	if (!h->wedged)
		message_log(LOG_LV_WARNING, UNHEALTHY,
			"the data path is wedged: a probe was not answered in %llu ms on a link "
			"that is alive; the watchdog is not fed",
			(unsigned long long)(clock_ms() - h->since));
	h->wedged = true;
}

void health_start(struct health *h, struct agent *a)
{
	h->agent = a;
	watchdog_start(&h->watchdog, a->loop, on_check);
}

void health_rest(struct health *h)
{
	probe_cancel(&h->probe);
}

void health_stop(struct health *h)
{
	probe_cancel(&h->probe);
	watchdog_stop(&h->watchdog);
}
