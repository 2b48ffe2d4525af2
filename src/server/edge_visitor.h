/* SPDX-License-Identifier: MIT */
#pragma once

/* edge_visitor: one HTTP visitor's connection and the request under way; private to the HTTP edge.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/conn.h"
#include "io/loop.h"
#include "mux/stream.h"
#include "proto/hostname.h"
#include "proto/http_body.h"
#include "server/edge_http.h"
#include "server/parking.h"

struct tunnel;

/* Unread input kept while a response is outstanding; then reading pauses. */
#define VISITOR_AHEAD_MAX (64 * 1024)

enum visitor_phase {
	VISITOR_HEAD,     /* waiting for, or reading, a request head            */
	VISITOR_BODY,     /* the request's body is on its way                   */
	VISITOR_PARKED,   /* the tunnel's client is away: waiting for it */
	VISITOR_WAIT,     /* the request is complete, no response head yet      */
	VISITOR_RESPONSE, /* the response is on its way, the request complete   */
	VISITOR_UPGRADED, /* a pipe both ways                                   */
	VISITOR_LINGER,   /* everything was said; reading until the visitor ends */
};

struct visitor {
	struct list node;
	struct edge_http *edge;
	struct conn conn;
	struct stream_user user; /* the stream to the origin; kept between requests */
	struct tunnel *tunnel;   /* of that stream; a reference */
	struct grave grave;
	struct loop_task next; /* look at the pipelined request */
	struct addr peer;
	struct addr *local;       /* where a PROXY header says it came to; NULL: the socket's */
	struct addr *claimed;     /* the visitor behind a trusted proxy; NULL: the peer is it */
	struct buf in;            /* request bytes not looked at yet */
	size_t scanned;           /* of `in`, by http_head_scan() */
	struct buf response_head; /* as far as it came */
	size_t response_scanned;
	struct http_body request_body, response_body;
	uint8_t *replay; /* the head of a safe request, to be sent again over another stream */
	size_t replay_n;
	struct parked parked; /* while it waits for the tunnel's client */
	size_t parked_head;   /* bytes of `in` that are the head of the request that waits */
	size_t uncredited;    /* stream bytes whose credit waits for the queue */
	uint64_t taken;       /* of its queue, when that was last looked at */
	uint64_t requests;    /* on this connection */
	enum visitor_phase phase;
	bool tls, gone;
	bool trusted;     /* the peer is a proxy that is believed */
	bool stream_used; /* the stream carried a whole exchange before */

	/* the request under way */
	clock_ms_t began;
	char host[HOSTNAME_MAX];
	char method[16];
	char target[257];
	unsigned int status;
	unsigned int retry_s;   /* for Retry-After; 0: the usual */
	unsigned int parked_ms; /* that it waited for the tunnel's client */
	enum close_reason why;
	uint64_t bytes_in, bytes_out;
	clock_ms_t body_since; /* what the body has brought is counted from here; 0: from its next
				  byte */
	uint64_t body_had;     /* bytes_in then */
	uint64_t body_arrived; /* at the client, when that was last looked at */
	bool keep_alive, is_head, wants_json, wants_upgrade, replayable, answered, origin_keeps,
		endless, is_1_0, logged;
	bool taken_again; /* its head was looked at before it was parked */
	uint8_t resent;   /* how often a session took it with it */
};

/* edge_http.c */
/* Done with this visitor: its stream is ended or reset, its connection closed, itself buried. */
void edge_http_forget(struct visitor *v, enum close_reason why);
/* The response has left the origin wholly: log, and go on with the next request, or end. */
void edge_http_exchange_done(struct visitor *v);
/* Upgraded: forget it if both ends have ended, and all that was said has left. */
void edge_http_upgraded_done(struct visitor *v);
/* Everything that will be said is in the queue: half-close, read and drop what still comes, close.
 */
void edge_http_linger(struct visitor *v);
void edge_http_log(struct visitor *v);
/* Let go of the stream: @clean it ended between exchanges, otherwise it is reset with @why. */
void edge_http_drop_stream(struct visitor *v, bool clean, enum close_reason why);
/* The deadline of the phase that begins now (or of one more sign of life in it). */
void edge_http_set_deadline(struct visitor *v);
/* Read no more of it for now; should it go away meanwhile, that is noticed. */
void edge_http_hold(struct visitor *v);
/* Credit the stream with what has left. */
void edge_http_credit(struct visitor *v);
/* Its request takes too long: answer so, or end it in the middle of another answer. */
void edge_http_too_slow(struct visitor *v);

/* Now, as Date says it. Valid until the next call. */
const char *edge_http_date(struct edge_http *e);

/* edge_claims.c */
/* Who asks, by the request's X-Forwarded-For if the peer may say so. False: it is a blocked
 * address. */
bool edge_claims_read(struct visitor *v, const struct http_head *h) MUST_USE;
const struct addr *edge_claims_visitor(const struct visitor *v);

/* edge_read.c */
/* The connection has bytes, or its end, or an error. */
void edge_read(struct visitor *v);

/* edge_request.c */
/* Look at `in`: begins the next request when its head is whole. */
void edge_request_take(struct visitor *v);
/* Bytes came from the visitor while the body is on its way. */
void edge_request_body(struct visitor *v);
/* The same for @n bytes at @at, which stream_reserve() has given: what follows the body goes to
 * `in`.
 */
void edge_request_body_read(struct visitor *v, const uint8_t *at, size_t n);
/* The stream failed before a byte of the response: send the request again over a fresh one, if that
 * is safe. @session: it was the session that failed, not the origin. */
bool edge_request_retry(struct visitor *v, bool session);

/* Send the head that was kept over a new stream. */
void edge_request_resend(struct visitor *v);

/* edge_park.c */
/* The tunnel's client is away: wait for it, holding a head of @head_n bytes (of `in`, or the one to
 * be sent again), or answer 503. */
void edge_park_wait(struct visitor *v, struct tunnel *t, size_t head_n);
/* It waits: how much more of it may be read. */
size_t edge_park_room(const struct visitor *v);

/* edge_response.c */
extern const struct stream_user_ops edge_response_user_ops;

/* edge_error.c */
/* Answer with an error of our own; closes the connection afterwards unless the request was read
 * wholly. */
void edge_error_refuse(struct visitor *v, enum http_fault fault);
void edge_error_send(struct visitor *v, int status, const char *word, const char *text);
/* Answer a load balancer's question after this server's health. */
void edge_error_healthy(struct visitor *v);
