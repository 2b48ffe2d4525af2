/* SPDX-License-Identifier: MIT */
/*
 * tap_messages: from pieces of messages to messages in the capture.
 *
 * What of a message has come is held, and charged, by the capture alone.
 */
#include "inspect/tap_messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/capture.h"
#include "inspect/sse.h"
#include "inspect/ws_messages.h"

struct side {
	struct ws_messages ws;
	struct tap_messages *owner;
};

struct tap_messages {
	struct exchange *e;
	bool is_ws;
	struct sse sse;
	struct side side[]; /* two of a WebSocket, by enum exchange_side */
};

/* --- WebSocket ------------------------------------------------------------------------------- */

static struct exchange *exchange_of(struct ws_messages *w, enum exchange_side *ret_from)
{
	const struct side *s = container_of(w, struct side, ws);

	*ret_from = (enum exchange_side)(s - s->owner->side);
	return s->owner->e;
}

static void on_ws_more(struct ws_messages *w, const uint8_t *bytes, size_t n)
{
	enum exchange_side from;
	struct exchange *e = exchange_of(w, &from);

	capture_grow_message(e, from, bytes, n);
}

static void on_ws_whole(struct ws_messages *w, enum exchange_message_kind kind)
{
	enum exchange_side from;
	struct exchange *e = exchange_of(w, &from);

	capture_finish_message(e, from, kind);
	capture_announce(e, CAPTURE_CHANGED);
}

static void on_ws_control(struct ws_messages *w, enum exchange_message_kind kind,
	const uint8_t *bytes, size_t n)
{
	enum exchange_side from;
	struct exchange *e = exchange_of(w, &from);

	capture_add_message(e, from, kind, bytes, n, n);
	capture_announce(e, CAPTURE_CHANGED);
}

static const struct ws_messages_ops ws_ops = {
	.more = on_ws_more,
	.whole = on_ws_whole,
	.control = on_ws_control,
};

/* Is @word among what the server agreed to, with these parameters? */
static bool agreed(const struct http_head *h, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];

		if (!http_head_span_case_is(f->name, "sec-websocket-extensions"))
			continue;
		for (size_t at = 0; at + n <= f->value.n; at++) {
			if (http_head_span_case_is((struct http_span){f->value.at + at, n}, word))
				return true;
		}
	}
	return false;
}

struct tap_messages *tap_messages_new_ws(struct exchange *e, const struct http_head *response)
{
	struct tap_messages *m = mem_zalloc(sizeof(struct tap_messages) + 2 * sizeof(struct side));

	m->e = e;
	m->is_ws = true;
	for (int i = 0; i < 2; i++) {
		m->side[i].owner = m;
		ws_messages_init(&m->side[i].ws, &ws_ops, e->capture->limits.body,
			&e->capture->inflating);
		m->side[i].ws.deflate = agreed(response, "permessage-deflate");
	}
	m->side[EXCHANGE_REQUEST].ws.forgets = agreed(response, "client_no_context_takeover");
	m->side[EXCHANGE_RESPONSE].ws.forgets = agreed(response, "server_no_context_takeover");
	return m;
}

/* --- events ---------------------------------------------------------------------------------- */

static void on_sse_more(struct sse *s, const uint8_t *bytes, size_t n)
{
	capture_grow_message(container_of(s, struct tap_messages, sse)->e, EXCHANGE_RESPONSE, bytes,
		n);
}

static void on_sse_whole(struct sse *s, bool event)
{
	struct exchange *e = container_of(s, struct tap_messages, sse)->e;

	if (!event) {
		capture_drop_message(e, EXCHANGE_RESPONSE);
		return;
	}
	capture_finish_message(e, EXCHANGE_RESPONSE, EXCHANGE_MESSAGE_EVENT);
	capture_announce(e, CAPTURE_CHANGED);
}

static const struct sse_ops sse_ops = {
	.more = on_sse_more,
	.whole = on_sse_whole,
};

struct tap_messages *tap_messages_new_sse(struct exchange *e)
{
	struct tap_messages *m = mem_new(struct tap_messages);

	m->e = e;
	sse_init(&m->sse, &sse_ops);
	return m;
}

/* --- both ------------------------------------------------------------------------------------ */

void tap_messages_free(struct tap_messages *m)
{
	if (!m)
		return;
	for (int i = 0; m->is_ws && i < 2; i++)
		ws_messages_deinit(&m->side[i].ws);
	free(m);
}

bool tap_messages_take(struct tap_messages *m, enum exchange_side from, const uint8_t *bytes,
	size_t n)
{
	if (!m->e->capture)
		return false; /* it has gone, and so has the use of reading it */
	if (m->is_ws)
		return ws_messages_take(&m->side[from].ws, bytes, n);
	if (from == EXCHANGE_RESPONSE)
		sse_take(&m->sse, bytes, n);
	return true;
}
