/* SPDX-License-Identifier: MIT */
#pragma once

/* tap_messages: what passes on a WebSocket or in an event stream, put into its exchange as
 * messages. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "inspect/exchange.h"
#include "proto/http_head.h"

struct tap_messages;

/* Of @e, whose reference the caller keeps for as long. @response: the head that answered 101. */
struct tap_messages *tap_messages_new_ws(struct exchange *e, const struct http_head *response);
struct tap_messages *tap_messages_new_sse(struct exchange *e);
/* NULL is allowed. */
void tap_messages_free(struct tap_messages *m);
/* False: it cannot be read, and nothing more of it. */
bool tap_messages_take(struct tap_messages *m, enum exchange_side from, const uint8_t *bytes,
	size_t n) MUST_USE;
