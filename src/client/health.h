/* SPDX-License-Identifier: MIT */
#pragma once

/* health: whether this daemon's data path works, asked through it, told to the watchdog. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "mux/probe.h"
#include "sys/watchdog.h"

struct agent;

struct health {
	struct agent *agent;
	struct watchdog watchdog;
	struct probe probe;
	clock_ms_t since; /* the probe was sent, or its delay was last explained */
	uint64_t moved;   /* stream bytes of the session then */
	bool wedged;      /* said so already */
};

void health_start(struct health *h, struct agent *a);
/* From here on nothing is asked; the watchdog is fed while the loop runs. */
void health_rest(struct health *h);
void health_stop(struct health *h);
