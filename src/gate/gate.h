/* SPDX-License-Identifier: MIT */
#pragma once

/* gate: no byte of a request reaches the origin before its signature was found right. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "gate/gate_read.h"
#include "io/loop.h"
#include "io/timer.h"
#include "relay/pump.h"

struct gate;
struct verify_conf;

/* What all gates of the daemon hold together. */
struct gate_account {
	size_t bytes, max;
};

struct gate_ops {
	/* The origin is wanted now; said once, and pump_connect() is to follow. */
	void (*dial)(struct gate *g);
	/* Found out about the request that the pump's tap was shown last: @why NULL is signed. */
	void (*judged)(struct gate *g, const char *why);
};

enum gate_state {
	GATE_HEAD, /* a request's head is to come, when the last answer has ended */
	GATE_BODY, /* its body comes, and is kept or (hopeless) dropped */
	GATE_PASS, /* it is signed, and goes on as the conn takes it */
	GATE_WAIT, /* it has gone on; the answer is awaited */
	GATE_OPEN, /* upgraded, or no HTTP: everything goes on as it comes */
	GATE_SHUT, /* refused for good: nothing more is taken */
};

struct gate {
	struct pump_gate hook;
	const struct gate_ops *ops;
	struct pump *pump;
	struct gate_account *account;
	const struct verify_conf *conf; /* looked at for each request: it may have changed */
	enum gate_state state;
	struct buf in;           /* of the stream: the request, and perhaps what follows it */
	size_t taken;            /* from the front of it: of the request, credited and shown */
	size_t scanned, charged; /* for the head's end; to the account */
	uint64_t body_bytes;     /* of this request's so far */
	struct gate_read read;
	struct timer deadline;
	struct loop_task later; /* what must not happen inside of a look at the answer */
	/* The answer, as far as its end has to be found. */
	struct buf answer_head;
	size_t answer_scanned;
	struct http_body answer_body;
	bool in_answer : 1, answered : 1, upgraded : 1, bad_answer : 1, last_answer : 1;
	bool enforce : 1, dialled : 1, ended : 1, origin_ended : 1;
};

/* Binds itself to @p, whose conn need not be there; @account and @conf outlive it. Where @conf does
 * not enforce, the conn is to be made at once and nothing is held back. */
void gate_init(struct gate *g, struct pump *p, const struct verify_conf *conf,
	struct gate_account *account, const struct gate_ops *ops);
/* The pump is over. */
void gate_deinit(struct gate *g);
