/* SPDX-License-Identifier: MIT */
/*
 * link_pair: a connection without a socket.
 *
 *   session ── near.link ─pull─> bytes ─input─> far.link ── session        and the other way
 *
 * What one end wants to send is moved to the other once a turn of the loop, never inside a call of
 * either session. Each end may be held: then its session's bytes stay in their rings, which is how
 * a bridge stops the far side when its own way out is full.
 */
#include "v1/link_pair.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mux/session.h"

/* Bytes moved per end before others get their turn. */
#define TURN_MAX (512 * 1024)

static struct link_pair_end *end_of(struct link *l)
{
	return container_of(l, struct link_pair_end, link);
}

static struct link_pair_end *other_of(struct link_pair_end *e)
{
	return e == &e->pair->near ? &e->pair->far : &e->pair->near;
}

static void free_pair(struct grave *g)
{
	struct link_pair *p = container_of(g, struct link_pair, grave);

	link_deinit(&p->near.link);
	link_deinit(&p->far.link);
	free(p);
}

static void bury_if_over(struct link_pair *p)
{
	if (p->buried || p->moving || !p->near.closed || !p->far.closed)
		return;
	p->buried = true;
	loop_task_cancel(&p->move);
	loop_bury(p->loop, &p->grave, free_pair);
}

/* Pull from @from, feed to the other. True: there may be more. */
static bool move(struct link_pair_end *from)
{
	struct link_pair_end *to = other_of(from);
	uint8_t bytes[2 * FRAME_MAX_SIZE]; /* not the loop's scratch: input calls anybody */
	size_t total = 0;

	while (total < TURN_MAX && !from->held && !to->closed) {
		size_t n = link_pull(&from->link, bytes, sizeof(bytes), clock_ms());

		if (n == 0)
			return false;
		total += n;
		(void)link_input(&to->link, bytes, n, clock_ms());
	}
	return !from->held && !to->closed;
}

/* An end that was let go says its last words; then the other one has lost its connection. */
static void tell_lost(struct link_pair_end *e)
{
	struct link_pair_end *other = other_of(e);

	if (!e->closed)
		return;
	(void)move(e);
	if (other->closed)
		return;
	other->closed = true;
	link_lost(&other->link, CLOSE_LINK_LOST, clock_ms());
}

static void on_move(struct loop_task *t)
{
	struct link_pair *p = container_of(t, struct link_pair, move);
	bool more;

	p->moving = true;
	more = move(&p->near);
	more = move(&p->far) || more;
	tell_lost(&p->near);
	tell_lost(&p->far);
	p->moving = false;
	if (more && !(p->near.closed && p->far.closed))
		loop_task_schedule(p->loop, &p->move);
	bury_if_over(p);
}

static void wake(struct link *l)
{
	struct link_pair *p = end_of(l)->pair;

	loop_task_schedule(p->loop, &p->move);
}

static void let_go(struct link *l, enum close_reason why, const char *text)
{
	struct link_pair_end *e = end_of(l);

	e->closed = true;
	e->held = false; /* GOAWAY is to pass */
	if (!other_of(e)->closed)
		loop_task_schedule(e->pair->loop, &e->pair->move);
	bury_if_over(e->pair);
}

static const struct link_ops ops = {
	.kind = "v1",
	.wake = wake,
	.close = let_go,
};

static void init_end(struct link_pair *p, struct link_pair_end *e)
{
	link_init(&e->link, &ops, LINK_RANK_WEBSOCKET);
	e->pair = p;
}

struct link_pair *link_pair_new(struct loop *loop)
{
	struct link_pair *p = mem_new(struct link_pair);

	p->loop = loop;
	loop_task_init(&p->move, on_move);
	init_end(p, &p->near);
	init_end(p, &p->far);
	return p;
}

void link_pair_hold(struct link_pair_end *end, bool hold)
{
	if (end->held == hold || end->closed)
		return;
	end->held = hold;
	if (!hold)
		loop_task_schedule(end->pair->loop, &end->pair->move);
}

bool link_pair_is_held(struct link *l)
{
	return end_of(l)->held;
}

void link_pair_limit(struct session_limits *l)
{
	l->window_max = l->window;
	l->ping_ms = l->dead_ms = l->dead_busy_ms = UINT32_MAX;
	l->grace_ms = 0;
}
