/* SPDX-License-Identifier: MIT */
/*
 * http_chunk: a state machine over chunked bodies; data is stepped over by arithmetic, only
 * chunk lines and trailers are looked at byte by byte. Nothing is changed or kept but the
 * trailer line that is being read.
 */
#include "proto/http_chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/http_head.h"

enum state { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, LINE, LINE_LF, DONE };

void http_chunk_init(struct http_chunk *c)
{
	memset(c, 0, sizeof(*c));
}

void http_chunk_deinit(struct http_chunk *c)
{
	free(TAKE_PTR(c->name));
}

bool http_chunk_is_done(const struct http_chunk *c)
{
	return c->state == DONE;
}

static int hex_digit(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	b |= 0x20;
	return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* "1a;name=value CRLF": at most 15 digits, so that the size stays below 2^60 */
static enum http_fault on_size(struct http_chunk *c, uint8_t b)
{
	int digit = hex_digit(b);

	if (digit >= 0) {
		if (++c->digits > 15)
			return HTTP_FAULT_CHUNK;
		c->left = c->left << 4 | (uint64_t)digit;
		return HTTP_FAULT_NONE;
	}
	if (c->digits == 0 || (b != '\r' && b != ';'))
		return HTTP_FAULT_CHUNK;
	c->state = b == '\r' ? SIZE_LF : EXTENSION;
	c->line = 0;
	return HTTP_FAULT_NONE;
}

static enum http_fault on_extension(struct http_chunk *c, uint8_t b)
{
	if (b == '\r') {
		c->state = SIZE_LF;
		return HTTP_FAULT_NONE;
	}
	if (++c->line > HTTP_CHUNK_LINE_MAX || (b < 0x20 && b != '\t') || b == 0x7f)
		return HTTP_FAULT_CHUNK;
	return HTTP_FAULT_NONE;
}

static void begin_chunk(struct http_chunk *c)
{
	c->state = SIZE;
	c->digits = 0;
	c->left = 0;
}

static void begin_trailers(struct http_chunk *c)
{
	c->state = LINE;
	c->line = 0;
}

/* Framing and routing must not come late (RFC 9110 §6.5.1). */
static enum http_fault end_of_trailer(struct http_chunk *c)
{
	static const char *const forbidden[] = {"content-length", "transfer-encoding", "host", "trailer",
		"connection", "upgrade", "te", "expect", "authorization", "content-type", "content-encoding"};
	struct http_field f;

	c->name[c->line] = '\0';
	if (http_head_field(&f, c->name, c->line) != HTTP_FAULT_NONE)
		return HTTP_FAULT_TRAILER;
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		if (http_head_span_case_is(f.name, forbidden[i]))
			return HTTP_FAULT_TRAILER;
	}
	free(TAKE_PTR(c->name));
	c->line = 0;
	return HTTP_FAULT_NONE;
}

static enum http_fault on_line(struct http_chunk *c, uint8_t b)
{
	if (++c->trailer > HTTP_CHUNK_TRAILER_MAX)
		return HTTP_FAULT_TRAILER;
	if (b == '\r') {
		c->state = LINE_LF;
		return HTTP_FAULT_NONE;
	}
	if (b == '\n')
		return HTTP_FAULT_TRAILER;
	if (!c->name)
		c->name = mem_alloc(HTTP_CHUNK_TRAILER_MAX + 1);
	c->name[c->line++] = (char)b;
	return HTTP_FAULT_NONE;
}

static enum http_fault on_line_lf(struct http_chunk *c, uint8_t b)
{
	if (b != '\n')
		return HTTP_FAULT_TRAILER;
	if (c->line == 0) {
		c->state = DONE;
		return HTTP_FAULT_NONE;
	}
	c->state = LINE;
	c->has_trailers = true;
	return end_of_trailer(c);
}

static enum http_fault on_byte(struct http_chunk *c, uint8_t b)
{
	switch ((enum state)c->state) {
	case SIZE:
		return on_size(c, b);
	case EXTENSION:
		return on_extension(c, b);
	case SIZE_LF:
		if (b != '\n')
			return HTTP_FAULT_CHUNK;
		if (c->left > 0)
			c->state = DATA;
		else
			begin_trailers(c);
		return HTTP_FAULT_NONE;
	case DATA_CR:
		c->state = DATA_LF;
		return b == '\r' ? HTTP_FAULT_NONE : HTTP_FAULT_CHUNK;
	case DATA_LF:
		begin_chunk(c);
		return b == '\n' ? HTTP_FAULT_NONE : HTTP_FAULT_CHUNK;
	case LINE:
		return on_line(c, b);
	case LINE_LF:
		return on_line_lf(c, b);
	case DATA:
	case DONE:
		break;
	}
	return HTTP_FAULT_CHUNK;
}

long http_chunk_take(struct http_chunk *c, const uint8_t *bytes, size_t n)
{
	size_t at = 0;

	while (at < n && c->state != DONE) {
		enum http_fault fault;

		if (c->state == DATA) {
			uint64_t step = MIN((uint64_t)(n - at), c->left);

			at += (size_t)step;
			c->left -= step;
			if (c->left == 0)
				c->state = DATA_CR;
			continue;
		}
		fault = on_byte(c, bytes[at++]);
		if (fault != HTTP_FAULT_NONE) {
			http_chunk_deinit(c);
			return -(long)fault;
		}
	}
	return (long)at;
}
