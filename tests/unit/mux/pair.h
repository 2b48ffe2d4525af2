/* SPDX-License-Identifier: MIT */
#pragma once

/* pair: two sessions joined by links of memory that deliver, cut and black out as a test says. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "mux/session.h"
#include "mux/stream.h"

struct pair;

/* Like assert(), but there in every build. */
#define CHECK(x) ((x) ? (void)0 : pair_fail(#x, __FILE__, __LINE__))
_Noreturn void pair_fail(const char *what, const char *file, int line);

/* One end of a link. */
struct half {
	struct link link;
	struct list node;
	struct pair *pair;
	struct half *other;
	struct buf out; /* under way to the other end */
	bool woken, let_go, dead;
	bool black; /* takes bytes and delivers none */
	enum close_reason why;
};

struct user {
	struct stream_user u;
	struct list node;
	struct end *end;
	uint32_t id;
	bool from_server; /* the direction that this user sends in */
	bool lazy;        /* does not consume what arrives; user_consume() does */
	bool ended, got_end, was_reset, did_reset, released;
	bool release_in_end;
	bool waits; /* a write came short, and `writable` was not said since */
	unsigned int writable;
	enum close_reason why;
	char text[64];
	uint64_t sent, got, unconsumed;
	void (*on_data)(struct user *u);
	void (*on_reset)(struct user *u);
};

struct end {
	struct session session;
	struct pair *pair;
	struct list users;
	struct half *base; /* the newest WebSocket */
	bool closed, detached, refuse, lazy;
	enum close_reason why;
	char text[64];
	clock_ms_t deadline;
	unsigned int frames, goaways, opens, deadlines;
	struct frame_reason goaway;
	struct frame_open open;
	struct user *last; /* the user of the stream that was opened last */
	void (*on_frame)(struct end *e, struct link *l, const struct frame *f);
	void (*on_opened)(struct end *e, struct stream *st); /* instead of a user of ours */
	void (*on_writable)(struct user *u);
};

struct pair {
	struct end client, server;
	struct list halves;
	clock_ms_t now;
	bool garbage; /* peers lie: what users receive is not compared */
	size_t chunk; /* bytes given to link_input() at once */
};

void pair_init(struct pair *p, const struct session_limits *limits);
void pair_deinit(struct pair *p);
/* A new WebSocket with its handshake: a first one greets, a later one resumes. */
void pair_connect(struct pair *p);
void pair_lane(struct pair *p);
/* Deliver at most @max bytes of each link. True when something moved. */
bool pair_move(struct pair *p, size_t max);
/* Until nothing moves. */
void pair_settle(struct pair *p);
/* Milliseconds pass, as far as the next deadline at a time, with everything delivered in between.
 */
void pair_pass(struct pair *p, clock_ms_t ms);
/* Bytes under way are lost; both ends notice. */
void pair_cut(struct pair *p, unsigned int rank);
/* The living half of that rank at @e, or NULL. */
struct half *pair_half(struct pair *p, struct end *e, unsigned int rank);
void half_lose(struct half *h);
/* Pull, then move up to @max bytes to the other end. True when something happened. */
bool half_move(struct half *h, size_t max);
/* Bytes from nowhere arrive at @e. */
int pair_inject(struct pair *p, struct end *e, const void *bytes, size_t n);

struct user *user_open(struct end *e);
struct user *user_of(struct end *e, uint32_t id);
/* Write @n bytes of the stream's pattern, as many as fit. */
size_t user_write(struct user *u, size_t n);
void user_end(struct user *u);
void user_consume(struct user *u, uint64_t n);
void user_reset(struct user *u, enum close_reason why);
void user_release(struct user *u);
