/* SPDX-License-Identifier: MIT */
#pragma once

/* frame: tunnelto.v2 frames, bytes to meaning and back; tunnelto-protocol(7) is the specification.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define FRAME_HEADER_SIZE 8
#define FRAME_MAX_DATA    16384 /* stream bytes in one DATA */
#define FRAME_MAX_JSON    16384
#define FRAME_MAX_TEXT    256
#define FRAME_MAX_OPEN    512
#define FRAME_MAX_RESUME  (20 * 800)
#define FRAME_MAX_PAYLOAD (8 + FRAME_MAX_DATA)
#define FRAME_MAX_WINDOW  (16U * 1024 * 1024) /* credit beyond what was received */
#define FRAME_MAX_SIZE    (FRAME_HEADER_SIZE + FRAME_MAX_PAYLOAD)
#define FRAME_OPTIONAL    0x80 /* unknown types from here on are skipped, below they are an error */

#define FRAME_FLAG_END  0x01 /* DATA: the last bytes of this direction */
#define FRAME_FLAG_HELD 0x02 /* DATA: the sender may hold no more until these are acknowledged */
#define FRAME_FLAG_LAST 0x01 /* RESUME: no further RESUME frame follows */

enum frame_type {
#define FRAME(name, id, dir, stream, min, max, text) FRAME_##name = (id),
#include "proto/frame.def.h"
#undef FRAME
	FRAME_TYPE_MAX = 0x14
};

struct frame {
	uint8_t type;
	uint8_t flags;
	uint16_t length; /* of the payload */
	uint32_t stream;
	const uint8_t *payload; /* borrowed from the input */
};

enum frame_result {
	FRAME_OK = 0,
	FRAME_SHORT, /* more bytes are needed */
	FRAME_SKIP,  /* whole, of an unknown optional type: step over it */
	FRAME_BAD_TYPE,
	FRAME_BAD_LENGTH,
	FRAME_BAD_STREAM,
	FRAME_BAD_DIRECTION,
};

/* Look at the first frame of @n bytes. @from_server: who sent it. On OK and SKIP the frame takes
 * FRAME_HEADER_SIZE + length bytes. A wrong header is told as soon as the header is there. */
enum frame_result frame_decode(struct frame *ret, const uint8_t *bytes, size_t n,
	bool from_server) MUST_USE;
/* Write a header; the payload of @length bytes follows it. */
void frame_encode_header(uint8_t out[static FRAME_HEADER_SIZE], uint8_t type, uint8_t flags,
	uint16_t length, uint32_t stream);
/* "DATA"; "unknown". */
const char *frame_name(unsigned int type);
const char *frame_result_text(enum frame_result r);

/* Payload of OPEN: the tunnel, then fields of {kind u8, length u8, bytes}; unknown kinds are
 * skipped. */
enum frame_open_field { FRAME_OPEN_VISITOR = 1, FRAME_OPEN_LOCAL = 2, FRAME_OPEN_TLS = 3 };
struct frame_open {
	uint32_t tunnel;
	char visitor[64]; /* "ip:port" of the visitor; "" unknown */
	char local[64];   /* "ip:port" the visitor connected to; "" unknown */
	bool tls;         /* the visitor came over TLS */
};
int frame_open_decode(struct frame_open *ret, const uint8_t *payload,
	size_t n) MUST_USE; /* 0 or -EPROTO */
/* Returns the payload's length; @cap >= FRAME_MAX_OPEN. */
size_t frame_open_encode(uint8_t *out, size_t cap, const struct frame_open *open);

/* {reason u16, text}: RESET. {u32, reason u16, text}: GONE (tunnel), GOAWAY (milliseconds until
 * coming back). */
struct frame_reason {
	uint32_t value;
	uint16_t reason;               /* enum close_reason, or a later version's */
	char text[FRAME_MAX_TEXT + 1]; /* printable; control characters replaced */
};
int frame_reason_decode(struct frame_reason *ret, const struct frame *f) MUST_USE;
size_t frame_reason_encode(uint8_t *out, size_t cap, uint8_t type, const struct frame_reason *r);
