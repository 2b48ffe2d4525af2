/* SPDX-License-Identifier: MIT */
#pragma once

/* capture: the exchanges that are kept, bounded by number and bytes, the oldest going first. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "base/list.h"
#include "inspect/exchange.h"
#include "inspect/ws_inflate.h"
#include "proto/http_head.h"

/* What an exchange is charged that holds nothing yet: itself, and its place in the index. */
#define CAPTURE_EXCHANGE_BYTES (sizeof(struct exchange) + IDMAP_SHARE)

struct capture_limits {
	size_t requests; /* exchanges at once; 0: nothing is kept */
	size_t bytes;    /* of all, heads, bodies, messages and bookkeeping */
	size_t body;     /* of one body, and of one message */
	size_t messages; /* of one exchange; the newest are kept */
};

enum capture_event {
	CAPTURE_NEW,     /* its request's head is there */
	CAPTURE_CHANGED, /* response head, message, verification */
	CAPTURE_ENDED,   /* DONE or FAILED */
	CAPTURE_GONE,    /* evicted or cleared; about to lose what it holds */
};

/* Called at once, inside of what happens to a visitor: only note it. It may take any watch out, and
 * nothing of the capture otherwise. */
struct capture_watch;
typedef void capture_changed_f(struct capture_watch *w, struct exchange *e, enum capture_event ev);
struct capture_watch {
	struct list node;
	capture_changed_f *changed;
};

struct capture {
	struct list exchanges; /* oldest first */
	struct idmap by_id;    /* the same by the low half of their ids */
	struct list recent;    /* those that were announced, in the order of their last change */
	struct list watches;
	struct list *next_watch; /* of a walk that is under way */
	struct capture_limits limits;
	size_t n, bytes;
	struct ws_inflate_budget inflating; /* its memory is not in `bytes` */
	uint64_t last_id;
	uint64_t changes;       /* announcements so far */
	uint64_t seen, dropped; /* all that began; of those, no longer here */
};

void capture_init(struct capture *c, const struct capture_limits *limits);
void capture_deinit(struct capture *c);
/* What is above them goes at once. */
void capture_set_limits(struct capture *c, const struct capture_limits *limits);

/* A new exchange, with a reference for the caller; NULL where the limits keep nothing. It is not
 * announced before capture_announce(). */
struct exchange *capture_begin(struct capture *c, const char *tunnel, const char *visitor,
	bool tls) MUST_USE;
/* Copies of what passed, as much as the limits let in; nothing on an exchange that has gone. */
void capture_set_request(struct exchange *e, struct http_span method, struct http_span target,
	unsigned int minor);
void capture_set_head(struct exchange *e, enum exchange_side side, const char *head, size_t n);
void capture_add_body(struct exchange *e, enum exchange_side side, const void *bytes, size_t n);
/* So long a body is announced: memory for it at once. */
void capture_expect_body(struct exchange *e, enum exchange_side side, uint64_t length);
/* Passed, and not kept. */
void capture_count_body(struct exchange *e, enum exchange_side side, size_t n);
void capture_add_message(struct exchange *e, enum exchange_side from,
	enum exchange_message_kind kind, const void *bytes, size_t kept, uint64_t size);
/* The same in pieces, one message at a time from each side; @bytes NULL: counted, not kept. */
void capture_grow_message(struct exchange *e, enum exchange_side from, const void *bytes, size_t n);
void capture_finish_message(struct exchange *e, enum exchange_side from,
	enum exchange_message_kind kind);
/* What has come of it was no message. */
void capture_drop_message(struct exchange *e, enum exchange_side from);
/* Tell the watches; from the first time on it is in `recent`. */
void capture_announce(struct exchange *e, enum capture_event ev);
/* DONE, or FAILED with @error; once. Announces it. */
void capture_end(struct exchange *e, const char *error);

struct exchange *capture_find(const struct capture *c, uint64_t id);
/* All but those that are still open; of @tunnel, or of all (NULL). How many. */
size_t capture_clear(struct capture *c, const char *tunnel);
void capture_watch(struct capture *c, struct capture_watch *w, capture_changed_f *changed);
/* Harmless when it is not watching. */
void capture_unwatch(struct capture *c, struct capture_watch *w);
