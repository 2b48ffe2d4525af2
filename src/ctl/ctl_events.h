/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_events: the last log events, kept for the control socket's Logs method, and its followers. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/list.h"
#include "ctl/event_ring.h"
#include "io/loop.h"

struct ctl_call;

#define CTL_EVENTS_FOLLOWERS 16

struct ctl_events {
	struct loop *loop;
	struct event_ring ring;
	struct list followers;
	size_t n_followers;
	struct loop_task deliver;
};

void ctl_events_init(struct ctl_events *e, struct loop *loop);
void ctl_events_deinit(struct ctl_events *e);
/* From here on every log line also goes to @e (one per process), then to the sink there was. */
void ctl_events_install(struct ctl_events *e);
/* The Logs method: {tunnel?, tail?, follow?}. */
void ctl_events_on_logs(struct ctl_events *e, struct ctl_call *c, json_t *params);
