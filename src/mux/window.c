/* SPDX-License-Identifier: MIT */
/*
 * window: how much the peer may send on one stream.
 *
 * The limit is absolute and never taken back. A WINDOW frame is worth sending when a quarter of
 * the size was consumed since the last one, or ACK bytes: the sender keeps all that is not
 * acknowledged, and what it keeps should fit into a processor's cache.
 *
 * The size doubles when half of it passes within a round trip. Up to WIDE a quarter is enough on a
 * long path: a sender whose connection is finding its speed doubles what it sends with every round
 * trip, and a window that waits to be filled is always one step behind it. On a short path what
 * passes is measured over EPOCH_US: bytes are consumed in bursts, and a burst is not a rate.
 */
#include "mux/window.h"

#include <errno.h>
#include <string.h>

#define WIDE     (4 * 1024 * 1024)
#define ACK      (256 * 1024)
#define EPOCH_US 10000U

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
	return w->consumed + w->size >= w->granted + MIN(w->size / 4, ACK);
}

uint32_t window_grow(struct window *w, uint32_t rtt_us, uint32_t max, uint64_t budget,
	clock_ms_t now)
{
	uint32_t within_us = MAX(rtt_us, EPOCH_US);
	uint64_t passed = (w->consumed - w->epoch_consumed) * MAX(rtt_us, 1000U) / within_us;
	bool quarter = rtt_us >= EPOCH_US && w->size < WIDE;
	uint32_t by;

	if (!w->epoch_at || (now - w->epoch_at) * 1000 > within_us) {
		w->epoch_at = now;
		w->epoch_consumed = w->consumed;
		return 0;
	}
	if (passed < w->size / (quarter ? 4 : 2))
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
