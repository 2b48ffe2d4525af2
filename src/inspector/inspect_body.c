/* SPDX-License-Identifier: MIT */
/*
 * inspect_body: a few KiB can stand for 16 MiB, which is 64 slices: they are decoded once, not 64
 * times. One body is held, and not for long.
 */
#include "inspector/inspect_body.h"

#include "inspect/decode.h"
#include "inspect/exchange_json.h"

#define HOLD_MS 3000

static void forget(struct inspect_body *b)
{
	buf_deinit(&b->decoded);
	b->id = 0;
}

static void on_forget(struct timer *t)
{
	forget(container_of(t, struct inspect_body, forget));
}

void inspect_body_init(struct inspect_body *b, struct loop *loop)
{
	buf_init(&b->decoded, 0);
	b->id = 0;
	timer_init(&b->forget, loop, on_forget);
}

void inspect_body_deinit(struct inspect_body *b)
{
	timer_stop(&b->forget);
	forget(b);
}

const struct buf *inspect_body_decode(struct inspect_body *b, const struct exchange *e,
	enum exchange_side side)
{
	const struct exchange_part *p = &e->part[side];
	char room[EXCHANGE_JSON_CODING];

	timer_start(&b->forget, HOLD_MS);
	if (b->id == e->id && b->side == side && b->kept == p->kept)
		return &b->decoded;
	forget(b);
	/* cut or broken from somewhere on: what came before is what there is */
	if (decode_body(&b->decoded, exchange_json_coding(e, side, room), p->body, p->kept,
		    DECODE_MAX) == DECODE_UNKNOWN)
		return NULL;
	b->id = e->id;
	b->side = side;
	b->kept = p->kept;
	return &b->decoded;
}
