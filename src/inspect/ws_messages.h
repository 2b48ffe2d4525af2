/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_messages: one direction of a WebSocket (RFC 6455) as messages. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "inspect/exchange.h"

struct ws_inflate;
struct ws_inflate_budget;
struct ws_messages;

struct ws_messages_ops {
	/* More of a text or binary message; @bytes NULL: it went on by that much, unread. */
	void (*more)(struct ws_messages *w, const uint8_t *bytes, size_t n);
	/* It is whole. */
	void (*whole)(struct ws_messages *w, enum exchange_message_kind kind);
	/* A ping, pong or close, also in the middle of another message. */
	void (*control)(struct ws_messages *w, enum exchange_message_kind kind,
		const uint8_t *bytes, size_t n);
};

#define WS_MESSAGES_HEAD_MAX    14
#define WS_MESSAGES_CONTROL_MAX 125

struct ws_messages {
	const struct ws_messages_ops *ops;
	size_t max; /* of a message; what is beyond it is counted, not read, where it can be */
	/* What the handshake said. */
	bool deflate, forgets; /* forgets: each message is compressed for itself */
	struct ws_inflate_budget *budget;

	struct ws_inflate *inflate; /* made for the first compressed message */
	uint64_t left;              /* of the frame's payload */
	uint64_t seen;              /* of the message's payload */
	uint8_t head[WS_MESSAGES_HEAD_MAX], head_len;
	uint8_t mask[4], mask_at;
	uint8_t opcode; /* of the message, 0: none has begun */
	uint8_t control[WS_MESSAGES_CONTROL_MAX], control_len;
	bool in_payload, compressed;
	bool blind; /* compressed messages can not be read (any more), and are counted */
};

void ws_messages_init(struct ws_messages *w, const struct ws_messages_ops *ops, size_t max,
	struct ws_inflate_budget *budget);
void ws_messages_deinit(struct ws_messages *w);
/* False: that is no WebSocket, and nothing may be said of what follows. */
bool ws_messages_take(struct ws_messages *w, const uint8_t *bytes, size_t n) MUST_USE;
