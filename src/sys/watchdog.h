/* SPDX-License-Identifier: MIT */
#pragma once

/* watchdog: WATCHDOG=1 from the loop at half the interval, while the owner's check says healthy. */

#include <stdbool.h>

#include "io/timer.h"

struct loop;
struct watchdog;
typedef bool watchdog_healthy_f(struct watchdog *w);

struct watchdog {
	struct timer tick;
	watchdog_healthy_f *healthy;
	unsigned long long interval_ms;
};

/* Does nothing when WATCHDOG_USEC is not set for us. */
void watchdog_start(struct watchdog *w, struct loop *loop, watchdog_healthy_f *healthy);
void watchdog_stop(struct watchdog *w);
