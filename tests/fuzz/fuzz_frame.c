/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame: any bytes as frames of both ends.
 *
 * What holds for every input: a whole frame stays inside the input, more bytes never turn a verdict
 * about a header, and what was read of OPEN and of reasons is the same after the way there and
 * back.
 */

#include <assert.h>
#include <string.h>

#include "proto/close.h"
#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_open(const struct frame *f)
{
	struct frame_open open, again;
	uint8_t bytes[FRAME_MAX_OPEN];

	if (frame_open_decode(&open, f->payload, f->length) < 0)
		return;
	assert(frame_open_decode(&again, bytes, frame_open_encode(bytes, sizeof(bytes), &open)) ==
		0);
	assert(again.tunnel == open.tunnel && again.tls == open.tls);
	assert(strcmp(again.visitor, open.visitor) == 0 && strcmp(again.local, open.local) == 0);
}

static void check_reason(const struct frame *f)
{
	struct frame_reason r, again;
	uint8_t bytes[6 + FRAME_MAX_TEXT];
	struct frame g = {.type = f->type, .payload = bytes};

	if (frame_reason_decode(&r, f) < 0)
		return;
	g.length = (uint16_t)frame_reason_encode(bytes, sizeof(bytes), f->type, &r);
	assert(frame_reason_decode(&again, &g) == 0);
	assert(again.value == r.value && again.reason == r.reason &&
		strcmp(again.text, r.text) == 0);
	assert(close_word(r.reason) && close_text(r.reason));
}

static void take(const uint8_t *data, size_t size, bool from_server)
{
	while (size > 0) {
		struct frame f;
		enum frame_result r = frame_decode(&f, data, size, from_server);

		assert(frame_result_text(r));
		if (r != FRAME_OK && r != FRAME_SKIP)
			return;
		assert(FRAME_HEADER_SIZE + (size_t)f.length <= size);
		assert(f.payload == data + FRAME_HEADER_SIZE);
		if (f.type == FRAME_OPEN)
			check_open(&f);
		if (f.type == FRAME_RESET || f.type == FRAME_GONE || f.type == FRAME_GOAWAY)
			check_reason(&f);
		data += FRAME_HEADER_SIZE + f.length;
		size -= FRAME_HEADER_SIZE + (size_t)f.length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take(data, size, true);
	take(data, size, false);
	return 0;
}
