/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_inflate: the payload of compressed WebSocket messages (permessage-deflate, RFC 7692), one
 * direction. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bucket.h"
#include "base/macros.h"

struct ws_inflate;

/* What all of them together may take. */
struct ws_inflate_budget {
	unsigned int left;   /* how many more there may be: each holds some 40 KiB */
	struct bucket steps; /* of 4 KiB that come out */
};
void ws_inflate_budget_init(struct ws_inflate_budget *b);

/* What comes out, in pieces. */
typedef void ws_inflate_out_f(void *user, const uint8_t *bytes, size_t n);

enum ws_inflate_result {
	WS_INFLATE_FINE,
	WS_INFLATE_BAD,      /* no deflate stream: for ever */
	WS_INFLATE_TOO_MUCH, /* more comes out than may: for ever */
};

/* NULL when there are enough. @budget outlives it. */
struct ws_inflate *ws_inflate_new(struct ws_inflate_budget *budget) MUST_USE;
/* NULL is allowed. */
void ws_inflate_free(struct ws_inflate *z);
/* @n bytes of a message; then, once, its end. */
enum ws_inflate_result ws_inflate_add(struct ws_inflate *z, const uint8_t *bytes, size_t n,
	ws_inflate_out_f *out, void *user);
enum ws_inflate_result ws_inflate_end(struct ws_inflate *z, ws_inflate_out_f *out, void *user);
