/* SPDX-License-Identifier: MIT */
#pragma once

/* exchange: one request and what was answered, as far as it was seen and may be kept. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"

struct capture;

enum exchange_side { EXCHANGE_REQUEST, EXCHANGE_RESPONSE };

enum exchange_kind {
	EXCHANGE_HTTP,
	EXCHANGE_WEBSOCKET, /* answered 101 to an Upgrade: websocket */
	EXCHANGE_SSE,       /* answered text/event-stream */
};

enum exchange_state {
	EXCHANGE_OPEN, /* something may still come */
	EXCHANGE_DONE,
	EXCHANGE_FAILED, /* ended before its end: `error` says why */
};

enum exchange_message_kind {
	EXCHANGE_MESSAGE_TEXT,
	EXCHANGE_MESSAGE_BINARY,
	EXCHANGE_MESSAGE_PING,
	EXCHANGE_MESSAGE_PONG,
	EXCHANGE_MESSAGE_CLOSE,
	EXCHANGE_MESSAGE_EVENT, /* of an SSE stream, its lines as they came */
};

/* What the webhook's signature was found to be. */
enum exchange_verification {
	EXCHANGE_UNVERIFIED, /* nobody asked */
	EXCHANGE_VERIFIED,
	EXCHANGE_FORGED, /* `verify_why` says what is wrong */
};

/* A WebSocket message or a server-sent event. */
struct exchange_message {
	struct list node;
	uint64_t wall_ms;
	enum exchange_side from; /* REQUEST: by the visitor */
	enum exchange_message_kind kind;
	uint64_t size; /* as it was sent, decompressed */
	size_t kept;   /* bytes of it that are here */
	size_t cap;    /* memory for so many */
	uint8_t bytes[];
};

struct exchange_part {
	/* Start line and fields as they passed, secrets redacted, up to and with the empty line;
	 * NULL while it has not come. NUL-terminated. */
	char *head;
	size_t head_len;
	/* The body without its transfer coding (chunks), but with its content coding (gzip). */
	uint8_t *body;
	size_t kept, cap;
	uint64_t size; /* of the whole body; more than `kept` when the limit was reached */
	bool done;     /* it came to its end */
};

struct exchange {
	struct list node;        /* in the capture, oldest first */
	struct list recent;      /* the same, the one that was announced last coming last */
	struct capture *capture; /* NULL: no longer in it, and holds nothing but this struct */
	unsigned int refs;
	uint64_t id;        /* from 1, rising, of this run of the daemon */
	uint64_t change;    /* which announcement its last one was; 0: not announced yet */
	uint64_t replay_of; /* 0: a visitor's */
	char *tunnel;
	char visitor[64];
	bool tls; /* the visitor came by TLS */
	enum exchange_kind kind;
	enum exchange_state state;
	uint64_t wall_ms;                /* when the request's head had come */
	uint64_t began_us;               /* the same, monotonic */
	int64_t first_byte_us, total_us; /* from there; -1: not yet */
	/* Out of the heads, for lists; `method` and `target` "" until the head has come. */
	char *method, *target;        /* target redacted like the head */
	unsigned int minor;           /* HTTP/1.minor */
	unsigned int status;          /* 0: none yet */
	char *error;                  /* of EXCHANGE_FAILED */
	struct exchange_part part[2]; /* by enum exchange_side */
	struct list messages;         /* the newest, oldest first */
	uint64_t n_messages;          /* all that passed */
	size_t n_kept_messages;
	/* From each side, one that has not come whole; in no list. For capture alone. */
	struct exchange_message *coming[2];
	bool lost[2]; /* its beginning could not be kept, so nothing of it is */
	enum exchange_verification verification;
	char *verify_provider, *verify_why;
	size_t bytes; /* charged to the capture */
};

struct exchange *exchange_ref(struct exchange *e);
/* NULL is allowed. */
void exchange_unref(struct exchange *e);
/* Of the response, or NULL; without parameters ("text/html"), lower case, into @ret. */
const char *exchange_media_type(const struct exchange *e, enum exchange_side side, size_t size,
	char *ret);
/* The first of the latest that are told at once; the list's head when there is none. */
#define EXCHANGE_MESSAGES_LATEST 4096
struct list *exchange_latest_messages(const struct exchange *e);
const char *exchange_kind_word(enum exchange_kind k);
const char *exchange_state_word(enum exchange_state s);
const char *exchange_message_word(enum exchange_message_kind k);
const char *exchange_verification_word(enum exchange_verification v);
