/* SPDX-License-Identifier: MIT */
/*
 * dashboard_peer: Varlink over a WebSocket: one JSON text a message, without the NUL that ends it
 * on a socket.
 */
#include "dashboard/dashboard_peer.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ctl/ctl_server.h"
#include "io/timer.h"
#include "ws/ws_text.h"

struct page {
	struct ctl_peer peer;
	struct ws_text_user user;
	struct timer deadline;
	struct grave grave;
};

static struct page *page_of(struct ctl_peer *p)
{
	return container_of(p, struct page, peer);
}

/* --- what the peer asks for ------------------------------------------------------------------ */

static void send_to(struct ctl_peer *p, const char *text, size_t n)
{
	ws_text_send(page_of(p)->user.text, text, n);
}

static size_t queued_for(struct ctl_peer *p)
{
	return ws_text_queued(page_of(p)->user.text);
}

static size_t room_for(struct ctl_peer *p)
{
	return ws_text_room(page_of(p)->user.text);
}

static void pause_of(struct ctl_peer *p, bool pause)
{
	ws_text_pause(page_of(p)->user.text, pause);
}

static void set_deadline(struct ctl_peer *p, uint64_t ms)
{
	struct page *page = page_of(p);

	if (ms)
		timer_start(&page->deadline, ms);
	else
		timer_stop(&page->deadline);
}

static void free_page(struct grave *g)
{
	struct page *page = container_of(g, struct page, grave);

	ctl_peer_deinit(&page->peer);
	free(page);
}

static void close_page(struct ctl_peer *p)
{
	struct page *page = page_of(p);

	timer_stop(&page->deadline);
	if (page->user.text)
		ws_text_close(page->user.text);
	loop_bury(p->server->loop, &page->grave, free_page);
}

static const struct ctl_peer_ops on_page = {
	.send = send_to,
	.queued = queued_for,
	.room = room_for,
	.pause = pause_of,
	.deadline = set_deadline,
	.close = close_page,
};

static void on_deadline(struct timer *t)
{
	ctl_peer_timeout(&container_of(t, struct page, deadline)->peer);
}

/* --- what the WebSocket says ----------------------------------------------------------------- */

static void on_received(struct ws_text_user *u, const uint8_t *bytes, size_t n, bool last)
{
	struct ctl_peer *p = &container_of(u, struct page, user)->peer;

	if (n && memchr(bytes, '\0', n)) {
		log_debug("dashboard: a message has a NUL in it, closing its connection");
		ctl_peer_close(p);
		return;
	}
	ctl_peer_input(p, bytes, n);
	if (last)
		ctl_peer_input(p, "", 1);
	(void)ctl_peer_room(p); /* pauses what sends more than there is room for */
}

static void on_flushed(struct ws_text_user *u)
{
	ctl_peer_flushed(&container_of(u, struct page, user)->peer);
}

static void on_closed(struct ws_text_user *u)
{
	ctl_peer_close(&container_of(u, struct page, user)->peer);
}

static const struct ws_text_user_ops user_ops = {
	.received = on_received,
	.flushed = on_flushed,
	.closed = on_closed,
};

void dashboard_peer_open(struct ctl_server *s, struct ws_text *t)
{
	struct page *page = mem_new(struct page);

	if (ctl_peer_open(&page->peer, s, &on_page, CTL_RIGHT_OPERATE, WS_TEXT_SLACK) < 0) {
		free(page);
		ws_text_close(t);
		return;
	}
	timer_init(&page->deadline, s->loop, on_deadline);
	ws_text_bind(t, &page->user, &user_ops, CTL_OUT_MAX);
}
