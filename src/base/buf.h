/* SPDX-License-Identifier: MIT */
#pragma once

/* buf: a byte queue whose maximum is fixed at birth; holds no memory while empty. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct buf {
	uint8_t *data;
	size_t head; /* first unread byte */
	size_t len;  /* unread bytes      */
	size_t cap;
	size_t max; /* most unread bytes it may hold */
};

void buf_init(struct buf *b, size_t max);
void buf_deinit(struct buf *b);
/* Bytes that still fit. */
size_t buf_room(const struct buf *b);
static inline size_t buf_len(const struct buf *b)
{
	return b->len;
}
static inline const uint8_t *buf_data(const struct buf *b)
{
	return b->data ? b->data + b->head : NULL;
}
/* Append; returns how many of @n were taken (all, or what fits under the maximum). */
size_t buf_add(struct buf *b, const void *bytes, size_t n);
/* Contiguous space for at least @n bytes at the tail, or NULL when that passes the maximum. */
uint8_t *buf_reserve(struct buf *b, size_t n) MUST_USE;
/* @n bytes of the reserved space were filled. */
void buf_commit(struct buf *b, size_t n);
/* Drop @n read bytes; gives the memory back when that leaves it empty. */
void buf_consume(struct buf *b, size_t n);
/* The same, and they are overwritten: they may have been secret. */
void buf_wipe(struct buf *b, size_t n);
void buf_clear(struct buf *b);
