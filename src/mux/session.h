/* SPDX-License-Identifier: MIT */
#pragma once

/* session: streams, flow control and scheduling over interchangeable links; no sockets, no clock of
 * its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/idmap.h"
#include "base/list.h"
#include "base/macros.h"
#include "mux/link.h"
#include "proto/close.h"
#include "proto/frame.h"

struct session;
struct stream;

struct session_limits {
	uint32_t window; /* initial receive window of a stream; told to the peer in HELLO/WELCOME */
	uint32_t window_max; /* a receive window grows up to this */
	uint64_t memory;     /* cap on the bytes of all rings and granted windows beyond the initial
				ones */
	uint32_t max_streams;  /* open at once */
	uint32_t control_max;  /* queued control bytes; more means the peer does not read: closed
				  with LIMIT */
	uint32_t ping_ms;      /* a link without a received byte for this long is pinged */
	uint32_t dead_ms;      /* …for this long is dead */
	uint32_t dead_busy_ms; /* the same while streams are open */
	uint32_t grace_ms;     /* how long it outlives its last link; 0: not at all */
};
extern const struct session_limits session_limits_default;

struct session_ops {
	/* A whole frame that the session does not handle itself (HELLO, WELCOME, REGISTER,
	 * REGISTERED, UNREGISTER, GONE, GOAWAY, LANE_ASK, LANE_GRANT), lengths checked. @l: where
	 * it came from. May close the session or move the link to another session. */
	void (*frame)(struct session *s, struct link *l, const struct frame *f);
	/* The peer opened @st: bind a user with stream_bind(), or refuse with stream_reset().
	 * Before returning. */
	void (*opened)(struct session *s, struct stream *st, const struct frame_open *open);
	/* The last link was lost; the session lives on for grace_ms (then closed is called). */
	void (*detached)(struct session *s, enum close_reason why);
	/* It is over: every stream was reset, every link closed. The owner calls session_deinit()
	 * later, never inside a callback of the session (the loop's graveyard is for that). */
	void (*closed)(struct session *s, enum close_reason why, const char *text);
	/* As many stream bytes as session_watch() asked for have moved. Only to be noted: links are
	 * in the middle of their work. May be NULL when nobody watches. */
	void (*moved)(struct session *s);
	/* session_tick() wants to be called at this time (0: not at all). */
	void (*deadline)(struct session *s, clock_ms_t at);
};

struct session_stats {
	uint64_t streams_opened, bytes_rx, bytes_tx; /* stream bytes, both directions */
	uint64_t probe_bytes;                        /* of those: probes', nobody's */
	uint64_t resumed;                            /* times */
	size_t memory;                               /* bytes in rings now */
};

struct session {
	const struct session_ops *ops;
	struct session_limits limits;
	bool is_server;
	struct session_stats stats;

	/* The session's own: */
	struct list links;
	struct link
		*base_link; /* the WebSocket: session frames; when it is lost, so are the lanes */
	struct link *data_link;      /* where stream frames go: a lane, or the WebSocket */
	struct link *next_data_link; /* switching to it once the barrier on data_link is answered */
	struct idmap streams;
	struct list all;      /* streams in the order of their opening */
	struct list brief;    /* streams whose next turn sends all they have; those to be opened */
	struct list ready;    /* the other streams with something to send, round robin */
	struct list lagging;  /* streams whose consumption was not announced yet */
	struct list spacious; /* streams whose rings hold memory that they have no bytes for */
	struct list roomy;    /* streams whose users may be told of room, when it returns */
	struct list dead;     /* freed when the outermost call returns */
	struct buf control;   /* session frames, for the base link */
	struct buf resets;    /* RESET of streams that are gone, for the data link */
	uint32_t peer_window; /* the peer's initial receive window */
	uint32_t next_id;     /* of a stream that we open */
	uint32_t peer_max_id; /* highest stream id the peer has opened */
	uint64_t ping_seq;
	clock_ms_t detached_at, now, deadline_at;
	uint64_t watch_at;      /* `moved` is said when so many stream bytes have; 0: never */
	uint64_t move_bytes;    /* sent in all when a move to a better link waits no longer */
	clock_ms_t move_at;     /* when that is looked at again; 0: none waits */
	clock_ms_t spacious_at; /* when the spacious rings are looked at; 0: there are none */
	clock_ms_t lag_at;      /* when the lagging streams' WINDOWs are due; 0: none lag */
	unsigned int depth;
	bool greeted;  /* peer_window is known: streams may be opened */
	bool draining; /* GOAWAY was sent or received: no new streams */
	bool closed;
	bool peer_resumed; /* a RESUME came over this base link: its handshake reached the peer */
	bool resuming;     /* a link was lost; the peer's RESUME has not arrived completely */
};

/* Embedded in its owner, or allocated by it. The server opens odd stream ids, the client even ones.
 */
void session_init(struct session *s, const struct session_ops *ops,
	const struct session_limits *limits, bool is_server, clock_ms_t now);
/* Frees everything without calling back; links are closed with SHUTDOWN. */
void session_deinit(struct session *s);

/* Attach a link (from no session). The first link makes it live. */
void session_attach(struct session *s, struct link *l, clock_ms_t now);
/* Take @l out of its session (which may thereby become empty, without `detached` being called) for
 * another one. */
void session_release_link(struct link *l);
/* The handshake is done: the peer's initial receive window, from HELLO or WELCOME. */
void session_greeted(struct session *s, uint32_t peer_window, clock_ms_t now);
/* Both ends agreed (HELLO/WELCOME) that this session goes on over a new link: state what was
 * received, expect the same. */
void session_resume(struct session *s, clock_ms_t now);

/* Queue a control frame (copied). On overflow the session closes itself with LIMIT. */
void session_send(struct session *s, uint8_t type, uint32_t stream, const void *payload, size_t n);
/* GOAWAY: nobody opens streams from here on; existing ones finish. */
void session_goaway(struct session *s, enum close_reason why, uint32_t retry_ms, const char *text);
/* Reset all streams, close all links (what is queued for control is pulled out first where the link
 * can), call closed(). */
void session_close(struct session *s, enum close_reason why, const char *text);
bool session_is_live(const struct session *s); /* has a link, greeted, not closed */
size_t session_stream_count(const struct session *s);
/* The kind of the link that carries data now ("websocket", "lane"), or NULL. */
const char *session_data_kind(const struct session *s);
/* When a byte last arrived on the link that carries data; 0: there is none. */
clock_ms_t session_heard_at(const struct session *s);
uint32_t session_rtt_us(const struct session *s);
/* Visitors' bytes, both directions: probes' are left out. Only differences count: a probe's are
 * counted before they leave. */
static inline uint64_t session_bytes(const struct session *s)
{
	return s->stats.bytes_rx + s->stats.bytes_tx - s->stats.probe_bytes;
}
/* Say `moved` once, when @bytes more have. */
static inline void session_watch(struct session *s, uint64_t bytes)
{
	s->watch_at = session_bytes(s) + bytes;
}

/* Time passes: PINGs, dead links, grace, window growth. Calls ops->deadline with the next time. */
void session_tick(struct session *s, clock_ms_t now);

/* For mux alone. Every entry from outside is bracketed by these two: what died inside is freed by
 * the last leave. */
void session_enter(struct session *s, clock_ms_t now);
void session_leave(struct session *s);
/* A frame of @l that the session, a stream or the owner handles. May close the session. */
void session_on_frame(struct session *s, struct link *l, const struct frame *f);
/* Has the stream been opened, and by whom would it be? */
bool session_was_opened(const struct session *s, uint32_t id);
bool session_is_theirs(const struct session *s, uint32_t id);
/* Bytes were counted. */
static inline void session_counted(struct session *s)
{
	if (!s->watch_at || (int64_t)(session_bytes(s) - s->watch_at) < 0)
		return;
	s->watch_at = 0;
	s->ops->moved(s);
}
/* Tell @l that there is something to pull. */
void session_wake(struct session *s, struct link *l);
/* May stream frames be sent now (greeted, attached, not resuming, no barrier outstanding)? */
bool session_may_stream(const struct session *s);
/* @l is gone: fall back to the WebSocket, or detach. */
void session_lose_link(struct session *s, struct link *l, enum close_reason why);
/* What follows when a link is detached already; @base: it was the base link. */
void session_link_lost(struct session *s, bool base, enum close_reason why);
/* Let go of a link by closing it. */
void session_drop_link(struct session *s, struct link *l, enum close_reason why, const char *text);
/* Let go of every lane and go on over the WebSocket, by resumption. */
void session_drop_lanes(struct session *s);
/* Recompute when session_tick() is next wanted. */
void session_reschedule(struct session *s);

/* Open a stream to the peer; while detached it waits with the others. NULL: closed, not greeted,
 * draining, or max_streams reached. OPEN and the first DATA leave together. */
struct stream *session_open(struct session *s, const struct frame_open *open) MUST_USE;
