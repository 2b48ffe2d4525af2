/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_stream: one visitor's bytes between a session's stream and a Rust client's packets. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "mux/stream.h"
#include "proto/v1.h"
#include "v1/v1_dam.h"

struct v1_host;

struct v1_stream {
	struct stream_user user;
	struct v1_host *host;
	struct list node; /* in host->active, or in host->leaving once End was sent */
	uint8_t id[V1_ID_LEN];
	struct v1_pool pool; /* from the client, for a visitor that has no room */
	clock_ms_t used_at;
	bool leaving;
};

/* The server opened @st: tell the client. */
void v1_stream_open(struct v1_host *h, struct stream *st);
/* A packet of the client. Unknown ids are dropped: it may not know yet that the visitor left. */
void v1_stream_on_packet(struct v1_host *h, const struct v1_packet *p);
/* A Data packet of that id has left towards the client, with @n bytes. */
void v1_stream_credit(struct v1_host *h, const uint8_t id[static V1_ID_LEN], size_t n);
/* Time passes. True: there is something to look at again. */
bool v1_stream_sweep(struct v1_host *h, clock_ms_t now);
/* Free what is left; the session is closed or was never there. */
void v1_stream_free_all(struct v1_host *h);
