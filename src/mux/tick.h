/* SPDX-License-Identifier: MIT */
#pragma once

/* tick: what time does to a session, and when; for mux alone. */

#include "base/clock.h"

struct session;

/* When something is next to be done; 0: nothing is. */
clock_ms_t tick_next(const struct session *s);
/* Do what is due at s->now. May close the session. */
void tick_run(struct session *s);
