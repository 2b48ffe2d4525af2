/* SPDX-License-Identifier: MIT */
/*
 * buf: a byte queue that is told at birth how much it may ever hold.
 *
 * Bytes are read at the head and added at the tail, always contiguous, so that both
 * ends can be handed to read(2) and write(2). Nothing is allocated while the queue is
 * empty: ten thousand idle connections cost no buffers.
 *
 * Growth is by half, and bytes are moved to the front only when the gap there is at
 * least half of what has to be moved; both keep the cost per byte constant. The memory
 * held is at most one and a half times the maximum.
 *
 * Not here: rings with absolute offsets (mux), text (str).
 */

#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST_CAP 512

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_deinit(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	buf_init(b, b->max);
}

size_t buf_room(const struct buf *b)
{
	return b->max - b->len;
}

static void buf_move_to_front(struct buf *b)
{
	memmove(b->data, b->data + b->head, b->len);
	b->head = 0;
}

/* A fresh allocation that holds @need bytes and half as many again. */
static void buf_grow(struct buf *b, size_t need)
{
	size_t cap = need + need / 2;
	uint8_t *data;

	if (cap < BUF_FIRST_CAP)
		cap = BUF_FIRST_CAP;
	data = mem_alloc(cap);
	if (b->len > 0)
		memcpy(data, b->data + b->head, b->len);
	free(b->data);
	b->data = data;
	b->head = 0;
	b->cap = cap;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	size_t need = b->len + n;

	assert(b->len <= b->max);
	if (n > buf_room(b))
		return NULL;
	if (!b->data || b->head + need > b->cap) {
		if (b->data && need <= b->cap && b->head >= b->len / 2)
			buf_move_to_front(b);
		else
			buf_grow(b, need);
	}
	return b->data + b->head + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(b->head + b->len + n <= b->cap);
	assert(n <= buf_room(b));
	b->len += n;
	if (b->len == 0)
		buf_clear(b);
}

size_t buf_add(struct buf *b, const void *bytes, size_t n)
{
	n = MIN(n, buf_room(b));
	if (n > 0) {
		uint8_t *tail = buf_reserve(b, n);

		memcpy(tail, bytes, n);
		b->len += n;
	}
	return n;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	b->head += n;
	b->len -= n;
	if (b->len == 0)
		buf_clear(b);
}

void buf_wipe(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n > 0)
		mem_wipe(b->data + b->head, n);
	buf_consume(b, n);
}

void buf_clear(struct buf *b)
{
	buf_deinit(b);
}
