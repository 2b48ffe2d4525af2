/* SPDX-License-Identifier: MIT */
/* watchdog: sd_watchdog_enabled(3); the ping comes from the loop itself, so a stuck loop is found
 * out. */
#include "sys/watchdog.h"

#include <stddef.h>

#include "base/log.h"
#include "base/macros.h"
#include "base/message.h"

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static void ping(struct watchdog *w)
{
	if (w->healthy(w))
		(void)sd_notify(/* unset_environment= */ false, "WATCHDOG=1");
	else
		message_log(LOG_LV_WARNING, UNHEALTHY, "not healthy: the watchdog is not fed");
	timer_start(&w->tick, w->interval_ms / 2);
}

static void on_tick(struct timer *t)
{
	ping(container_of(t, struct watchdog, tick));
}

void watchdog_start(struct watchdog *w, struct loop *loop, watchdog_healthy_f *healthy)
{
	uint64_t usec = 0;

	timer_init(&w->tick, loop, on_tick);
	w->healthy = healthy;
	if (sd_watchdog_enabled(/* unset_environment= */ false, &usec) <= 0)
		return;
	w->interval_ms = MAX(usec / 1000, (uint64_t)2);
	ping(w);
}
#else
static void on_tick(struct timer *t)
{
}

void watchdog_start(struct watchdog *w, struct loop *loop, watchdog_healthy_f *healthy)
{
	timer_init(&w->tick, loop, on_tick);
	w->healthy = healthy;
}
#endif

void watchdog_stop(struct watchdog *w)
{
	timer_stop(&w->tick);
}
