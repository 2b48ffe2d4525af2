/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_out: messages that wait for a v1 peer to read, and the marks at which who fills them is held.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "proto/v1.h"

/* Beyond HIGH who fills it is to be held, below LOW to go on. MAX is only reached by what cannot be
 * held: it ends the connection. */
#define V1_OUT_HIGH (256 * 1024)
#define V1_OUT_LOW  (64 * 1024)
#define V1_OUT_MAX  (1024 * 1024)

struct v1_out {
	struct buf buf; /* length u32, message, … */
};

/* What left the queue. */
struct v1_out_sent {
	uint8_t id[V1_ID_LEN];
	size_t data; /* bytes of a stream, when it was a Data; else 0 */
};

void v1_out_init(struct v1_out *o);
void v1_out_deinit(struct v1_out *o);
/* False: it is full. */
bool v1_out_add(struct v1_out *o, const void *message, size_t n) MUST_USE;
bool v1_out_add_packet(struct v1_out *o, enum v1_packet_type type,
	const uint8_t id[static V1_ID_LEN], const void *payload, size_t n) MUST_USE;
/* The next message into @out; its length, 0 when there is none. No message is longer than what
 * was added. */
size_t v1_out_next(struct v1_out *o, uint8_t *out, size_t cap, struct v1_out_sent *ret_sent);
static inline bool v1_out_is_high(const struct v1_out *o)
{
	return buf_len(&o->buf) >= V1_OUT_HIGH;
}
static inline bool v1_out_is_low(const struct v1_out *o)
{
	return buf_len(&o->buf) < V1_OUT_LOW;
}
