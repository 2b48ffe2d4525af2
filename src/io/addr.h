/* SPDX-License-Identifier: MIT */
#pragma once

/* addr: socket addresses: numeric parsing, formatting, comparing, and CIDR blocks. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/macros.h"

#define ADDR_TEXT_MAX 128 /* fits every formatted address, unix paths included */

struct addr {
	socklen_t len;
	struct sockaddr_storage sa;
};

/* "1.2.3.4:80", "[::1]:80", "*:80" and ":80" (any, dual-stack), "unix:/path". 0 or -EINVAL. */
int addr_parse(struct addr *ret, const char *text) MUST_USE;
/* Numeric host only. */
int addr_parse_ip(struct addr *ret, const char *ip, uint16_t port) MUST_USE;
int addr_unix(struct addr *ret, const char *path) MUST_USE;
/* "1.2.3.4:80", "[::1]:80", "unix:/path"; v4-mapped v6 shows as v4. */
void addr_format(const struct addr *a, char ret[static ADDR_TEXT_MAX]);
/* Without the port. */
void addr_format_ip(const struct addr *a, char ret[static ADDR_TEXT_MAX]);
/* The same address, whatever the port; never true of anything but IP addresses. */
bool addr_same_ip(const struct addr *a, const struct addr *b);
uint16_t addr_port(const struct addr *a);
/* Four bytes or sixteen. */
void addr_from_ip(struct addr *ret, const uint8_t *ip, size_t n, uint16_t port);
/* An IPv4 address, also one that is mapped into IPv6? */
bool addr_is_v4(const struct addr *a);
/* The address as @n bytes: 4 of an IPv4 one, or 16, IPv4 mapped; zeroes for what is neither. */
void addr_ip_bytes(const struct addr *a, size_t n, uint8_t *ret);
/* Where @fd is bound; len 0 when that is unknown. */
void addr_of_socket(struct addr *ret, int fd);
/* "every address": 0.0.0.0 or [::] */
bool addr_is_any(const struct addr *a);
bool addr_is_loopback(const struct addr *a);

struct addr_block {
	uint8_t ip[16]; /* v4 as v4-mapped */
	uint8_t bits;
};

/* "10.0.0.0/8", "2001:db8::/32", or one address. */
int addr_block_parse(struct addr_block *ret, const char *text) MUST_USE;
bool addr_block_has(const struct addr_block *b, const struct addr *a);
