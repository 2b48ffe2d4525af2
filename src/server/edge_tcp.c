/* SPDX-License-Identifier: MIT */
/* edge_tcp: a public TCP port; its visitors are guests. */
#include "server/edge_tcp.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/loop.h"
#include "server/tunnel.h"

static void free_if_over(struct edge_tcp *e)
{
	if (!e->orphaned || e->guests.n > 0)
		return;
	tunnel_unref(e->tunnel);
	free(e);
}

static void on_left(struct guests *all)
{
	free_if_over(container_of(all, struct edge_tcp, guests));
}

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct edge_tcp *e = container_of(l, struct edge_tcp, listener);
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (e->admit && !e->admit(e, peer)) {
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
		return;
	}
	guests_accept(&e->guests, e->tunnel, &(struct guests_call){.fd = fd, .peer = *peer});
}

struct edge_tcp *edge_tcp_open(struct loop *loop, struct parking *parking, const struct addr *a,
	struct tunnel *t, struct err *err)
{
	struct edge_tcp *e = mem_new(struct edge_tcp);

	guests_init(&e->guests, loop, parking, GUESTS_MAX, on_left);
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
	free_if_over(e);
}

void edge_tcp_abort(struct edge_tcp *e)
{
	listener_close(&e->listener);
	e->orphaned = true;
	guests_abort(&e->guests);
}
