/* SPDX-License-Identifier: MIT */
/* exchange: lifetime of one, and its words. What it holds is put in and taken out by capture. */
#include "inspect/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "inspect/capture.h"
#include "proto/http_head.h"

struct exchange *exchange_ref(struct exchange *e)
{
	e->refs++;
	return e;
}

void exchange_unref(struct exchange *e)
{
	if (!e)
		return;
	assert(e->refs > 0);
	if (--e->refs > 0)
		return;
	assert(!e->capture);
	free(e->tunnel);
	free(e);
}

static bool parse(struct http_head *h, const struct exchange_part *p, enum exchange_side side)
{
	const uint8_t *bytes = (const uint8_t *)p->head;

	if (!p->head)
		return false;
	return (side == EXCHANGE_REQUEST
			       ? http_head_request(h, bytes, p->head_len)
			       : http_head_response(h, bytes, p->head_len)) == HTTP_FAULT_NONE;
}

const char *exchange_media_type(const struct exchange *e, enum exchange_side side, size_t size,
	char *ret)
{
	const struct http_field *f;
	struct http_head h;
	size_t n = 0;

	if (!parse(&h, &e->part[side], side))
		return NULL;
	f = http_head_find(&h, "content-type");
	if (!f)
		return NULL;
	while (n < f->value.n && f->value.at[n] != ';' && f->value.at[n] != ' ')
		n++;
	(void)snprintf(ret, size, "%.*s", (int)n, f->value.at);
	str_lower(ret);
	return ret;
}

const char *exchange_kind_word(enum exchange_kind k)
{
	static const char *const words[] = {"http", "websocket", "sse"};

	return words[k];
}

const char *exchange_state_word(enum exchange_state s)
{
	static const char *const words[] = {"open", "done", "failed"};

	return words[s];
}

const char *exchange_message_word(enum exchange_message_kind k)
{
	static const char *const words[] = {"text", "binary", "ping", "pong", "close", "event"};

	return words[k];
}

const char *exchange_verification_word(enum exchange_verification v)
{
	static const char *const words[] = {"none", "verified", "failed"};

	return words[v];
}
