/* SPDX-License-Identifier: MIT */
#pragma once

/* http_chunk: validates a chunked body that passes unchanged (RFC 9112 §7.1). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define HTTP_CHUNK_LINE_MAX    1024	/* size, extensions */
#define HTTP_CHUNK_TRAILER_MAX 8192	/* the whole trailer section */

struct http_chunk {
	uint8_t state;
	uint8_t digits;
	bool has_trailers;
	uint16_t line;		/* length of the line so far */
	uint16_t trailer;	/* of the trailer section so far */
	uint64_t left;		/* of this chunk's data */
	char *name;		/* the trailer line so far, kept only while one is being read */
};

void http_chunk_init(struct http_chunk *c);
void http_chunk_deinit(struct http_chunk *c);
/* How many of @n bytes belong to the body (all, or up to its end); negative enum http_fault when they are bad. */
long http_chunk_take(struct http_chunk *c, const uint8_t *bytes, size_t n) MUST_USE;
bool http_chunk_is_done(const struct http_chunk *c);
