/* SPDX-License-Identifier: MIT */
/*
 * ws_messages: frames to messages.
 *
 * Nothing is buffered but a frame's head and a control frame: pieces of a message go to the owner
 * as they come, unmasked and inflated. Both directions are read alike; that a visitor masks and an
 * origin does not is their affair.
 *
 * A compressed message can only be read by who has read those before it. Where one could not be,
 * because there are too many such directions or it was made to be too much, the direction stays
 * blind: its compressed messages are counted by the bytes that passed.
 */
#include "inspect/ws_messages.h"

#include <string.h>

#include "inspect/ws_inflate.h"

#define STEP 4096

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

void ws_messages_init(struct ws_messages *w, const struct ws_messages_ops *ops, size_t max,
	struct ws_inflate_budget *budget)
{
	memset(w, 0, sizeof(*w));
	w->ops = ops;
	w->max = max;
	w->budget = budget;
}

static void drop_inflate(struct ws_messages *w)
{
	ws_inflate_free(w->inflate);
	w->inflate = NULL;
}

void ws_messages_deinit(struct ws_messages *w)
{
	drop_inflate(w);
}

/* --- payload --------------------------------------------------------------------------------- */

static uint8_t frame_opcode(const struct ws_messages *w)
{
	return w->head[0] & 0x0f;
}

static bool is_control(const struct ws_messages *w)
{
	return (frame_opcode(w) & 0x8) != 0;
}

static void give(struct ws_messages *w, const uint8_t *bytes, size_t n)
{
	w->seen += n;
	w->ops->more(w, bytes, n);
}

static void on_inflated(void *user, const uint8_t *bytes, size_t n)
{
	give(user, bytes, n);
}

/* False: it is no deflate stream. */
static bool settle(struct ws_messages *w, enum ws_inflate_result r)
{
	if (r == WS_INFLATE_TOO_MUCH) {
		drop_inflate(w);
		w->blind = true;
	}
	return r != WS_INFLATE_BAD;
}

/* Unmasked. */
static bool on_payload(struct ws_messages *w, const uint8_t *bytes, size_t n)
{
	if (is_control(w)) {
		memcpy(w->control + w->control_len, bytes, n);
		w->control_len = (uint8_t)(w->control_len + n);
	} else if (w->compressed && w->inflate) {
		return settle(w, ws_inflate_add(w->inflate, bytes, n, on_inflated, w));
	} else {
		give(w, bytes, n);
	}
	return true;
}

static bool needs_no_look(const struct ws_messages *w)
{
	return !is_control(w) && (w->compressed ? w->blind : w->seen >= w->max);
}

/* At most @n bytes of the frame's payload; *ret_taken says how many. */
static bool take_payload(struct ws_messages *w, const uint8_t *bytes, size_t n, size_t *ret_taken)
{
	uint8_t plain[STEP];
	size_t step = (size_t)MIN((uint64_t)n, w->left);
	bool masked = (w->head[1] & 0x80) != 0, fine = true;

	if (needs_no_look(w)) {
		w->mask_at = (uint8_t)((w->mask_at + step) & 3);
		give(w, NULL, step);
	} else if (masked) {
		step = MIN(step, sizeof(plain));
		for (size_t i = 0; i < step; i++)
			plain[i] = bytes[i] ^ w->mask[(w->mask_at + i) & 3];
		w->mask_at = (uint8_t)((w->mask_at + step) & 3);
		fine = on_payload(w, plain, step);
	} else {
		fine = on_payload(w, bytes, step);
	}
	w->left -= step;
	*ret_taken = step;
	return fine;
}

/* --- frames ---------------------------------------------------------------------------------- */

/* How long the head is, as far as that is known. */
static size_t head_size(const struct ws_messages *w)
{
	size_t n = 2;

	if (w->head_len < 2)
		return n;
	if ((w->head[1] & 0x7f) == 126)
		n += 2;
	else if ((w->head[1] & 0x7f) == 127)
		n += 8;
	return n + (w->head[1] & 0x80 ? 4 : 0);
}

static uint64_t big_endian(const uint8_t *at, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *at++;
	return v;
}

static uint64_t payload_size(const struct ws_messages *w)
{
	uint8_t n = w->head[1] & 0x7f;

	if (n < 126)
		return n;
	return big_endian(w->head + 2, n == 126 ? 2 : 8);
}

static bool is_sound(const struct ws_messages *w)
{
	bool final = (w->head[0] & 0x80) != 0, rsv1 = (w->head[0] & 0x40) != 0;
	uint8_t op = frame_opcode(w);

	if (w->head[0] & 0x30 || w->left >> 63)
		return false;
	switch (op) {
	case CONTINUATION:
		return w->opcode && !rsv1;
	case TEXT:
	case BINARY:
		return !w->opcode && (!rsv1 || w->deflate);
	case CLOSE:
	case PING:
	case PONG:
		return final && !rsv1 && w->left <= WS_MESSAGES_CONTROL_MAX;
	default:
		return false;
	}
}

static void begin_message(struct ws_messages *w)
{
	w->opcode = frame_opcode(w);
	w->seen = 0;
	w->compressed = (w->head[0] & 0x40) != 0;
	if (!w->compressed || w->inflate || w->blind)
		return;
	w->inflate = ws_inflate_new(w->budget);
	w->blind = !w->inflate;
}

static bool begin_frame(struct ws_messages *w)
{
	w->left = payload_size(w);
	if (!is_sound(w))
		return false;
	w->in_payload = true;
	w->mask_at = w->control_len = 0;
	if (w->head[1] & 0x80)
		memcpy(w->mask, w->head + w->head_len - 4, 4);
	if (frame_opcode(w) == TEXT || frame_opcode(w) == BINARY)
		begin_message(w);
	return true;
}

static bool end_inflating(struct ws_messages *w)
{
	bool fine = settle(w, ws_inflate_end(w->inflate, on_inflated, w));

	if (w->inflate && w->forgets)
		drop_inflate(w);
	return fine;
}

static bool end_frame(struct ws_messages *w)
{
	static const enum exchange_message_kind kinds[] = {
		[TEXT] = EXCHANGE_MESSAGE_TEXT,
		[BINARY] = EXCHANGE_MESSAGE_BINARY,
		[CLOSE] = EXCHANGE_MESSAGE_CLOSE,
		[PING] = EXCHANGE_MESSAGE_PING,
		[PONG] = EXCHANGE_MESSAGE_PONG,
	};
	bool fine = true;

	w->in_payload = false;
	w->head_len = 0;
	if (is_control(w)) {
		w->ops->control(w, kinds[frame_opcode(w)], w->control, w->control_len);
		return true;
	}
	if (!(w->head[0] & 0x80))
		return true;
	if (w->compressed && w->inflate)
		fine = end_inflating(w);
	w->ops->whole(w, kinds[w->opcode]);
	w->opcode = 0;
	return fine;
}

bool ws_messages_take(struct ws_messages *w, const uint8_t *bytes, size_t n)
{
	size_t taken;

	while (n > 0) {
		if (w->in_payload) {
			if (!take_payload(w, bytes, n, &taken))
				return false;
			bytes += taken;
			n -= taken;
		} else {
			w->head[w->head_len++] = *bytes++;
			n--;
			if (w->head_len == head_size(w) && !begin_frame(w))
				return false;
		}
		if (w->in_payload && w->left == 0 && !end_frame(w))
			return false;
	}
	return true;
}
