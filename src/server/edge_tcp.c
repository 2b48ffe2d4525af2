/* SPDX-License-Identifier: MIT */
/*
 * edge_tcp: a public TCP port. Every connection is a stream of its own, joined by a pump, so ends
 * and resets pass from one side to the other as they are. While the tunnel's client is away, a
 * connection waits unread; it is reset when nobody comes.
 */
#include "server/edge_tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/loop.h"
#include "relay/pump.h"
#include "server/access_log.h"
#include "server/parking.h"
#include "server/tunnel.h"

#define VISITORS_MAX 4096

struct guest {
	struct list node;
	struct edge_tcp *edge;
	struct tunnel *tunnel; /* a reference */
	struct pump pump;      /* once there is a stream */
	struct parked parked;
	int fd; /* while it waits; else -1 */
	struct grave grave;
	struct addr peer;
	clock_ms_t began;
	bool has_stream;
};

static void free_guest(struct grave *g)
{
	free(container_of(g, struct guest, grave));
}

static void free_edge_if_over(struct edge_tcp *e)
{
	if (!e->orphaned || e->n_visitors > 0)
		return;
	tunnel_unref(e->tunnel);
	free(e);
}

static void forget(struct guest *g, enum close_reason why)
{
	struct edge_tcp *e = g->edge;
	uint64_t in = g->pump.conn.bytes_in, out = g->pump.conn.bytes_out;

	access_log_tcp(&(struct access_log_tcp){
		.visitor = &g->peer,
		.tunnel = g->tunnel,
		.why = why,
		.bytes_in = in,
		.bytes_out = out,
		.duration_ms = clock_ms() - g->began,
		.parked_ms = g->parked.waited_ms,
	});
	tunnel_count(g->tunnel, in, out);
	if (g->has_stream)
		tunnel_stream_ended(g->tunnel);
	tunnel_unref(g->tunnel);
	list_del(&g->node);
	e->n_visitors--;
	loop_bury(e->loop, &g->grave, free_guest);
	free_edge_if_over(e);
}

static void on_done(struct pump *p, enum close_reason why, const char *text)
{
	forget(container_of(p, struct guest, pump), why);
}

static void abort_fd(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void describe(struct frame_open *open, const struct edge_tcp *e, const struct addr *peer)
{
	char text[ADDR_TEXT_MAX];

	addr_format(peer, text);
	(void)snprintf(open->visitor, sizeof(open->visitor), "%.63s", text);
	addr_format(&e->listener.local, text);
	(void)snprintf(open->local, sizeof(open->local), "%.63s", text);
}

static void turn_away(struct guest *g, enum close_reason why)
{
	abort_fd(g->fd);
	forget(g, why);
}

static void join(struct guest *g)
{
	struct edge_tcp *e = g->edge;
	struct frame_open open = {0};
	enum close_reason why = CLOSE_NO_TUNNEL;
	struct stream *st;

	describe(&open, e, &g->peer);
	st = tunnel_open_stream(e->tunnel, &open, &why);
	if (!st) {
		turn_away(g, why);
		return;
	}
	g->has_stream = true;
	pump_init(&g->pump, e->loop, st, CLOSE_VISITOR_GONE, on_done);
	pump_set_idle(&g->pump, e->idle_ms);
	if (pump_connect(&g->pump, g->fd, /* ctx= */ NULL, /* name= */ NULL, /* preamble= */ NULL,
		    0) < 0) {
		pump_stop(&g->pump, CLOSE_INTERNAL, "");
		forget(g, CLOSE_INTERNAL);
	}
}

static void on_go_on(struct parked *p)
{
	join(container_of(p, struct guest, parked));
}

static void on_give_up(struct parked *p)
{
	turn_away(container_of(p, struct guest, parked), CLOSE_LINK_LOST);
}

static const struct parked_ops parked_ops = {
	.go_on = on_go_on,
	.give_up = on_give_up,
};

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct edge_tcp *e = container_of(l, struct edge_tcp, listener);
	struct guest *g;

	if (e->admit && !e->admit(e, peer)) {
		abort_fd(fd);
		return;
	}
	g = mem_new(struct guest);
	g->edge = e;
	g->fd = fd;
	g->tunnel = tunnel_ref(e->tunnel);
	g->peer = *peer;
	g->began = clock_ms();
	g->parked.ops = &parked_ops;
	list_add_tail(&e->visitors, &g->node);
	e->n_visitors++;
	if (e->n_visitors > e->visitors_max)
		turn_away(g, CLOSE_LIMIT);
	else if (!tunnel_is_away(e->tunnel))
		join(g);
	else if (!parking_enter(e->parking, &g->parked, e->tunnel, sizeof(*g)))
		turn_away(g, CLOSE_LINK_LOST);
}

struct edge_tcp *edge_tcp_open(struct loop *loop, const struct addr *a, struct tunnel *t,
	struct err *err)
{
	struct edge_tcp *e = mem_new(struct edge_tcp);

	e->loop = loop;
	e->visitors_max = VISITORS_MAX;
	list_init(&e->visitors);
	listener_init(&e->listener);
	if (listener_open(&e->listener, loop, a, 0, on_accept, err) < 0) {
		free(e);
		return NULL;
	}
	e->tunnel = tunnel_ref(t);
	return e;
}

void edge_tcp_close(struct edge_tcp *e)
{
	listener_close(&e->listener);
	e->orphaned = true;
	free_edge_if_over(e);
}

void edge_tcp_abort(struct edge_tcp *e)
{
	e->orphaned = true;
	e->n_visitors++; /* keeps the edge until we are through */
	list_each_safe (g, &e->visitors, struct guest, node) {
		parking_leave(e->parking, &g->parked);
		if (g->has_stream) {
			pump_stop(&g->pump, CLOSE_SHUTDOWN, "");
			forget(g, CLOSE_SHUTDOWN);
		} else {
			turn_away(g, CLOSE_SHUTDOWN);
		}
	}
	e->n_visitors--;
	listener_close(&e->listener);
	free_edge_if_over(e);
}
