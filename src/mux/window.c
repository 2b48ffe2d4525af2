/* SPDX-License-Identifier: MIT */
/*
 * window: how much the peer may send on one stream.
 *
 * The limit is absolute and never taken back. A WINDOW frame is worth sending when a quarter of
 * the size was consumed since the last one.
 *
 * The size doubles when half of it passes within a round trip. Up to WIDE a quarter is enough: a
 * sender whose connection is finding its speed doubles what it sends with every round trip, and a
 * window that waits to be filled is always one step behind it.
 */
#include "mux/window.h"

#include <errno.h>
#include <string.h>

#define WIDE (4 * 1024 * 1024)

void window_init(struct window *w, uint32_t size)
{
	memset(w, 0, sizeof(*w));
	w->size = size;
	w->granted = size;
}

int window_received(struct window *w, uint32_t n)
{
	if (w->received + n > w->granted)
		return -EDQUOT;
	w->received += n;
	return 0;
}

bool window_consumed(struct window *w, uint64_t n)
{
	w->consumed += n;
	return w->consumed + w->size >= w->granted + w->size / 4;
}

uint32_t window_grow(struct window *w, uint32_t rtt_us, uint32_t max, uint64_t budget,
	clock_ms_t now)
{
	uint64_t epoch_us = (now - w->epoch_at) * 1000, passed = w->consumed - w->epoch_consumed;
	uint32_t by;

	if (!w->epoch_at || epoch_us > MAX(rtt_us, 1000U)) {
		w->epoch_at = now;
		w->epoch_consumed = w->consumed;
		return 0;
	}
	if (passed < (w->size < WIDE ? w->size / 4 : w->size / 2))
		return 0;
	w->epoch_at = now;
	w->epoch_consumed = w->consumed;
	by = MIN(w->size, max - MIN(max, w->size));
	by = (uint32_t)MIN((uint64_t)by, budget);
	w->size += by;
	return by;
}

uint64_t window_grant(struct window *w)
{
	w->granted = MAX(w->granted, w->consumed + w->size);
	return w->granted;
}
