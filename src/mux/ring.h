/* SPDX-License-Identifier: MIT */
#pragma once

/* ring: bytes between two absolute offsets; grows by need up to a maximum, and shrinks when it is
 * told to. A small one holds no memory while it is empty. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Up to this many bytes are given back at once: a large one is soon filled again, and memory fresh
 * from the kernel costs more than what is copied into it. */
#define RING_SMALL (64 * 1024)

struct ring {
	uint8_t *data;
	size_t cap;     /* power of two, or 0 */
	uint64_t start; /* offset of the oldest byte kept */
	uint64_t end;   /* one past the newest */
};

void ring_init(struct ring *r);
void ring_deinit(struct ring *r);
static inline size_t ring_len(const struct ring *r)
{
	return (size_t)(r->end - r->start);
}
/* Make room for @n more bytes, growing to at most @max; returns contiguous space at the tail of
 * *ret_n bytes (may be less than @n because of the wrap), NULL when @max is reached. */
uint8_t *ring_reserve(struct ring *r, size_t n, size_t max, size_t *ret_n) MUST_USE;
void ring_commit(struct ring *r, size_t n);
/* Copy out @n bytes from @offset (start <= offset, offset + n <= end). */
void ring_copy(const struct ring *r, uint64_t offset, void *to, size_t n);
/* Forget everything before @offset (start <= offset <= end). */
void ring_drop(struct ring *r, uint64_t offset);
/* It holds much more memory than bytes. */
bool ring_is_spacious(const struct ring *r);
/* Give back what is not needed now; all when it is empty. */
void ring_shrink(struct ring *r);
