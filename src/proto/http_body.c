/* SPDX-License-Identifier: MIT */
/*
 * http_body: message body length (RFC 9112 §6.3), and progress through it.
 *
 * The head has been refused already where it could be read in two ways, so what is left is a
 * choice: chunks, a length, nothing, or (responses only) until the connection ends. The bytes
 * themselves are the caller's; this only says how many of them still belong to the message.
 */
#include "proto/http_body.h"

static void begin(struct http_body *b, const struct http_head *h, enum http_body_kind otherwise)
{
	b->left = 0;
	b->done = false;
	if (h->chunked) {
		b->kind = HTTP_BODY_CHUNKED;
		http_chunk_init(&b->chunk);
	} else if (h->has_length) {
		b->kind = h->length ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
		b->left = h->length;
	} else {
		b->kind = otherwise;
	}
	b->done = b->kind == HTTP_BODY_NONE;
}

void http_body_of_request(struct http_body *b, const struct http_head *h)
{
	begin(b, h, HTTP_BODY_NONE);
}

void http_body_of_response(struct http_body *b, const struct http_head *h, bool to_head_request)
{
	if (to_head_request || h->status < 200 || h->status == 204 || h->status == 304) {
		b->kind = HTTP_BODY_NONE;
		b->left = 0;
		b->done = true;
		return;
	}
	begin(b, h, HTTP_BODY_UNTIL_CLOSE);
}

static long take_plain(struct http_body *b, size_t n)
{
	if (b->kind == HTTP_BODY_LENGTH) {
		n = (size_t)MIN((uint64_t)n, b->left);
		b->left -= n;
		b->done = b->left == 0;
	}
	return (long)n;
}

long http_body_take(struct http_body *b, const uint8_t *bytes, size_t n)
{
	long taken;

	if (b->done)
		return 0;
	if (b->kind != HTTP_BODY_CHUNKED)
		return take_plain(b, n);
	taken = http_chunk_take(&b->chunk, bytes, n);
	b->done = taken >= 0 && http_chunk_is_done(&b->chunk);
	return taken;
}

long http_body_next(struct http_body *b, const uint8_t *bytes, size_t n, size_t *ret_data)
{
	long taken;

	*ret_data = 0;
	if (b->done)
		return 0;
	if (b->kind != HTTP_BODY_CHUNKED) {
		taken = take_plain(b, n);
		*ret_data = (size_t)taken;
		return taken;
	}
	taken = http_chunk_next(&b->chunk, bytes, n, ret_data);
	b->done = taken >= 0 && http_chunk_is_done(&b->chunk);
	return taken;
}
