/* SPDX-License-Identifier: MIT */
#pragma once

/* backoff: exponential delays with full jitter (uniform in [base/2 … min(cap, base·2^n)]). */

#include <stdint.h>

struct backoff {
	uint32_t base_ms;
	uint32_t cap_ms;
	unsigned int attempt;
};

void backoff_init(struct backoff *b, uint32_t base_ms, uint32_t cap_ms);
/* The next delay in milliseconds; each call counts as one more failed attempt. */
uint32_t backoff_next(struct backoff *b);
void backoff_reset(struct backoff *b);
