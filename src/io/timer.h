/* SPDX-License-Identifier: MIT */
#pragma once

/* timer: a one-shot timer embedded in its owner. */

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "base/clock.h"

struct loop;
struct timer;
typedef void timer_f(struct timer *t);

struct timer {
	ev_timer w;
	struct loop *loop;
	timer_f *fired;
	clock_ms_t at;    /* when it is to fire; 0: stopped */
	clock_ms_t armed; /* what libev was told, never later than `at` */
};

void timer_init(struct timer *t, struct loop *loop, timer_f *fired);
/* (Re-)arm to fire once after @ms. */
void timer_start(struct timer *t, uint64_t ms);
/* (Re-)arm for an absolute time; in the past means: next turn. */
void timer_start_at(struct timer *t, clock_ms_t at);
void timer_stop(struct timer *t);
bool timer_is_active(const struct timer *t);
