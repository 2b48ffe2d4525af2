/* SPDX-License-Identifier: MIT */
/*
 * cursor: big-endian fields read from, or written into, a span of bytes.
 *
 * Every access is checked against the end of the span; the first one that does not fit
 * sets `failed`, and from then on reads give zero and writes do nothing. A decoder can
 * therefore read a whole message and ask once, at the end. The span belongs to the
 * caller and must outlive whatever cursor_bytes() borrowed from it.
 */

#include "base/cursor.h"

#include <assert.h>
#include <string.h>

void cursor_read_init(struct cursor *c, const void *data, size_t size)
{
	/* reading and writing share the struct; the read functions never write */
	*c = (struct cursor){.data = (uint8_t *)(uintptr_t)data, .size = size};
}

void cursor_write_init(struct cursor *c, void *data, size_t size)
{
	*c = (struct cursor){.data = data, .size = size};
}

size_t cursor_left(const struct cursor *c)
{
	return c->size - c->pos;
}

bool cursor_is_done(const struct cursor *c)
{
	return !c->failed && c->pos == c->size;
}

/* Step over @n bytes; NULL once anything has failed. */
static uint8_t *cursor_step(struct cursor *c, size_t n)
{
	uint8_t *at;

	assert(c->pos <= c->size);
	if (c->failed || n > cursor_left(c)) {
		c->failed = true;
		return NULL;
	}
	if (!c->data) /* an empty span: there is no address to give */
		return NULL;
	at = c->data + c->pos;
	c->pos += n;
	return at;
}

static uint64_t cursor_get(struct cursor *c, size_t n)
{
	const uint8_t *at = cursor_step(c, n);
	uint64_t v = 0;

	for (size_t i = 0; at && i < n; i++)
		v = v << 8 | at[i];
	return v;
}

static void cursor_set(struct cursor *c, uint64_t v, size_t n)
{
	uint8_t *at = cursor_step(c, n);

	for (size_t i = 0; at && i < n; i++)
		at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_get(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_get(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_get(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
	return cursor_get(c, 8);
}

const uint8_t *cursor_bytes(struct cursor *c, size_t n)
{
	return cursor_step(c, n);
}

void cursor_put_u8(struct cursor *c, uint8_t v)
{
	cursor_set(c, v, 1);
}

void cursor_put_u16(struct cursor *c, uint16_t v)
{
	cursor_set(c, v, 2);
}

void cursor_put_u32(struct cursor *c, uint32_t v)
{
	cursor_set(c, v, 4);
}

void cursor_put_u64(struct cursor *c, uint64_t v)
{
	cursor_set(c, v, 8);
}

void cursor_put(struct cursor *c, const void *bytes, size_t n)
{
	uint8_t *at = cursor_step(c, n);

	if (at && n > 0)
		memcpy(at, bytes, n);
}
