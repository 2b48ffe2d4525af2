/* SPDX-License-Identifier: MIT */
/*
 * watchdog: sd_watchdog_enabled(3). Asking comes from the loop itself, so a stuck loop is found
 * out; what else is to be found out is the owner's to ask. Four times, because an answer may take
 * from one time to the next, and the manager hears of it at least twice in its interval.
 */
#include "sys/watchdog.h"

#include <stddef.h>

#include "base/macros.h"
#include "sys/notify.h"

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static void on_tick(struct timer *t)
{
	struct watchdog *w = container_of(t, struct watchdog, tick);

	timer_start(&w->tick, w->interval_ms / 4);
	w->check(w);
}

void watchdog_start(struct watchdog *w, struct loop *loop, watchdog_check_f *check)
{
	uint64_t usec = 0;

	timer_init(&w->tick, loop, on_tick);
	w->check = check;
	if (sd_watchdog_enabled(/* unset_environment= */ false, &usec) <= 0)
		return;
	w->interval_ms = MAX(usec / 1000, (uint64_t)4);
	watchdog_feed(w);
	timer_start(&w->tick, w->interval_ms / 4);
}

void watchdog_feed(const struct watchdog *w)
{
	if (w->interval_ms)
		notify_alive();
}
#else
static void on_tick(struct timer *t)
{
}

void watchdog_start(struct watchdog *w, struct loop *loop, watchdog_check_f *check)
{
	timer_init(&w->tick, loop, on_tick);
	w->check = check;
}

void watchdog_feed(const struct watchdog *w)
{
}
#endif

void watchdog_stop(struct watchdog *w)
{
	timer_stop(&w->tick);
}
