/* SPDX-License-Identifier: MIT */
/*
 * bucket: a token bucket. It starts full, gains `rate` tokens a second up to `burst`,
 * and counts in thousandths so that slow rates lose nothing between two looks. Time is
 * an argument, so its owners can be tested without waiting.
 */

#include "base/bucket.h"

void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, clock_ms_t now)
{
	*b = (struct bucket){
		.rate = rate,
		.burst = burst,
		.millitokens = (uint64_t)burst * 1000,
		.last = now,
	};
}

static void bucket_refill(struct bucket *b, clock_ms_t now)
{
	uint64_t full = (uint64_t)b->burst * 1000, missing = full - b->millitokens;
	uint64_t passed = now > b->last ? now - b->last : 0;

	/* one token per second is one millitoken per millisecond; divide: no overflow */
	if (b->rate > 0 && passed >= missing / b->rate + 1)
		b->millitokens = full;
	else
		b->millitokens += passed * b->rate;
	if (b->millitokens > full)
		b->millitokens = full;
	b->last = now > b->last ? now : b->last;
}

bool bucket_take(struct bucket *b, clock_ms_t now)
{
	bucket_refill(b, now);
	if (b->millitokens < 1000)
		return false;
	b->millitokens -= 1000;
	return true;
}
