/* SPDX-License-Identifier: MIT */
/*
 * guests: connections that are carried as they are. Every one is a stream of its own, joined by a
 * pump, so ends and resets pass from one side to the other. While the tunnel's client is away, a
 * connection waits unread; it is reset when nobody comes.
 *
 * Not here: accepting (edge_tcp.c, front.c), and who may in.
 */
#include "server/guests.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/loop.h"
#include "relay/pump.h"
#include "server/access_log.h"
#include "server/parking.h"
#include "server/tunnel.h"

struct guest {
	struct list node;
	struct guests *all;
	struct tunnel *tunnel; /* a reference */
	struct pump pump;      /* once there is a stream */
	struct parked parked;
	struct guests_call call; /* fd while it waits */
	struct grave grave;
	clock_ms_t began;
	bool has_stream;
};

static void free_guest(struct grave *g)
{
	free(container_of(g, struct guest, grave));
}

static void forget(struct guest *g, enum close_reason why)
{
	struct guests *all = g->all;
	uint64_t in = g->pump.conn.bytes_in, out = g->pump.conn.bytes_out;

	access_log_tcp(&(struct access_log_tcp){
		.visitor = &g->call.peer,
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
	all->n--;
	loop_bury(all->loop, &g->grave, free_guest);
	if (all->left)
		all->left(all);
}

static void on_done(struct pump *p, enum close_reason why, const char *text)
{
	forget(container_of(p, struct guest, pump), why);
}

static void turn_away(struct guest *g, enum close_reason why)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(g->call.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(g->call.fd);
	forget(g, why);
}

static void describe(struct frame_open *open, struct guests_call *call)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&call->peer, text);
	(void)snprintf(open->visitor, sizeof(open->visitor), "%.63s", text);
	if (call->local.len == 0)
		addr_of_socket(&call->local, call->fd);
	addr_format(&call->local, text);
	(void)snprintf(open->local, sizeof(open->local), "%.63s", text);
	open->tls = call->tls;
}

static void join(struct guest *g)
{
	struct frame_open open = {0};
	enum close_reason why = CLOSE_NO_TUNNEL;
	struct stream *st;

	describe(&open, &g->call);
	st = tunnel_open_stream(g->tunnel, &open, &why);
	if (!st) {
		turn_away(g, why);
		return;
	}
	g->has_stream = true;
	pump_init(&g->pump, g->all->loop, st, CLOSE_VISITOR_GONE, on_done);
	pump_set_idle(&g->pump, g->all->idle_ms);
	if (pump_connect(&g->pump, g->call.fd, /* ctx= */ NULL, /* name= */ NULL,
		    /* preamble= */ NULL, 0) < 0) {
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

/* Its end may be a half-close, its reset is none. */
static void on_look(struct parked *p)
{
	struct guest *g = container_of(p, struct guest, parked);
	struct pollfd fd = {.fd = g->call.fd};

	if (poll(&fd, 1, 0) <= 0 || !(fd.revents & POLLERR))
		return;
	parking_leave(g->all->parking, p);
	turn_away(g, CLOSE_VISITOR_GONE);
}

static const struct parked_ops parked_ops = {
	.go_on = on_go_on,
	.give_up = on_give_up,
	.look = on_look,
};

void guests_init(struct guests *all, struct loop *loop, struct parking *parking, uint32_t max,
	guests_left_f *left)
{
	*all = (struct guests){.loop = loop, .parking = parking, .max = max, .left = left};
	list_init(&all->list);
}

void guests_accept(struct guests *all, struct tunnel *t, const struct guests_call *call)
{
	struct guest *g = mem_new(struct guest);

	g->all = all;
	g->call = *call;
	g->tunnel = tunnel_ref(t);
	g->began = clock_ms();
	g->parked.ops = &parked_ops;
	list_add_tail(&all->list, &g->node);
	all->n++;
	if (all->n > all->max)
		turn_away(g, CLOSE_LIMIT);
	else if (!tunnel_is_away(t))
		join(g);
	else if (!parking_enter(all->parking, &g->parked, t, sizeof(*g)))
		turn_away(g, CLOSE_LINK_LOST);
}

void guests_abort(struct guests *all)
{
	guests_left_f *left = all->left;
	struct list *n;

	all->left = NULL; /* whoever is told may free @all */
	/* the end of one may end its session, and so others */
	while ((n = list_first(&all->list))) {
		struct guest *g = list_entry(n, struct guest, node);

		parking_leave(all->parking, &g->parked);
		if (g->has_stream) {
			pump_stop(&g->pump, CLOSE_SHUTDOWN, "");
			forget(g, CLOSE_SHUTDOWN);
		} else {
			turn_away(g, CLOSE_SHUTDOWN);
		}
	}
	all->left = left;
	if (left)
		left(all);
}
