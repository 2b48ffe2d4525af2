/* SPDX-License-Identifier: MIT */
#pragma once

/* inspect_body: the body that was decoded last: who asks for one slice soon asks for the next. */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "inspect/exchange.h"
#include "io/timer.h"

struct loop;

struct inspect_body {
	struct buf decoded;
	uint64_t id; /* of which request; 0: none is held */
	enum exchange_side side;
	size_t kept;         /* how much of it there was */
	struct timer forget; /* it is held for some seconds after it was asked for */
};

void inspect_body_init(struct inspect_body *b, struct loop *loop);
void inspect_body_deinit(struct inspect_body *b);
/* A side's body without its content coding, as far as that can be undone, and at most DECODE_MAX.
 * Borrowed until the next call, or until the loop turns. NULL: a coding that is not known. */
const struct buf *inspect_body_decode(struct inspect_body *b, const struct exchange *e,
	enum exchange_side side);
