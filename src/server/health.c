/* SPDX-License-Identifier: MIT */
/*
 * health: what feeds the watchdog: this server visits itself.
 *
 * A connection to the first public listener asks for the health path, as a load balancer would. It
 * goes through the kernel's queue, the listener, TLS if there is any, and the edge; whatever comes
 * back, a refusal or the connection's end included, shows that visitors are heard. Where the
 * connection cannot be made (no public listener, no descriptors, a full queue), nothing is shown
 * and the loop's own turning counts. Only a connection that is open and gets no answer from one
 * time to the next keeps the watchdog hungry. Where no watchdog is asked for, nobody visits.
 */
#include "server/health.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/message.h"
#include "io/loop.h"
#include "io/tls_ctx.h"
#include "server/front.h"
#include "server/hub.h"

#define QUESTION_MAX 512

static const char *own_name(const struct health *h)
{
	const struct str_list *l = &h->hub->conf.allowed_hosts;

	return l->n ? l->items[0] : "localhost";
}

static void answered(struct health *h)
{
	conn_close(&h->conn);
	h->asked = false;
	if (h->mute)
		log_notice("visitors are answered again");
	h->mute = false;
	watchdog_feed(&h->watchdog);
}

static void on_event(struct conn *c, enum conn_event ev)
{
	struct health *h = container_of(c, struct health, conn);
	char bytes[QUESTION_MAX];

	if (ev == CONN_EV_ERROR ||
		(ev == CONN_EV_READABLE && conn_read(c, bytes, sizeof(bytes)) != -EAGAIN))
		answered(h);
}

static void ask(struct health *h, int fd)
{
	char text[QUESTION_MAX];
	int n = snprintf(text, sizeof(text),
		"GET " EDGE_HTTP_HEALTH_PATH
		" HTTP/1.1\r\nHost: %.255s\r\nConnection: close\r\n\r\n",
		own_name(h));

	h->asked = true;
	conn_init(&h->conn);
	conn_open(&h->conn, h->hub->loop, fd, sizeof(text), on_event);
	if (h->with_tls && conn_start_tls(&h->conn, h->tls, own_name(h), /* alpn= */ NULL) < 0) {
		answered(h);
		return;
	}
	(void)conn_write(&h->conn, text, (size_t)n);
}

static void on_dialled(struct dial *d, int fd)
{
	struct health *h = container_of(d, struct health, dial);

	h->dialling = false;
	if (fd >= 0)
		ask(h, fd);
	else
		watchdog_feed(&h->watchdog);
}

/* Where the listener is reached from here. */
static struct addr reach(const struct front *f)
{
	const struct addr *local = &f->listener.local;
	struct addr a = *local;

	if (!addr_is_any(local) ||
		addr_parse_ip(&a, local->sa.ss_family == AF_INET6 ? "::1" : "127.0.0.1",
			addr_port(local)) == 0)
		return a;
	return *local;
}

/* False: there is nobody to ask. */
static bool visit(struct health *h)
{
	const struct front *f = hub_first_public(h->hub);
	struct addr a;
	struct err err;

	if (!f)
		return false;
	h->with_tls = f->tls != NULL;
	if (h->with_tls && !h->tls)
		h->tls = tls_ctx_new_client(/* ca_file= */ NULL, /* verify= */ false, &err);
	if (h->with_tls && !h->tls)
		return false;
	a = reach(f);
	h->dialling = true;
	dial_start_addr(&h->dial, &a, (uint32_t)MIN(h->watchdog.interval_ms / 4, 10000ULL),
		on_dialled);
	return true;
}

/* The visit itself may have taken the last descriptor. */
static bool is_short(const struct health *h)
{
	const struct front *f = hub_first_public(h->hub);

	return f && listener_is_pausing(&f->listener);
}

static void on_check(struct watchdog *w)
{
	struct health *h = container_of(w, struct health, watchdog);

	if (h->asked && is_short(h)) {
		conn_close(&h->conn);
		h->asked = false;
		watchdog_feed(w);
		return;
	}
	if (h->asked && !h->hub->draining) {
		if (!h->mute)
			message_log(LOG_LV_WARNING, UNHEALTHY,
				"a visitor that connects gets no answer: the watchdog is not fed");
		h->mute = true;
		return;
	}
	if (h->dialling || h->hub->draining || !visit(h))
		watchdog_feed(w);
}

void health_start(struct health *h, struct hub *hub)
{
	h->hub = hub;
	conn_init(&h->conn);
	dial_init(&h->dial, hub->loop);
	watchdog_start(&h->watchdog, hub->loop, on_check);
}

void health_rest(struct health *h)
{
	if (!h->hub)
		return;
	dial_cancel(&h->dial);
	h->dialling = h->asked = false;
	conn_close(&h->conn);
}

void health_stop(struct health *h)
{
	health_rest(h);
	if (h->hub)
		watchdog_stop(&h->watchdog);
	tls_ctx_unref(TAKE_PTR(h->tls));
}
