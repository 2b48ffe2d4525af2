/* SPDX-License-Identifier: MIT */
/*
 * http_chunk: a state machine over chunked bodies (RFC 9112 §7.1).
 *
 * Data is stepped over by arithmetic; only chunk lines and trailers are looked at byte by byte.
 * Nothing is changed, allocated or kept but the beginning of the trailer name that is being read.
 *
 * Strict where readers differ: CRLF ends every line, no blanks around a size, at most 15 digits (so
 * that no size comes near 2^63), extensions without control characters. Trailers are for what
 * comes after the fact; a field that frames, routes or authenticates is refused among them
 * (RFC 9110 §6.5.1), also spelled with '_', which some origins read as '-'.
 */
#include "proto/http_chunk.h"

#include <string.h>

#include "proto/http_head.h"

#define DIGITS_MAX 15

enum state {
	SIZE,      /* hexadecimal digits */
	EXTENSION, /* from ';' to CR */
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER, /* at the start of a trailer line, or of the empty one */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	DONE,
	BAD_CHUNK,
	BAD_TRAILER,
};

void http_chunk_init(struct http_chunk *c)
{
	memset(c, 0, sizeof(*c));
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

/* "1a;name=value CRLF" */
static enum state on_size(struct http_chunk *c, uint8_t b)
{
	int digit = hex_digit(b);

	if (digit >= 0) {
		if (++c->digits > DIGITS_MAX)
			return BAD_CHUNK;
		c->left = c->left << 4 | (uint64_t)digit;
		return SIZE;
	}
	if (c->digits == 0 || (b != '\r' && b != ';'))
		return BAD_CHUNK;
	c->line = 0;
	return b == '\r' ? SIZE_LF : EXTENSION;
}

static enum state on_extension(struct http_chunk *c, uint8_t b)
{
	if (b == '\r')
		return SIZE_LF;
	if (++c->line > HTTP_CHUNK_LINE_MAX || !http_head_is_value(b))
		return BAD_CHUNK;
	return EXTENSION;
}

static enum state on_data_lf(struct http_chunk *c, uint8_t b)
{
	c->digits = 0;
	c->left = 0;
	return b == '\n' ? SIZE : BAD_CHUNK;
}

static bool is_forbidden(const struct http_chunk *c)
{
	static const char *const names[] = {"authorization", "connection", "content-encoding",
		"content-length", "content-type", "expect", "forwarded", "host", "te", "trailer",
		"transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-host",
		"x-forwarded-proto"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (c->name_len == strlen(names[i]) && memcmp(c->name, names[i], c->name_len) == 0)
			return true;
	}
	return false;
}

static enum state on_name(struct http_chunk *c, uint8_t b)
{
	if (b == ':')
		return c->name_len == 0 || is_forbidden(c) ? BAD_TRAILER : TRAILER_VALUE;
	if (!http_head_is_token(b))
		return BAD_TRAILER;
	if (b >= 'A' && b <= 'Z')
		b |= 0x20;
	if (c->name_len < HTTP_CHUNK_NAME_MAX)
		c->name[c->name_len++] = b == '_' ? '-' : (char)b;
	else
		c->name_len = HTTP_CHUNK_NAME_MAX + 1;
	return TRAILER_NAME;
}

static enum state on_trailer(struct http_chunk *c, enum state state, uint8_t b)
{
	if (++c->trailer > HTTP_CHUNK_TRAILER_MAX)
		return BAD_TRAILER;
	if (state == TRAILER && b == '\r')
		return END_LF;
	if (state == TRAILER)
		c->name_len = 0;
	if (state != TRAILER_VALUE)
		return on_name(c, b);
	if (b == '\r')
		return TRAILER_LF;
	return http_head_is_value(b) ? TRAILER_VALUE : BAD_TRAILER;
}

static enum state on_byte(struct http_chunk *c, uint8_t b)
{
	switch ((enum state)c->state) {
	case SIZE:
		return on_size(c, b);
	case EXTENSION:
		return on_extension(c, b);
	case SIZE_LF:
		if (b != '\n')
			return BAD_CHUNK;
		return c->left > 0 ? DATA : TRAILER;
	case DATA_CR:
		return b == '\r' ? DATA_LF : BAD_CHUNK;
	case DATA_LF:
		return on_data_lf(c, b);
	case TRAILER:
	case TRAILER_NAME:
	case TRAILER_VALUE:
		return on_trailer(c, (enum state)c->state, b);
	case TRAILER_LF:
		c->has_trailers = true;
		return b == '\n' ? TRAILER : BAD_TRAILER;
	case END_LF:
		return b == '\n' ? DONE : BAD_TRAILER;
	case DATA:
	case DONE:
	case BAD_CHUNK:
	case BAD_TRAILER:
		break;
	}
	return (enum state)c->state;
}

static size_t step_over_data(struct http_chunk *c, size_t n)
{
	size_t step = (size_t)MIN((uint64_t)n, c->left);

	c->left -= step;
	if (c->left == 0)
		c->state = DATA_CR;
	return step;
}

long http_chunk_next(struct http_chunk *c, const uint8_t *bytes, size_t n, size_t *ret_data)
{
	size_t at = 0;

	*ret_data = 0;
	while (at < n && c->state < DONE && *ret_data == 0) {
		if (c->state == DATA)
			at += *ret_data = step_over_data(c, n - at);
		else
			c->state = (uint8_t)on_byte(c, bytes[at++]);
	}
	if (c->state == BAD_CHUNK)
		return -(long)HTTP_FAULT_CHUNK;
	if (c->state == BAD_TRAILER)
		return -(long)HTTP_FAULT_TRAILER;
	return (long)at;
}

long http_chunk_take(struct http_chunk *c, const uint8_t *bytes, size_t n)
{
	size_t at = 0, data;
	long r;

	do {
		r = http_chunk_next(c, bytes + at, n - at, &data);
		if (r < 0)
			return r;
		at += (size_t)r;
	} while (r > 0);
	return (long)at;
}
