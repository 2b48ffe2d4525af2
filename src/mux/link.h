/* SPDX-License-Identifier: MIT */
#pragma once

/* link: one connection that carries frames of a session, as mux sees it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "proto/close.h"

struct link;
struct session;

struct link_ops {
	const char *kind; /* "websocket", "lane" */
	/* The session has frames for this link: call link_pull() until it returns 0 or you are
	 * full, before the loop next waits. Said once until link_pull() was called. */
	void (*wake)(struct link *l);
	/* The session let go of the link (it is detached already): close the connection.
	 * link_pull() may be called once more and gives the last words (GOAWAY). Never calls back
	 * into the session. May be called from inside link_input() or link_pull(): free the link
	 * later (graveyard), never inside. */
	void (*close)(struct link *l, enum close_reason why, const char *text);
};

struct link {
	const struct link_ops *ops;
	struct session *session; /* NULL while not attached */
	unsigned int rank;       /* data goes over the attached link of the highest rank */

	/* The session's own: */
	struct list node;
	struct buf partial; /* beginning of a frame whose rest has not arrived */
	struct buf control; /* PONG and barrier PING that must leave on this very link */
	clock_ms_t last_rx;
	clock_ms_t ping_at; /* when the PING outstanding was sent; 0: none */
	uint64_t ping;      /* its number */
	uint64_t barrier;   /* the number of the PING that, answered, says all before it arrived; 0:
			       none */
	uint64_t bytes_rx, bytes_tx;
	uint32_t rtt_us;     /* smoothed, from PING; 0: unknown */
	uint32_t rtt_min_us; /* the least of them: the path's own, without queues */
	bool waked;
};

/* What a peer may make us queue on one link by PINGs that it does not let us answer. */
#define LINK_CONTROL_MAX 4096

#define LINK_RANK_WEBSOCKET 1
#define LINK_RANK_LANE      2

void link_init(struct link *l, const struct link_ops *ops, unsigned int rank);
/* Frees what mux keeps in it. Must be detached. */
void link_deinit(struct link *l);

/* For mux alone: a PING on this link. Returns its number. */
uint64_t link_ping(struct link *l, clock_ms_t now);
/* For mux alone: queue a small frame that must leave on this very link; dropped when
 * LINK_CONTROL_MAX is reached. */
void link_send(struct link *l, uint8_t type, const void *payload, size_t n);

/* Bytes arrived, cut anywhere. Dispatches to whatever session the link belongs to (a handler may
 * move it to another session between two frames, or close it). Returns 0, or -ENOTCONN when the
 * link was let go: then ops->close was called and the bytes are void. */
int link_input(struct link *l, const uint8_t *bytes, size_t n, clock_ms_t now);
/* Fill @out with whole frames to send now; returns bytes, 0 when there is nothing. @cap >=
 * FRAME_MAX_SIZE. Cuts nothing and sends nothing twice while the link lives. */
size_t link_pull(struct link *l, uint8_t *out, size_t cap, clock_ms_t now);
/* The connection is gone (its owner noticed): detach. The owner frees the link after this. */
void link_lost(struct link *l, enum close_reason why, clock_ms_t now);
