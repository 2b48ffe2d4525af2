/* SPDX-License-Identifier: MIT */
#pragma once

/* uplink_lane: when an uplink's session is worth a lane, and getting one. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "io/timer.h"
#include "lane/lane_client.h"

struct frame;
struct loop;
struct session;
struct tls_ctx;

/* Asked for when a session has moved this much, or so many streams came within a while. */
#define UPLINK_LANE_BYTES    (64 * 1024)
#define UPLINK_LANE_STREAMS  8
#define UPLINK_LANE_WHILE_MS 250
#define UPLINK_LANE_IDLE_MS  60000 /* a lane without data for this long is let go */
#define UPLINK_LANE_RETRY_MS 60000

/* Embedded in struct uplink as `lane`. */
struct uplink_lane {
	struct lane_client client;
	struct tls_ctx *tls;
	struct timer check; /* whether a lane is worth it, or still is */
	clock_ms_t try_at, streams_at;
	uint64_t bytes;       /* moved when the lane was last looked at */
	unsigned int streams; /* opened since streams_at */
	bool pending;         /* asked for, or being connected */
	bool offered;         /* WELCOME said that there are lanes */
};

void uplink_lane_init(struct uplink_lane *l, struct loop *loop);
/* Another server: another configuration of TLS. */
void uplink_lane_forget_tls(struct uplink_lane *l);
/* @s is up, anew or again. */
void uplink_lane_start(struct uplink_lane *l, struct session *s, bool offered);
/* Its link is lost, or it is over: give up what is under way. */
void uplink_lane_stop(struct uplink_lane *l);
/* What the session says: a stream was opened; what was watched for has moved; LANE_GRANT came. */
void uplink_lane_opened(struct uplink_lane *l, const struct session *s);
void uplink_lane_moved(struct uplink_lane *l, struct session *s);
void uplink_lane_granted(struct uplink_lane *l, const struct frame *f);
