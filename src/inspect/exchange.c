/* SPDX-License-Identifier: MIT */
/* exchange: lifetime of one, and its words. What it holds is put in and taken out by capture. */
#include "inspect/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "inspect/capture.h"
#include "inspect/head_lines.h"

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

const char *exchange_media_type(const struct exchange *e, enum exchange_side side, size_t size,
	char *ret)
{
	const struct exchange_part *p = &e->part[side];

	if (!p->head || !head_lines_value(p->head, p->head_len, "content-type", size, ret))
		return NULL;
	ret[strcspn(ret, "; ,")] = '\0';
	str_lower(ret);
	return ret;
}

struct list *exchange_latest_messages(const struct exchange *e)
{
	struct list *at = e->messages.prev;

	for (size_t n = 1; n < EXCHANGE_MESSAGES_LATEST && at->prev != &e->messages; n++)
		at = at->prev;
	return at;
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
