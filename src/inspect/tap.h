/* SPDX-License-Identifier: MIT */
#pragma once

/* tap: the bytes of one connection, both ways, read as HTTP/1.x into exchanges. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "inspect/exchange.h"
#include "proto/close.h"
#include "proto/http_body.h"

struct capture;
struct redact;
struct tap_messages;

#define TAP_QUEUE 8 /* requests at once whose answers have not ended */

/* How much of each exchange is kept. */
enum tap_level { TAP_NOTHING, TAP_HEADERS, TAP_FULL };

/* Where exchanges go and whose they are; the pointers outlive the tap. */
struct tap_visit {
	struct capture *capture;
	const struct redact *redact;
	const char *tunnel, *visitor;
	bool tls;
	uint64_t replay_of; /* 0: a visitor's */
};

struct tap_request {
	struct exchange *e; /* a reference; NULL: it is not kept */
	enum tap_level level;
	bool is_head;  /* a HEAD: no body comes back */
	bool asked;    /* it has come to its end */
	bool answered; /* so has its answer */
};

enum tap_phase { TAP_IN_HEAD, TAP_IN_BODY, TAP_UPGRADED };

struct tap_side {
	enum tap_phase phase;
	struct buf head; /* one that has not come whole */
	size_t scanned;
	struct http_body body;
};

struct tap {
	const struct tap_visit *visit;
	enum tap_level level; /* of the requests that are still to come; may be set at any time */
	struct tap_side side[2];             /* by enum exchange_side */
	struct tap_request queue[TAP_QUEUE]; /* oldest first, which is the one being answered */
	struct tap_messages *messages;       /* of queue[0]: a WebSocket, an event stream */
	uint8_t n;
	bool seen; /* a request at least */
	bool over; /* what passes is no longer looked at */
};

void tap_init(struct tap *t, const struct tap_visit *visit, enum tap_level level);
/* What passed, from the visitor (REQUEST) or from the origin. Never fails: what cannot be read
 * ends the looking. */
void tap_data(struct tap *t, enum exchange_side side, const uint8_t *bytes, size_t n);
/* No more comes from there. */
void tap_end(struct tap *t, enum exchange_side side);
/* The connection is over, @text "" or words. What is under way fails, and so does a visit whose
 * origin was never reached. */
void tap_close(struct tap *t, enum close_reason why, const char *text);
/* Frees all; after tap_close(). */
void tap_deinit(struct tap *t);
/* Is nothing under way, or no longer looked at? Then the last exchange has ended. */
bool tap_is_settled(const struct tap *t);
/* The last request that came; NULL: none is under way, or it is not kept. Borrowed. */
struct exchange *tap_exchange(const struct tap *t);
