/* SPDX-License-Identifier: MIT */
/*
 * ws_inflate: zlib's raw inflate, with a budget.
 *
 * Whoever sends decides what comes out: a few bytes may be a thousand times as many. So that
 * looking stays cheap, all of them together may only bring out so much in a time; whoever meets the
 * end of that is given up, and which message is which is then known no more.
 */
#include "inspect/ws_inflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

#define COUNT_MAX 64
#define STEP      4096
#define RATE      (32 * 1024 * 1024 / STEP) /* a second, where zlib does it in some hundredths */
#define BURST     (2 * RATE)

struct ws_inflate {
	z_stream z;
	struct ws_inflate_budget *budget;
	enum ws_inflate_result state;
};

void ws_inflate_budget_init(struct ws_inflate_budget *b)
{
	b->left = COUNT_MAX;
	bucket_init(&b->steps, RATE, BURST, clock_ms());
}

struct ws_inflate *ws_inflate_new(struct ws_inflate_budget *budget)
{
	struct ws_inflate *z;

	if (budget->left == 0)
		return NULL;
	z = mem_new(struct ws_inflate);
	/* the largest window reads what any smaller one wrote */
	if (inflateInit2(&z->z, -MAX_WBITS) != Z_OK) {
		free(z);
		return NULL;
	}
	z->budget = budget;
	budget->left--;
	return z;
}

void ws_inflate_free(struct ws_inflate *z)
{
	if (!z)
		return;
	z->budget->left++;
	(void)inflateEnd(&z->z);
	free(z);
}

enum ws_inflate_result ws_inflate_add(struct ws_inflate *z, const uint8_t *bytes, size_t n,
	ws_inflate_out_f *out, void *user)
{
	uint8_t to[STEP];
	int r;

	z->z.next_in = (z_const Bytef *)(uintptr_t)bytes;
	z->z.avail_in = (uInt)n;
	while (z->state == WS_INFLATE_FINE) {
		z->z.next_out = to;
		z->z.avail_out = sizeof(to);
		r = inflate(&z->z, Z_SYNC_FLUSH);
		if (z->z.avail_out < sizeof(to))
			out(user, to, sizeof(to) - z->z.avail_out);
		if (r == Z_STREAM_END) /* a final block: the next begins anew (RFC 7692 §7.2.3.4) */
			r = inflateReset(&z->z);
		if (r != Z_OK && r != Z_BUF_ERROR)
			z->state = WS_INFLATE_BAD;
		else if (!bucket_take(&z->budget->steps, clock_ms()))
			z->state = WS_INFLATE_TOO_MUCH;
		if (z->z.avail_in == 0 && z->z.avail_out > 0)
			break;
	}
	return z->state;
}

enum ws_inflate_result ws_inflate_end(struct ws_inflate *z, ws_inflate_out_f *out, void *user)
{
	static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff}; /* what the sender left out */

	return ws_inflate_add(z, tail, sizeof(tail), out, user);
}
