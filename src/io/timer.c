/* SPDX-License-Identifier: MIT */
/*
 * timer: a one-shot timer whose re-arming is cheap.
 *
 * Timers that are pushed back with every packet do not touch libev's heap: only the wanted time
 * is noted, and when libev fires too early the timer is armed for the remainder.
 */
#include "io/timer.h"

#include <assert.h>

#include "base/macros.h"
#include "io/loop.h"

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct timer *t = container_of(w, struct timer, w);
	clock_ms_t now = clock_ms();

	if (!t->at)
		return;
	if (t->at > now) {
		t->armed = t->at;
		ev_timer_set(w, (double)(t->at - now) / 1e3, 0.);
		ev_timer_start(ev, w);
		return;
	}
	t->at = 0;
	t->fired(t);
}

void timer_init(struct timer *t, struct loop *loop, timer_f *fired)
{
	ev_timer_init(&t->w, on_timer, 0., 0.);
	t->loop = loop;
	t->fired = fired;
	t->at = t->armed = 0;
}

void timer_start_at(struct timer *t, clock_ms_t at)
{
	clock_ms_t now = clock_ms();

	assert(t->loop && t->fired);
	t->at = MAX(at, (clock_ms_t)1);
	if (ev_is_active(&t->w) && t->armed <= t->at)
		return;
	/* also when it is not active: it may have run out in this turn and wait for its call */
	ev_timer_stop(t->loop->ev, &t->w);
	t->armed = t->at;
	/* libev counts from the beginning of this turn, which may be a while ago */
	ev_now_update(t->loop->ev);
	ev_timer_set(&t->w, at > now ? (double)(at - now) / 1e3 : 0., 0.);
	ev_timer_start(t->loop->ev, &t->w);
}

void timer_start(struct timer *t, uint64_t ms)
{
	timer_start_at(t, clock_ms() + ms);
}

void timer_stop(struct timer *t)
{
	if (!t->loop)
		return;
	t->at = 0;
	if (ev_is_active(&t->w) || ev_is_pending(&t->w))
		ev_timer_stop(t->loop->ev, &t->w);
}

bool timer_is_active(const struct timer *t)
{
	return t->at != 0;
}
