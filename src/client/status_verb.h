/* SPDX-License-Identifier: MIT */
#pragma once

/* status_verb: the method Status, once or as a feed, and the daemon's state as JSON. */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/list.h"
#include "io/timer.h"

struct agent;
struct ctl_call;
struct tunnel;

/* Who follows, and what changed; of the agent. */
struct status_feed {
	struct list followers;
	struct timer tick;
	uint64_t changes; /* of states, so far */
};

/* A follower is told at most once in this. */
#define STATUS_VERB_MS 500

void status_verb_init(struct agent *a);
void status_verb_deinit(struct agent *a);
void status_verb_call(struct ctl_call *c, json_t *params);
/* A state has changed. */
void status_verb_changed(struct agent *a);
json_t *status_verb_tunnel(const struct tunnel *t);
