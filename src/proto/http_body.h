/* SPDX-License-Identifier: MIT */
#pragma once

/* http_body: how long a message's body is (RFC 9112 §6), and how much of it has passed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http_chunk.h"
#include "proto/http_head.h"

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

struct http_body {
	enum http_body_kind kind;
	uint64_t left; /* of HTTP_BODY_LENGTH */
	struct http_chunk chunk;
	bool done;
};

void http_body_of_request(struct http_body *b, const struct http_head *h);
/* A 1xx, 204, 304 or answer to HEAD has none, whatever its fields say; 101 ends HTTP. */
void http_body_of_response(struct http_body *b, const struct http_head *h, bool to_head_request);
/* How many of @n bytes belong to the body; sets b->done. Negative enum http_fault on bad chunks. */
long http_body_take(struct http_body *b, const uint8_t *bytes, size_t n) MUST_USE;
/* The same, but stops after a run of content: of what was taken the last *ret_data bytes are
 * content, without chunks. */
long http_body_next(struct http_body *b, const uint8_t *bytes, size_t n, size_t *ret_data) MUST_USE;
