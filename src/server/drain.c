/* SPDX-License-Identifier: MIT */
/*
 * drain: the way out.
 *
 *   listeners stop ──> who came last sends its request ──> GOAWAY to clients ──> answers finish ──>
 * exit
 *
 * Sockets that the service manager holds queue whoever comes meanwhile for the next process, and of
 * those that were bound here the queue is taken to its end; so whoever was accepted is served here,
 * even when its first byte has not come yet. Clients are told when nobody can need a new stream any
 * more: they come back at once, but to the next process.
 */
#include "server/drain.h"

#include "base/log.h"
#include "mux/session.h"
#include "server/front.h"
#include "server/hub.h"
#include "server/peer.h"
#include "sys/notify.h"

#define POLL_MS 50
/* How long a connection that was accepted just before may take to say what it wants. */
#define FRESH_MS 500
/* How long the end of the sessions may take to reach the clients. */
#define LAST_WORDS_MS 100

static bool is_quiet(const struct hub *h)
{
	list_each (p, &h->peers, struct peer, node) {
		if (peer_stream_count(p) > 0)
			return false;
	}
	return h->edge.n_visitors == 0;
}

/* Somebody was accepted who has not said yet what he wants. */
static bool has_fresh(const struct hub *h)
{
	list_each (f, &h->fronts, struct front, node) {
		if (f->role == FRONT_PUBLIC && f->n_peeks > 0)
			return true;
	}
	return edge_http_fresh(&h->edge) > 0;
}

static void say_goodbye(struct hub *h)
{
	h->goodbye_at = 0;
	list_each_safe (p, &h->peers, struct peer, node)
		session_goaway(&p->session, CLOSE_SHUTDOWN, 0, "the server is stopping");
	edge_http_drain(&h->edge);
}

/* Whoever is still here had its time. */
static void end_all(struct hub *h)
{
	bool told = h->n_peers > 0;

	h->ended = true;
	edge_http_deinit(&h->edge);
	while (!list_is_empty(&h->peers))
		peer_end(list_entry(h->peers.next, struct peer, node), CLOSE_SHUTDOWN,
			"the server is stopping");
	if (told)
		timer_start(&h->drain, LAST_WORDS_MS);
	else
		loop_stop(h->loop);
}

/* Polled while draining only: streams end in many places. */
static void on_drain(struct timer *t)
{
	struct hub *h = container_of(t, struct hub, drain);
	clock_ms_t now = loop_now(h->loop);

	if (h->ended) {
		loop_stop(h->loop);
		return;
	}
	if (h->goodbye_at && (!has_fresh(h) || now >= h->goodbye_at))
		say_goodbye(h);
	else if (!h->goodbye_at && (is_quiet(h) || now >= h->drain_until)) {
		end_all(h);
		return;
	}
	timer_start(&h->drain, h->goodbye_at ? POLL_MS / 5 : POLL_MS);
}

void drain_start(struct hub *h)
{
	clock_ms_t now = loop_now(h->loop);

	if (h->draining) {
		loop_stop(h->loop);
		return;
	}
	h->draining = true;
	health_rest(&h->health);
	notify_stopping();
	log_notice("stopping: open requests have %llu ms to finish",
		(unsigned long long)h->conf.timeouts.drain);
	notify_extend_timeout_ms((unsigned int)h->conf.timeouts.drain + 5000);
	list_each (f, &h->fronts, struct front, node)
		front_stop(f);
	names_file_finish(&h->names_file);
	parking_close(&h->parking);
	edge_http_drain(&h->edge);
	h->drain_until = now + h->conf.timeouts.drain;
	h->goodbye_at = MAX(now + MIN(h->conf.timeouts.drain / 2, (uint64_t)FRESH_MS),
		(clock_ms_t)1);
	timer_init(&h->drain, h->loop, on_drain);
	timer_start(&h->drain, 1);
	hub_changed(h); /* STATUS= says so, also when nothing else changes before the end */
}
