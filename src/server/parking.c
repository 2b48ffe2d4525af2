/* SPDX-License-Identifier: MIT */
/*
 * parking: who waits for a client that is away.
 *
 *   edge ── parking_enter ──> waiting ──┬── the client is back ──> go_on   (opens its stream)
 *                                       ├── too long, or the name ended ──> give_up  (503, RST)
 *                                       └── the visitor left ──> parking_leave
 *
 * Nobody waits inside a session: a client that was killed never takes its old session up again,
 * and its successor serves the same tunnel with another. So what is waited for is the tunnel, which
 * outlives both (kept.c). A parked visitor has no stream and uses no credit; what it holds is what
 * its edge has read of it.
 */
#include "server/parking.h"

#include <assert.h>

#include "server/tunnel.h"

/* Deadlines that lie together are seen to together. */
#define SWEEP_MS 20
/* How often those that have to be looked after are. */
#define LOOK_MS 1000

static void sweep(struct parking *k);

static void on_sweep(struct loop_task *t)
{
	sweep(container_of(t, struct parking, sweep));
}

static void on_deadline(struct timer *t)
{
	sweep(container_of(t, struct parking, deadline));
}

void parking_init(struct parking *k, struct loop *loop, parking_changed_f *changed)
{
	*k = (struct parking){.loop = loop, .changed = changed};
	list_init(&k->waiting);
	loop_task_init(&k->sweep, on_sweep);
	timer_init(&k->deadline, loop, on_deadline);
}

/* When something is next to be done for @p. */
static clock_ms_t due(const struct parked *p, clock_ms_t now)
{
	return p->ops->look ? MIN(p->until, now + LOOK_MS) : p->until;
}

static void arm(struct parking *k, clock_ms_t at)
{
	if (!timer_is_active(&k->deadline) || at < k->deadline.at)
		timer_start_at(&k->deadline, at);
}

static bool has_room(const struct parking *k, const struct tunnel *t, size_t bytes)
{
	const struct parking_limits *l = &k->limits;

	return k->n < l->visitors && k->bytes + bytes <= l->bytes &&
	       t->parked < MAX(l->visitors / 2, 1U) &&
	       t->parked_bytes + bytes <= MAX(l->bytes / 2, (uint64_t)1);
}

bool parking_enter(struct parking *k, struct parked *p, struct tunnel *t, size_t bytes)
{
	clock_ms_t now = loop_now(k->loop);

	assert(!p->tunnel && p->ops);
	if (k->closed || p->waited_ms >= k->limits.wait_ms || !tunnel_may_return(t))
		return false;
	if (!has_room(k, t, bytes)) {
		k->refused++;
		return false;
	}
	p->tunnel = tunnel_ref(t);
	p->since = now;
	p->until = now + k->limits.wait_ms - p->waited_ms;
	p->bytes = (uint32_t)bytes;
	list_init(&p->node);
	list_add_tail(&k->waiting, &p->node);
	k->n++;
	k->bytes += bytes;
	t->parked++;
	t->parked_bytes += bytes;
	k->total += p->waited_ms == 0;
	arm(k, due(p, now));
	k->changed(k);
	return true;
}

void parking_leave(struct parking *k, struct parked *p)
{
	struct tunnel *t = TAKE_PTR(p->tunnel);

	if (!t)
		return;
	list_del(&p->node);
	k->n--;
	k->bytes -= p->bytes;
	t->parked--;
	t->parked_bytes -= p->bytes;
	p->waited_ms += (uint32_t)(loop_now(k->loop) - p->since);
	tunnel_unref(t);
	if (k->n == 0)
		timer_stop(&k->deadline);
	k->changed(k);
}

/* True when it waits on; else it has left and its owner was told. */
static bool look_at(struct parking *k, struct parked *p)
{
	bool back = !tunnel_is_away(p->tunnel);

	if (!back && !k->closed && tunnel_may_return(p->tunnel) && loop_now(k->loop) < p->until)
		return true;
	parking_leave(k, p);
	if (back)
		p->ops->go_on(p);
	else
		p->ops->give_up(p);
	return false;
}

static void sweep(struct parking *k)
{
	struct list all = LIST_INIT(all), *n;
	clock_ms_t next = 0, now = loop_now(k->loop);

	/* who is told may end others, or come again: they join the list behind us */
	list_splice_tail(&all, &k->waiting);
	while ((n = list_pop(&all))) {
		struct parked *p = list_entry(n, struct parked, node);
		clock_ms_t at = due(p, now);

		list_add_tail(&k->waiting, &p->node);
		if (!look_at(k, p))
			continue;
		next = next ? MIN(next, at) : at;
		if (p->ops->look)
			p->ops->look(p);
	}
	if (next)
		arm(k, MAX(next, now + SWEEP_MS));
}

void parking_look(struct parking *k)
{
	if (k->n > 0)
		loop_task_schedule(k->loop, &k->sweep);
}

void parking_close(struct parking *k)
{
	k->closed = true;
	sweep(k);
	loop_task_cancel(&k->sweep);
	timer_stop(&k->deadline);
}

unsigned int parking_retry_s(const struct parking *k, const struct tunnel *t)
{
	clock_ms_t now = loop_now(k->loop), at = now + k->limits.wait_ms;

	if (k->closed)
		return 1; /* another server takes this one's place */
	/* full: a place is free when the first one gives up, as it may be doing just now */
	if (k->n > 0 && !(t && has_room(k, t, 1)))
		at = list_is_empty(&k->waiting)
			     ? now
			     : list_entry(k->waiting.next, struct parked, node)->until;
	if (t && t->kept_until)
		at = MIN(at, t->kept_until);
	return at > now ? (unsigned int)((at - now + 999) / 1000) : 1;
}
