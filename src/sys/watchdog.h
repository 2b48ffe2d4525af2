/* SPDX-License-Identifier: MIT */
#pragma once

/* watchdog: asks its owner four times in an interval whether all is well; the owner feeds it. */

#include <stdbool.h>

#include "io/timer.h"

struct loop;
struct watchdog;
/* Look, and call watchdog_feed() now or when the answer is there. */
typedef void watchdog_check_f(struct watchdog *w);

struct watchdog {
	struct timer tick;
	watchdog_check_f *check;
	unsigned long long interval_ms; /* 0: nobody watches */
};

/* Does nothing when WATCHDOG_USEC is not set for us. Fed once at once: starting has shown that all
 * is well. */
void watchdog_start(struct watchdog *w, struct loop *loop, watchdog_check_f *check);
void watchdog_stop(struct watchdog *w);
/* WATCHDOG=1; a no-op when nobody watches. */
void watchdog_feed(const struct watchdog *w);
