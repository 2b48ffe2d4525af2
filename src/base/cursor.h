/* SPDX-License-Identifier: MIT */
#pragma once

/* cursor: read or write big-endian fields in a span; the first failure sticks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	uint8_t *data; /* written only by the write functions */
	size_t size;
	size_t pos;
	bool failed; /* a read or write went past the end; every later one is a no-op */
};

void cursor_read_init(struct cursor *c, const void *data, size_t size);
void cursor_write_init(struct cursor *c, void *data, size_t size);
size_t cursor_left(const struct cursor *c);
/* True when nothing failed and nothing is left over. */
bool cursor_is_done(const struct cursor *c);

/* Reads return 0 (NULL) after a failure. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
/* Borrow @n bytes of the span. */
const uint8_t *cursor_bytes(struct cursor *c, size_t n);

void cursor_put_u8(struct cursor *c, uint8_t v);
void cursor_put_u16(struct cursor *c, uint16_t v);
void cursor_put_u32(struct cursor *c, uint32_t v);
void cursor_put_u64(struct cursor *c, uint64_t v);
void cursor_put(struct cursor *c, const void *bytes, size_t n);
