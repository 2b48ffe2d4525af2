/* SPDX-License-Identifier: MIT */
#pragma once

/* client_hello: SNI and ALPN of the first bytes of a TLS connection (RFC 8446 §4.1.2, RFC 6066 §3,
 * RFC 7301). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "proto/hostname.h"

#define CLIENT_HELLO_MAX 16384 /* bytes after which more is not asked for */

enum client_hello_result {
	CLIENT_HELLO_OK = 0,
	CLIENT_HELLO_SHORT, /* more bytes are needed (never at CLIENT_HELLO_MAX of them) */
	CLIENT_HELLO_NOT_TLS,
	CLIENT_HELLO_BAD,
};

struct client_hello {
	char name[HOSTNAME_MAX]; /* normalised SNI; "" none */
	uint8_t alpn[256];       /* the list as it came, cut at its maximum */
	size_t alpn_len;
};

enum client_hello_result client_hello_parse(struct client_hello *ret, const uint8_t *bytes,
	size_t n) MUST_USE;
bool client_hello_offers(const struct client_hello *h, const char *protocol);
