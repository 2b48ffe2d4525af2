/* SPDX-License-Identifier: MIT */
/*
 * backoff: how long to wait before trying again.
 *
 * The upper end doubles with each failure up to the cap and the delay is drawn from the
 * whole span, so that a thousand clients cut off by one restart do not come back in
 * step. The lower end stays at half the base: a zero draw must not become a hot loop.
 */

#include "base/backoff.h"

#include <assert.h>

#include "base/rand.h"

void backoff_init(struct backoff *b, uint32_t base_ms, uint32_t cap_ms)
{
	assert(base_ms > 0 && base_ms <= cap_ms);
	*b = (struct backoff){.base_ms = base_ms, .cap_ms = cap_ms};
}

uint32_t backoff_next(struct backoff *b)
{
	uint64_t high = b->attempt < 32 ? (uint64_t)b->base_ms << b->attempt : b->cap_ms;
	uint32_t low = b->base_ms / 2;

	if (high > b->cap_ms)
		high = b->cap_ms;
	if (b->attempt < 32)
		b->attempt++;
	/* cap_ms - low + 1 fits: low > 0, or the base is 1 and the cap may be UINT32_MAX */
	return low + (high - low == UINT32_MAX ? rand_u32() : rand_below((uint32_t)high - low + 1));
}

void backoff_reset(struct backoff *b)
{
	b->attempt = 0;
}
