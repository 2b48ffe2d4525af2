/* SPDX-License-Identifier: MIT */
#pragma once

/* replay: a captured request, sent again to a local service; what comes is captured, too. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"

struct agent;
struct err;
struct exchange;
struct rebuild;
struct str_list;
struct tunnel;

#define REPLAY_MAX            16 /* under way at once */
#define REPLAY_TIMEOUT_MS     30000
#define REPLAY_TIMEOUT_MAX_MS 3600000

/* Those under way, of an agent; zeroed is empty. */
struct replays {
	struct list running;
	size_t n;
};

/* Who waits for one: embedded in the caller, who may leave before the end. */
struct replay_user;
/* @e: borrowed, perhaps no longer in the capture. @error NULL: an answer has begun (@e says whether
 * it came to its end); else why there is none. @u is no longer needed. */
typedef void replay_done_f(struct replay_user *u, struct exchange *e, const char *error);
struct replay_user {
	struct replay *replay; /* NULL: none, or it has ended */
	replay_done_f *done;
};

struct replay_order {
	uint64_t of;             /* the id of the first exchange */
	struct tunnel *to;       /* whose origin */
	struct rebuild *request; /* taken: empty afterwards, unless it fails */
	uint64_t timeout_ms;     /* from now to the end of the answer */
};

/* Never calls @u->done before it returns. 0, or negative and words; the exchange tells of a failure
 * later on. */
int replay_start(struct replays *rs, struct agent *a, const struct replay_order *order,
	struct replay_user *u, struct err *err) MUST_USE;
/* @u goes; the replay goes on. Harmless when it has ended. */
void replay_leave(struct replay_user *u);
/* The daemon stops. */
void replay_stop_all(struct replays *rs);
