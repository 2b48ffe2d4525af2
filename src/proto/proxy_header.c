/* SPDX-License-Identifier: MIT */
/*
 * proxy_header: reading and writing the PROXY protocol.
 *
 * Version 1 is a line of text of at most 107 bytes, version 2 binary with a length. TLVs are
 * stepped over but for PP2_TYPE_SSL's first byte; one that lies about its length makes the header
 * bad, since whoever wrote it cannot be followed any further.
 */
#include "proto/proxy_header.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/cursor.h"

#define LINE_MAX_V1 107
#define TEXT_MAX    64 /* one word of a line */

#define FIXED    16 /* signature, command, family, length */
#define TLV_SSL  0x20
#define SSL_USED 0x01 /* PP2_CLIENT_SSL */

static const uint8_t signature[12] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* --- version 1 ------------------------------------------------------------------------------- */

struct words {
	const char *at, *end;
};

/* The next word, up to one space or the end, into @to; false for none, or one too long. */
static bool next_word(struct words *w, char to[static TEXT_MAX])
{
	const char *stop = memchr(w->at, ' ', (size_t)(w->end - w->at));
	size_t n = (size_t)((stop ? stop : w->end) - w->at);

	if (n == 0 || n >= TEXT_MAX || memchr(w->at, '\0', n))
		return false;
	memcpy(to, w->at, n);
	to[n] = '\0';
	w->at = stop ? stop + 1 : w->end;
	return true;
}

static bool next_address(struct words *w, int family, uint8_t to[static 16])
{
	char text[TEXT_MAX];

	return next_word(w, text) && inet_pton(family, text, to) == 1;
}

/* Digits only, without a zero in front (§2.1). */
static bool next_port(struct words *w, uint16_t *to)
{
	char text[TEXT_MAX];
	unsigned int value = 0;

	if (!next_word(w, text) || strlen(text) > 5 || (text[0] == '0' && text[1]))
		return false;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9')
			return false;
		value = value * 10 + (unsigned int)(*at - '0');
	}
	*to = (uint16_t)value;
	return value <= UINT16_MAX;
}

static bool read_line(struct proxy_header *h, const char *line, size_t n)
{
	struct words w = {line, line + n};
	char text[TEXT_MAX];
	int family;

	if (!next_word(&w, text) || strcmp(text, "PROXY") != 0 || !next_word(&w, text))
		return false;
	if (strcmp(text, "UNKNOWN") == 0)
		return true; /* whatever follows is to be ignored */
	if (strcmp(text, "TCP4") == 0)
		h->family = PROXY_HEADER_V4;
	else if (strcmp(text, "TCP6") == 0)
		h->family = PROXY_HEADER_V6;
	else
		return false;
	family = h->family == PROXY_HEADER_V4 ? AF_INET : AF_INET6;
	return next_address(&w, family, h->source) && next_address(&w, family, h->destination) &&
	       next_port(&w, &h->source_port) && next_port(&w, &h->destination_port) &&
	       w.at == w.end && line[n - 1] != ' ';
}

static enum proxy_header_result parse_v1(struct proxy_header *h, const uint8_t *bytes, size_t n)
{
	const uint8_t *end = memchr(bytes, '\n', MIN(n, (size_t)LINE_MAX_V1));
	size_t length;

	if (!end)
		return n < LINE_MAX_V1 ? PROXY_HEADER_SHORT : PROXY_HEADER_BAD;
	length = (size_t)(end - bytes) + 1;
	if (length < 2 || end[-1] != '\r' || !read_line(h, (const char *)bytes, length - 2))
		return PROXY_HEADER_BAD;
	h->length = length;
	return PROXY_HEADER_OK;
}

/* --- version 2 ------------------------------------------------------------------------------- */

static void read_addresses(struct proxy_header *h, struct cursor *c, size_t n)
{
	const uint8_t *source = cursor_bytes(c, n), *destination = cursor_bytes(c, n);

	if (source && destination) {
		memcpy(h->source, source, n);
		memcpy(h->destination, destination, n);
	}
	h->source_port = cursor_u16(c);
	h->destination_port = cursor_u16(c);
	h->family = n == 4 ? PROXY_HEADER_V4 : PROXY_HEADER_V6;
}

static void read_tlvs(struct proxy_header *h, struct cursor *c)
{
	while (!c->failed && cursor_left(c) > 0) {
		uint8_t type = cursor_u8(c);
		size_t n = cursor_u16(c);
		const uint8_t *value = cursor_bytes(c, n);

		if (value && type == TLV_SSL && n > 0)
			h->tls = (value[0] & SSL_USED) != 0;
	}
}

static enum proxy_header_result parse_v2(struct proxy_header *h, const uint8_t *bytes, size_t n)
{
	struct cursor c;
	uint8_t command, family;
	size_t length;

	if (n < FIXED)
		return PROXY_HEADER_SHORT;
	command = bytes[12];
	family = bytes[13];
	length = (size_t)bytes[14] << 8 | bytes[15];
	if ((command != 0x20 && command != 0x21) || FIXED + length > PROXY_HEADER_MAX)
		return PROXY_HEADER_BAD;
	if (n < FIXED + length)
		return PROXY_HEADER_SHORT;
	h->length = FIXED + length;
	cursor_read_init(&c, bytes + FIXED, length);
	if (command == 0x20 || (family != 0x11 && family != 0x21))
		return PROXY_HEADER_OK; /* a health check, a unix socket, UDP: nothing to go by */
	read_addresses(h, &c, family == 0x11 ? 4 : 16);
	read_tlvs(h, &c);
	return c.failed ? PROXY_HEADER_BAD : PROXY_HEADER_OK;
}

/* --- both ------------------------------------------------------------------------------------ */

static bool begins(const uint8_t *bytes, size_t n, const void *with, size_t size)
{
	return memcmp(bytes, with, MIN(n, size)) == 0;
}

enum proxy_header_result proxy_header_parse(struct proxy_header *ret, const uint8_t *bytes,
	size_t n)
{
	enum proxy_header_result r = PROXY_HEADER_NONE;

	memset(ret, 0, sizeof(*ret));
	if (n == 0)
		return PROXY_HEADER_SHORT;
	if (begins(bytes, n, signature, sizeof(signature)))
		r = parse_v2(ret, bytes, n);
	else if (begins(bytes, n, "PROXY ", 6))
		r = parse_v1(ret, bytes, n);
	if (r != PROXY_HEADER_OK)
		memset(ret, 0, sizeof(*ret));
	return r;
}

size_t proxy_header_encode(uint8_t out[static PROXY_HEADER_OUT_MAX], const struct proxy_header *h)
{
	size_t ip = h->family == PROXY_HEADER_V4 ? 4 : 16;
	bool known = h->family != PROXY_HEADER_UNKNOWN;
	size_t length = known ? 2 * ip + 4 + (h->tls ? 8 : 0) : 0;
	struct cursor c;

	cursor_write_init(&c, out, PROXY_HEADER_OUT_MAX);
	cursor_put(&c, signature, sizeof(signature));
	cursor_put_u8(&c, known ? 0x21 : 0x20);
	cursor_put_u8(&c, !known ? 0x00 : ip == 4 ? 0x11 : 0x21);
	cursor_put_u16(&c, (uint16_t)length);
	if (!known)
		return c.pos;
	cursor_put(&c, h->source, ip);
	cursor_put(&c, h->destination, ip);
	cursor_put_u16(&c, h->source_port);
	cursor_put_u16(&c, h->destination_port);
	if (h->tls) {
		cursor_put_u8(&c, TLV_SSL);
		cursor_put_u16(&c, 5);
		cursor_put_u8(&c, SSL_USED);
		cursor_put_u32(&c, 0); /* no certificate of the visitor's was wrong */
	}
	return c.pos;
}
