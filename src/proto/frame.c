/* SPDX-License-Identifier: MIT */
/*
 * frame: the eight-byte header and the binary payloads of tunnelto.v2.
 *
 * Everything is checked against the rows of frame.def.h before any handler sees it; handlers may
 * rely on lengths, directions and stream ids. The specification is tunnelto-protocol(7).
 */
#include "proto/frame.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"

enum { C2S = 1, S2C = 2, BOTH = 3 };
enum { NEVER, ALWAYS };

static const struct row {
	const char *name;
	uint16_t min, max;
	uint8_t dir, stream;
} rows[FRAME_TYPE_MAX] = {
#define FRAME(name_, id, dir_, stream_, min_, max_, text)                                          \
	[id] = {.name = #name_, .min = (min_), .max = (max_), .dir = (dir_), .stream = (stream_)},
#include "proto/frame.def.h"
#undef FRAME
};

static const struct row *row_of(unsigned int type)
{
	return type < FRAME_TYPE_MAX && rows[type].name ? &rows[type] : NULL;
}

static enum frame_result check(const struct frame *f, bool from_server)
{
	const struct row *row = row_of(f->type);

	if (!row) {
		if (f->length > FRAME_MAX_PAYLOAD)
			return FRAME_BAD_LENGTH;
		return f->type >= FRAME_OPTIONAL ? FRAME_SKIP : FRAME_BAD_TYPE;
	}
	if (f->length < row->min || f->length > row->max)
		return FRAME_BAD_LENGTH;
	if (!(row->dir & (from_server ? S2C : C2S)))
		return FRAME_BAD_DIRECTION;
	if ((row->stream == ALWAYS) != (f->stream != 0))
		return FRAME_BAD_STREAM;
	return FRAME_OK;
}

enum frame_result frame_decode(struct frame *ret, const uint8_t *bytes, size_t n, bool from_server)
{
	struct cursor c;
	enum frame_result r;

	if (n < FRAME_HEADER_SIZE)
		return FRAME_SHORT;
	cursor_read_init(&c, bytes, FRAME_HEADER_SIZE);
	ret->type = cursor_u8(&c);
	ret->flags = cursor_u8(&c);
	ret->length = cursor_u16(&c);
	ret->stream = cursor_u32(&c);
	ret->payload = bytes + FRAME_HEADER_SIZE;
	r = check(ret, from_server);
	if (r != FRAME_OK && r != FRAME_SKIP)
		return r;
	return n < FRAME_HEADER_SIZE + (size_t)ret->length ? FRAME_SHORT : r;
}

void frame_encode_header(uint8_t out[static FRAME_HEADER_SIZE], uint8_t type, uint8_t flags,
	uint16_t length, uint32_t stream)
{
	out[0] = type;
	out[1] = flags;
	out[2] = (uint8_t)(length >> 8);
	out[3] = (uint8_t)length;
	out[4] = (uint8_t)(stream >> 24);
	out[5] = (uint8_t)(stream >> 16);
	out[6] = (uint8_t)(stream >> 8);
	out[7] = (uint8_t)stream;
}

const char *frame_name(unsigned int type)
{
	const struct row *row = row_of(type);

	return row ? row->name : "unknown";
}

const char *frame_result_text(enum frame_result r)
{
	static const char *const text[] = {
		[FRAME_OK] = "fine",
		[FRAME_SHORT] = "incomplete",
		[FRAME_SKIP] = "of an unknown optional type",
		[FRAME_BAD_TYPE] = "of an unknown type",
		[FRAME_BAD_LENGTH] = "of a length that its type does not have",
		[FRAME_BAD_STREAM] = "with a stream id that does not fit its type",
		[FRAME_BAD_DIRECTION] = "in the wrong direction",
	};

	return text[r];
}

static bool is_printable(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] < 0x20 || bytes[i] > 0x7e)
			return false;
	}
	return true;
}

static int open_field(struct frame_open *ret, uint8_t kind, const uint8_t *bytes, uint8_t n)
{
	char *text = kind == FRAME_OPEN_VISITOR ? ret->visitor : ret->local;

	if (kind == FRAME_OPEN_TLS) {
		ret->tls = true;
		return 0;
	}
	if (kind != FRAME_OPEN_VISITOR && kind != FRAME_OPEN_LOCAL)
		return 0;
	if (n >= sizeof(ret->visitor) || !is_printable(bytes, n))
		return -EPROTO;
	memcpy(text, bytes, n);
	text[n] = '\0';
	return 0;
}

int frame_open_decode(struct frame_open *ret, const uint8_t *payload, size_t n)
{
	struct cursor c;

	memset(ret, 0, sizeof(*ret));
	cursor_read_init(&c, payload, n);
	ret->tunnel = cursor_u32(&c);
	while (cursor_left(&c) > 0 && !c.failed) {
		uint8_t kind = cursor_u8(&c), length = cursor_u8(&c);
		const uint8_t *bytes = cursor_bytes(&c, length);

		if (!bytes || open_field(ret, kind, bytes, length) < 0)
			return -EPROTO;
	}
	return cursor_is_done(&c) ? 0 : -EPROTO;
}

static void put_open_field(struct cursor *c, uint8_t kind, const char *text)
{
	size_t n = strnlen(text, 63);

	if (n == 0)
		return;
	cursor_put_u8(c, kind);
	cursor_put_u8(c, (uint8_t)n);
	cursor_put(c, text, n);
}

size_t frame_open_encode(uint8_t *out, size_t cap, const struct frame_open *open)
{
	struct cursor c;

	cursor_write_init(&c, out, cap);
	cursor_put_u32(&c, open->tunnel);
	put_open_field(&c, FRAME_OPEN_VISITOR, open->visitor);
	put_open_field(&c, FRAME_OPEN_LOCAL, open->local);
	if (open->tls) {
		cursor_put_u8(&c, FRAME_OPEN_TLS);
		cursor_put_u8(&c, 0);
	}
	return c.failed ? 0 : c.pos;
}

int frame_reason_decode(struct frame_reason *ret, const struct frame *f)
{
	struct cursor c;
	const uint8_t *text;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	cursor_read_init(&c, f->payload, f->length);
	if (f->type != FRAME_RESET)
		ret->value = cursor_u32(&c);
	ret->reason = cursor_u16(&c);
	n = cursor_left(&c);
	text = cursor_bytes(&c, n);
	if (c.failed || n > FRAME_MAX_TEXT)
		return -EPROTO;
	for (size_t i = 0; i < n; i++)
		ret->text[i] = text[i] < 0x20 || text[i] > 0x7e ? '?' : (char)text[i];
	return 0;
}

size_t frame_reason_encode(uint8_t *out, size_t cap, uint8_t type, const struct frame_reason *r)
{
	struct cursor c;

	cursor_write_init(&c, out, cap);
	if (type != FRAME_RESET)
		cursor_put_u32(&c, r->value);
	cursor_put_u16(&c, r->reason);
	cursor_put(&c, r->text, strnlen(r->text, FRAME_MAX_TEXT));
	return c.failed ? 0 : c.pos;
}
