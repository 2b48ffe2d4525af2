/* SPDX-License-Identifier: MIT */
/*
 * ring: what was written to a stream and is not acknowledged yet, addressed by absolute offset.
 *
 * The retransmission buffer and the send queue are one: [start, end). Offsets map to places by
 * their low bits, so growing re-places what is there once.
 */
#include "mux/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CAP_MIN 4096

void ring_init(struct ring *r)
{
	memset(r, 0, sizeof(*r));
}

void ring_deinit(struct ring *r)
{
	free(TAKE_PTR(r->data));
	r->cap = 0;
}

/* The place of @offset, and how many bytes follow before the wrap. */
static uint8_t *place(const struct ring *r, uint64_t offset, size_t *ret_contiguous)
{
	size_t at = (size_t)offset & (r->cap - 1);

	*ret_contiguous = r->cap - at;
	return r->data + at;
}

static void resize(struct ring *r, size_t cap)
{
	struct ring to = {.data = mem_alloc(cap), .cap = cap, .start = r->start, .end = r->start};
	size_t left = ring_len(r);

	assert(left <= cap);
	while (left > 0) {
		size_t from_n, to_n, n;
		const uint8_t *from = place(r, to.end, &from_n);
		uint8_t *at = place(&to, to.end, &to_n);

		n = MIN(left, MIN(from_n, to_n));
		memcpy(at, from, n);
		to.end += n;
		left -= n;
	}
	free(r->data);
	*r = to;
}

uint8_t *ring_reserve(struct ring *r, size_t n, size_t max, size_t *ret_n)
{
	size_t len = ring_len(r), want = MIN(len + n, max), contiguous;
	uint8_t *at;

	if (len >= max || n == 0)
		return NULL;
	if (want > r->cap) {
		size_t cap = MAX(r->cap, (size_t)CAP_MIN);

		while (cap < want)
			cap *= 2;
		resize(r, cap);
	}
	at = place(r, r->end, &contiguous);
	*ret_n = MIN(want - len, contiguous);
	return at;
}

void ring_commit(struct ring *r, size_t n)
{
	r->end += n;
	assert(ring_len(r) <= r->cap);
}

void ring_copy(const struct ring *r, uint64_t offset, void *to, size_t n)
{
	size_t contiguous;
	const uint8_t *from;

	assert(offset >= r->start && offset + n <= r->end);
	if (n == 0)
		return;
	from = place(r, offset, &contiguous);
	if (n <= contiguous) {
		memcpy(to, from, n);
		return;
	}
	memcpy(to, from, contiguous);
	memcpy((uint8_t *)to + contiguous, r->data, n - contiguous);
}

void ring_drop(struct ring *r, uint64_t offset)
{
	assert(offset >= r->start && offset <= r->end);
	r->start = offset;
	if (r->start == r->end && r->cap <= RING_SMALL)
		ring_deinit(r);
}

bool ring_is_spacious(const struct ring *r)
{
	return r->cap > RING_SMALL && ring_len(r) < r->cap / 4;
}

void ring_shrink(struct ring *r)
{
	size_t cap = r->cap;

	while (cap / 2 >= MAX(ring_len(r), (size_t)CAP_MIN))
		cap /= 2;
	if (r->start == r->end)
		ring_deinit(r);
	else if (cap < r->cap)
		resize(r, cap);
}
