/* SPDX-License-Identifier: MIT */
#pragma once

/* tunnel: one registered public name, as the server holds it: of one session, or kept for the next.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/macros.h"
#include "mux/stream.h"
#include "proto/hello.h"

struct peer;

struct tunnel {
	struct peer *peer;     /* the session it belongs to; NULL while nobody serves it */
	struct list peer_node; /* in peer->tunnels */
	uint32_t id;           /* within the session, for OPEN */
	enum hello_proto proto;
	char name[HELLO_NAME_MAX + 1]; /* the client's label */
	char *hostname;                /* http: normalised; NULL for tcp */
	uint16_t port;                 /* tcp */
	char *url;
	char *host_header; /* rewrite Host to this; NULL keeps it */
	char *key_id;      /* owner: a key's id, or "anonymous" */
	char *owner; /* what must be equal for a take-over: key id, or a hash of the instance */
	uint64_t generation;
	struct edge_tcp *edge; /* tcp: its listener */
	struct list kept_node; /* in kept->list, while it has no peer and waits for its owner */
	clock_ms_t kept_until; /* 0: it is not kept */

	clock_ms_t since;
	uint32_t streams;                            /* open now */
	uint64_t streams_total, bytes_in, bytes_out; /* in: from visitors */
	uint32_t parked;                             /* visitors that wait for its client */
	uint64_t parked_bytes;
	unsigned int refs; /* users (edges) that hold it across its end */
};

/* With one reference, which is the caller's; without a peer, and not known by its name yet. */
struct tunnel *tunnel_new(enum hello_proto proto, const char *label, const char *owner) MUST_USE;
/* Is a visitor of it to wait: there is no session that takes streams now? */
bool tunnel_is_away(const struct tunnel *t);
/* …and may that change: its session is detached, or it is kept for its owner? */
bool tunnel_may_return(const struct tunnel *t);
/* Is @st, a stream that was opened for it, of the session that serves it now? */
bool tunnel_has_stream(const struct tunnel *t, const struct stream *st);
/* Edges hold a reference as long as they use it; a tunnel that ended has peer == NULL. */
struct tunnel *tunnel_ref(struct tunnel *t);
void tunnel_unref(struct tunnel *t);
/* Open a stream for a visitor; NULL when the client is not there (503) or a limit is reached;
 * *ret_why says which. */
struct stream *tunnel_open_stream(struct tunnel *t, const struct frame_open *open,
	enum close_reason *ret_why) MUST_USE;
/* A visitor's bytes, for the counters; and a stream that ended. */
void tunnel_count(struct tunnel *t, uint64_t in, uint64_t out);
void tunnel_stream_ended(struct tunnel *t);
