/* SPDX-License-Identifier: MIT */
#pragma once

/* http_chunk: validates a chunked body that passes unchanged (RFC 9112 §7.1). Allocates nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define HTTP_CHUNK_LINE_MAX    1024 /* extensions of one chunk */
#define HTTP_CHUNK_TRAILER_MAX 8192 /* the whole trailer section, without its line ends' LF */
#define HTTP_CHUNK_NAME_MAX    20   /* longer trailer names are no known ones */

struct http_chunk {
	uint8_t state;
	uint8_t digits;
	bool has_trailers;
	uint8_t name_len; /* of the trailer line that is being read; one more: too long to be known
			   */
	uint16_t line;    /* length of the extensions so far */
	uint16_t trailer; /* of the trailer section so far */
	uint64_t left;    /* of this chunk's data */
	char name[HTTP_CHUNK_NAME_MAX];
};

void http_chunk_init(struct http_chunk *c);
/*
 * How many of @n bytes belong to the body (all, or up to its end); negative enum http_fault when
 * they are bad, and from then on for ever.
 */
long http_chunk_take(struct http_chunk *c, const uint8_t *bytes, size_t n) MUST_USE;
/* The same, but stops after a run of data: of what was taken the last *ret_data bytes are content.
 */
long http_chunk_next(struct http_chunk *c, const uint8_t *bytes, size_t n,
	size_t *ret_data) MUST_USE;
bool http_chunk_is_done(const struct http_chunk *c);
