/* SPDX-License-Identifier: MIT */
#pragma once

/* window: receiving credit of one stream: absolute, never taken back, grown with bandwidth times
 * delay. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macros.h"

struct window {
	uint64_t received;       /* offset up to which bytes arrived (END counts one) */
	uint64_t consumed;       /* offset up to which they left towards the far side */
	uint64_t granted;        /* what the peer may send up to */
	uint32_t size;           /* granted - consumed is brought back up to this */
	uint64_t epoch_consumed; /* for growth: consumed when the epoch began */
	clock_ms_t epoch_at;
};

void window_init(struct window *w, uint32_t size);
/* @n bytes arrived. 0, or -EDQUOT: the peer sent more than was granted. */
int window_received(struct window *w, uint32_t n) MUST_USE;
/* @n bytes left. True when a WINDOW frame is worth sending (a quarter of the size was freed). */
bool window_consumed(struct window *w, uint64_t n) MUST_USE;
/* Grow (at most by doubling, up to @max) when the far side consumed much of a window within
 * @rtt_us; returns by how many bytes. @budget limits the growth. */
uint32_t window_grow(struct window *w, uint32_t rtt_us, uint32_t max, uint64_t budget,
	clock_ms_t now);
/* The limit to announce now; remembers it as granted. */
uint64_t window_grant(struct window *w);
