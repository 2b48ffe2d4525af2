/* SPDX-License-Identifier: MIT */
#pragma once

/* http_forward: writes a head for the next hop: hop-by-hop fields dropped, forwarding fields set
 * (RFC 9110 §7.6). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http_head.h"

struct http_forward {
	const char *host;       /* Host to send; NULL: as it came */
	const char *visitor_ip; /* for X-Forwarded-For */
	const char *proto;      /* "http", "https" */
	bool trusted; /* the visitor is a proxy of ours: append to what it says instead of replacing
		       */
	bool upgrade; /* keep Upgrade, and say Connection: Upgrade */
	bool close;   /* say Connection: close */
	bool via_1_0; /* response to an HTTP/1.0 visitor that asked for keep-alive */
	const char *date; /* for a final response that has no Date (RFC 9110 §6.6.1) */
};

/* Bytes written, 0 when @cap is too small. */
size_t http_forward_request(uint8_t *out, size_t cap, const struct http_head *h,
	const struct http_forward *f);
/* Bytes written, 0 when @cap is too small. Of @f only upgrade, close, via_1_0 and date
 * count. */
size_t http_forward_response(uint8_t *out, size_t cap, const struct http_head *h,
	const struct http_forward *f);
/* The host that the visitor of a request asked for: what http_forward_request() said of it, or, of
 * one that has no such field, its own. */
struct http_span http_forward_asked_host(const struct http_head *h);
/* Is a field of this name written anew when a kept request is sent again? It was for one hop alone,
 * or said how the body came. tunnelto-control(7) lists them (Replay). */
bool http_forward_is_renewed(struct http_span name);
