/* SPDX-License-Identifier: MIT */
#pragma once

/* pump: bytes both ways between a connection and a stream, half-close by half-close, bounded both
 * ways. */

#include <stdint.h>

#include "io/conn.h"
#include "io/loop.h"
#include "mux/stream.h"

struct pump;
struct tls_ctx;

/* A TLS handshake with the origin takes at most this. */
#define PUMP_TLS_MS 10000

/* It is over: the conn is closed (aborted unless @why is DONE), the stream released or reset. Free
 * the owner through the graveyard. @text: words for the log. */
typedef void pump_done_f(struct pump *p, enum close_reason why, const char *text);

/* Which way bytes go that a tap sees. */
enum pump_from { PUMP_FROM_STREAM, PUMP_FROM_CONN };

/* Sees what passes, before it goes on, each byte once and in order; @n 0: that direction's end. It
 * has no say: it must not touch the pump. */
struct pump_tap {
	void (*passed)(struct pump_tap *t, enum pump_from from, const uint8_t *bytes, size_t n);
};

/*
 * Has a say in what the stream sends: all of it comes here, and goes on by pump_show() and then
 * pump_forward() or pump_pass().
 */
struct pump_gate {
	/* Not credited yet; borrowed for the call. */
	void (*data)(struct pump_gate *g, const uint8_t *bytes, size_t n);
	/* No more comes; pump_forward_end() when everything has gone on. */
	void (*end)(struct pump_gate *g);
	/* What the conn says, as a tap sees it, its end included: must not touch the pump. */
	void (*answered)(struct pump_gate *g, const uint8_t *bytes, size_t n);
	/* After pump_pass() came short: the conn takes more. */
	void (*room)(struct pump_gate *g);
};

struct pump {
	struct conn conn;
	struct stream_user user;
	struct loop *loop;
	pump_done_f *done;
	struct pump_tap *tap;   /* NULL: nobody looks; the owner's */
	struct pump_gate *gate; /* NULL: everything goes on as it comes; the owner's */
	enum close_reason
		conn_fault; /* what a broken conn is called: ORIGIN_RESET or VISITOR_GONE */
	struct timer
		linger; /* the conn broke; what it had said is still on its way into the session */
	clock_ms_t lost_at;
	enum close_reason lost_why;
	uint64_t idle_ms; /* 0: none; both directions silent for this long ends it with IDLE */
	uint64_t moved;   /* bytes that had passed when the deadline was last set */
	struct buf early; /* of the stream, before there is a connection */
	uint64_t written,
		credited; /* towards the conn: handed over; of those, credited to the stream */
	bool connected : 1, conn_ended : 1, stream_ended : 1, finished : 1, lost : 1;
};

/* A pump without a conn yet may already have a stream: bytes that arrive are kept unread (at most
 * the stream's window). */
void pump_init(struct pump *p, struct loop *loop, struct stream *st, enum close_reason conn_fault,
	pump_done_f *done);
/* The connection is there (conn is opened by this, reading into the stream's ring, writing from
 * it). @ctx not NULL: TLS as client towards @name first. @preamble (may be NULL): bytes written
 * before anything of the stream. */
int pump_connect(struct pump *p, int fd, struct tls_ctx *ctx, const char *name,
	const void *preamble, size_t n) MUST_USE;
void pump_set_idle(struct pump *p, uint64_t idle_ms);
/* For a gate: let the tap see what was taken from the stream. */
void pump_show(struct pump *p, const uint8_t *bytes, size_t n);
/* As if there was no gate: credited when it has left. May end the pump. */
void pump_forward(struct pump *p, const uint8_t *bytes, size_t n);
void pump_forward_end(struct pump *p);
/* Bytes that were credited already. How many the conn takes now: none before it is there. */
size_t pump_pass(struct pump *p, const uint8_t *bytes, size_t n);
/* Say something to the stream in the conn's place; false: there is no room, and nothing was said.
 */
bool pump_answer(struct pump *p, const void *bytes, size_t n) MUST_USE;
/* End it now, and call `done`; CLOSE_DONE lets go of a stream whose both directions are ended. */
void pump_finish(struct pump *p, enum close_reason why, const char *text);
/* End it now; `done` is not called. */
void pump_stop(struct pump *p, enum close_reason why, const char *text);
