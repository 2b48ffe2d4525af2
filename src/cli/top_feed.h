/* SPDX-License-Identifier: MIT */
#pragma once

/* top_feed: the daemon's news, while the daemon is there, and again when it is back. */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctl_client;
struct top_data;
struct top_lines;

#define TOP_FEED_FDS 3

struct top_feed {
	const char *path;          /* of the control socket; borrowed */
	struct ctl_client *status; /* asked each second */
	struct ctl_client *follow; /* requests as they come */
	struct ctl_client *replay; /* NULL: none is under way */
	bool asked;                /* Status was, and has not answered */
	uint64_t next_ms;          /* when to ask, or to try again */
	char lost[160];            /* "": it is there */
	char refused[160];         /* why no requests are told; "": they are */
	uint64_t replayed;         /* the request that is replayed */
	char said[256];            /* what became of the last replay; "": nothing new */
};

/* Nothing is opened yet: top_feed_step() does. */
void top_feed_init(struct top_feed *f, const char *path);
void top_feed_deinit(struct top_feed *f);
/* What to wait for; how many. */
size_t top_feed_fds(const struct top_feed *f, struct pollfd fds[static TOP_FEED_FDS]);
/* Take what has come, ask what is due; never waits. True: @d has changed. */
bool top_feed_step(struct top_feed *f, struct top_data *d, uint64_t now_ms);
/* Have that request sent again; `said` tells of it, now or later. */
void top_feed_replay(struct top_feed *f, uint64_t id);
/* Fetch that request, at most some seconds. False: @said tells why not. */
bool top_feed_fetch(struct top_feed *f, uint64_t id, struct top_lines *l);
