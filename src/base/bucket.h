/* SPDX-License-Identifier: MIT */
#pragma once

/* bucket: a token bucket for rate limits; time comes in as an argument. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct bucket {
	uint32_t rate;  /* tokens per second */
	uint32_t burst; /* most tokens held  */
	uint64_t millitokens;
	clock_ms_t last;
};

void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, clock_ms_t now);
/* Take one token if there is one. */
bool bucket_take(struct bucket *b, clock_ms_t now);
