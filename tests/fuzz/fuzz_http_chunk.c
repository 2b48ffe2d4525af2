/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_chunk: any bytes as a chunked body.
 *
 * What holds for every input: pieces do not change the verdict, and a body that is taken ends
 * where a reader made of nothing but memchr() sees its end too.
 */

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "proto/http_chunk.h"
#include "proto/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken of @data in pieces of @step, or the fault. */
static long take_in_steps(const uint8_t *data, size_t size, size_t step, bool *ret_done)
{
	struct http_chunk c;
	size_t at = 0;
	long taken = 0;

	http_chunk_init(&c);
	while (at < size && taken >= 0 && !http_chunk_is_done(&c)) {
		size_t n = MIN(step, size - at);

		taken = http_chunk_take(&c, data + at, n);
		assert(taken < 0 || (size_t)taken == n || http_chunk_is_done(&c));
		at += taken > 0 ? (size_t)taken : 0;
	}
	*ret_done = http_chunk_is_done(&c);
	return taken < 0 ? taken : (long)at;
}

static size_t hex(const uint8_t *data, const uint8_t *end)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	size_t v = 0;

	for (const char *d; data < end && *data && (d = strchr(digits, *data)); data++)
		v = v << 4 | ((size_t)(d - digits) & 15);
	return v;
}

/* Where a lax reader sees the end of a body that is known to be whole. */
static size_t lax_end(const uint8_t *data, size_t size)
{
	const uint8_t *at = data, *end = data + size, *lf;
	size_t chunk;

	do {
		lf = memchr(at, '\n', (size_t)(end - at));
		assert(lf);
		chunk = hex(at, lf);
		assert(chunk <= (size_t)(end - lf));
		at = lf + 1 + (chunk ? chunk + 2 : 0);
	} while (chunk > 0);
	for (;;) {
		lf = memchr(at, '\n', (size_t)(end - at));
		assert(lf);
		if (lf - at == 1)
			return (size_t)(lf + 1 - data);
		at = lf + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool done, done_in_steps;
	long end = take_in_steps(data, size, size ? size : 1, &done);

	for (size_t step = 1; step < 8; step += 3) {
		assert(take_in_steps(data, size, step, &done_in_steps) == end);
		assert(done_in_steps == done);
	}
	if (done)
		assert(lax_end(data, size) == (size_t)end);
	else
		assert(end == (long)size || end == -HTTP_FAULT_CHUNK || end == -HTTP_FAULT_TRAILER);
	return 0;
}
