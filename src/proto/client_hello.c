/* SPDX-License-Identifier: MIT */
/*
 * client_hello: read what a TLS client asks for, without answering.
 *
 * The message may be spread over several records; they are joined first. Everything is read
 * through cursors, so a length that lies ends the parse.
 */
#include "proto/client_hello.h"

#include <string.h>

#include "base/cursor.h"

#define RECORD_HANDSHAKE     22
#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_MAX          CLIENT_HELLO_MAX
#define EXT_SERVER_NAME      0
#define EXT_ALPN             16

/* Join the records' payloads until the handshake message is whole. */
static enum client_hello_result join(uint8_t *out, size_t *ret_n, const uint8_t *bytes, size_t n)
{
	size_t have = 0, need = 4;
	struct cursor c;

	cursor_read_init(&c, bytes, n);
	while (have < need) {
		uint8_t type = cursor_u8(&c), major = cursor_u8(&c);
		size_t length, left;

		(void)cursor_u8(&c);
		length = cursor_u16(&c);
		if (n >= 1 && bytes[0] != RECORD_HANDSHAKE)
			return CLIENT_HELLO_NOT_TLS;
		if (c.failed)
			return n >= 2 && bytes[1] != 3 ? CLIENT_HELLO_NOT_TLS : CLIENT_HELLO_SHORT;
		if (type != RECORD_HANDSHAKE || major != 3 || length == 0 || length > MESSAGE_MAX)
			return c.pos > 5 ? CLIENT_HELLO_BAD : CLIENT_HELLO_NOT_TLS;
		left = MIN(cursor_left(&c), length);
		if (have + left > MESSAGE_MAX)
			return CLIENT_HELLO_BAD;
		memcpy(out + have, cursor_bytes(&c, left), left);
		have += left;
		if (have >= 1 && out[0] != MESSAGE_CLIENT_HELLO)
			return CLIENT_HELLO_BAD;
		if (have >= 4)
			need = 4 + ((size_t)out[1] << 16 | (size_t)out[2] << 8 | out[3]);
		if (need > MESSAGE_MAX)
			return CLIENT_HELLO_BAD;
		if (have < need && left < length)
			return CLIENT_HELLO_SHORT;
	}
	*ret_n = need;
	return CLIENT_HELLO_OK;
}

/* One name that can be in a certificate: no port, no address in brackets (RFC 6066 §3). */
static bool read_host_name(struct client_hello *h, const uint8_t *bytes, size_t n)
{
	if (h->name[0] || memchr(bytes, ':', n))
		return false;
	return hostname_normalise(h->name, (const char *)bytes, n) == 0;
}

/* A list of {type u8, name<u16>}, not empty; only host_name (0) is known, and comes once. */
static bool read_server_name(struct client_hello *h, const uint8_t *bytes, size_t n)
{
	struct cursor c;

	cursor_read_init(&c, bytes, n);
	if (n < 3 || cursor_u16(&c) != n - 2)
		return false;
	while (cursor_left(&c) > 0 && !c.failed) {
		uint8_t type = cursor_u8(&c);
		size_t length = cursor_u16(&c);
		const uint8_t *name = cursor_bytes(&c, length);

		if (!name || length == 0)
			return false;
		if (type == 0 && !read_host_name(h, name, length))
			return false;
	}
	return !c.failed;
}

/* {name<u8>}…, none of them empty (RFC 7301 §3.1) */
static bool read_alpn(struct client_hello *h, const uint8_t *bytes, size_t n)
{
	struct cursor c;

	cursor_read_init(&c, bytes, n);
	if (n < 4 || cursor_u16(&c) != n - 2)
		return false;
	while (cursor_left(&c) > 0) {
		size_t length = cursor_u8(&c);

		if (length == 0 || !cursor_bytes(&c, length))
			return false;
	}
	h->alpn_len = MIN(n - 2, sizeof(h->alpn));
	memcpy(h->alpn, bytes + 2, h->alpn_len);
	return true;
}

/* What is looked at must not come twice (RFC 8446 §4.2): the peers could each read another one. */
static bool read_extensions(struct client_hello *h, struct cursor *c)
{
	bool named = false, alpn = false;
	size_t total = cursor_u16(c);

	if (c->failed || total != cursor_left(c))
		return false;
	while (cursor_left(c) > 0) {
		uint16_t type = cursor_u16(c);
		size_t length = cursor_u16(c);
		const uint8_t *bytes = cursor_bytes(c, length);

		if (c->failed)
			return false;
		if (type == EXT_SERVER_NAME && (named || !read_server_name(h, bytes, length)))
			return false;
		if (type == EXT_ALPN && (alpn || !read_alpn(h, bytes, length)))
			return false;
		named = named || type == EXT_SERVER_NAME;
		alpn = alpn || type == EXT_ALPN;
	}
	return true;
}

/* What stands before the extensions, each with the bounds of RFC 8446 §4.1.2. */
static bool read_fixed_part(struct cursor *c)
{
	size_t n;

	(void)cursor_bytes(c, 4 + 2 + 32); /* header, legacy_version, random */
	n = cursor_u8(c);                  /* legacy_session_id */
	if (n > 32)
		return false;
	(void)cursor_bytes(c, n);
	n = cursor_u16(c); /* cipher_suites */
	if (n < 2 || n % 2)
		return false;
	(void)cursor_bytes(c, n);
	n = cursor_u8(c); /* legacy_compression_methods */
	if (n < 1)
		return false;
	(void)cursor_bytes(c, n);
	return !c->failed;
}

enum client_hello_result client_hello_parse(struct client_hello *ret, const uint8_t *bytes,
	size_t n)
{
	uint8_t message[MESSAGE_MAX];
	enum client_hello_result r;
	struct cursor c;
	size_t len;

	memset(ret, 0, sizeof(*ret));
	r = join(message, &len, bytes, n);
	if (r == CLIENT_HELLO_SHORT && n >= CLIENT_HELLO_MAX)
		return CLIENT_HELLO_BAD;
	if (r != CLIENT_HELLO_OK)
		return r;
	cursor_read_init(&c, message, len);
	if (!read_fixed_part(&c))
		return CLIENT_HELLO_BAD;
	if (cursor_left(&c) > 0 && !read_extensions(ret, &c))
		return CLIENT_HELLO_BAD;
	return CLIENT_HELLO_OK;
}

bool client_hello_offers(const struct client_hello *h, const char *protocol)
{
	size_t want = strlen(protocol);

	for (size_t at = 0; at < h->alpn_len && at + 1 + h->alpn[at] <= h->alpn_len;
		at += 1 + (size_t)h->alpn[at]) {
		if (h->alpn[at] == want && memcmp(h->alpn + at + 1, protocol, want) == 0)
			return true;
	}
	return false;
}
