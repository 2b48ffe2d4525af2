/* SPDX-License-Identifier: MIT */
#pragma once

/* proxy_header: the PROXY protocol, versions 1 and 2: what stands before a connection's bytes and
 * says where it came from (HAProxy's doc/proxy-protocol.txt of 2020). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* The longest header that is taken: addresses and room for TLVs. */
#define PROXY_HEADER_MAX 4096
/* The longest that is written. */
#define PROXY_HEADER_OUT_MAX 64

enum proxy_header_result {
	PROXY_HEADER_OK = 0,
	PROXY_HEADER_SHORT, /* so far it is one; more bytes are needed */
	PROXY_HEADER_NONE,  /* these bytes begin no header */
	PROXY_HEADER_BAD,
};

enum proxy_header_family {
	PROXY_HEADER_UNKNOWN, /* LOCAL, UNKNOWN or what is no TCP: the connection's own addresses */
	PROXY_HEADER_V4,
	PROXY_HEADER_V6
};

struct proxy_header {
	enum proxy_header_family family;
	uint8_t source[16], destination[16]; /* 4 bytes of them for V4 */
	uint16_t source_port, destination_port;
	bool tls;      /* the visitor came over TLS (v2 alone says so) */
	size_t length; /* bytes it took */
};

/* @n grows from call to call; never SHORT at PROXY_HEADER_MAX bytes. */
enum proxy_header_result proxy_header_parse(struct proxy_header *ret, const uint8_t *bytes,
	size_t n) MUST_USE;
/* Write a version 2 header of the PROXY command, LOCAL for UNKNOWN; its length. */
size_t proxy_header_encode(uint8_t out[static PROXY_HEADER_OUT_MAX], const struct proxy_header *h);
