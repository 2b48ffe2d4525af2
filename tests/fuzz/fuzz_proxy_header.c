/* SPDX-License-Identifier: MIT */
/*
 * fuzz_proxy_header: any bytes as what a proxy says first.
 *
 * What holds for every input: a verdict other than "more" stands when more comes, a header is no
 * longer than what was given, and what was read is read again from its own encoding.
 */

#include <assert.h>
#include <string.h>

#include "proto/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct proxy_header *h)
{
	uint8_t out[PROXY_HEADER_OUT_MAX];
	struct proxy_header again;
	size_t n = proxy_header_encode(out, h);

	assert(n <= sizeof(out));
	assert(proxy_header_parse(&again, out, n) == PROXY_HEADER_OK && again.length == n);
	assert(again.family == h->family);
	if (h->family == PROXY_HEADER_UNKNOWN)
		return;
	assert(memcmp(again.source, h->source, sizeof(h->source)) == 0);
	assert(memcmp(again.destination, h->destination, sizeof(h->destination)) == 0);
	assert(again.source_port == h->source_port && again.tls == h->tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h, part;
	enum proxy_header_result whole = proxy_header_parse(&h, data, size), early;

	assert(whole != PROXY_HEADER_SHORT || size < PROXY_HEADER_MAX);
	if (whole == PROXY_HEADER_OK) {
		assert(h.length > 0 && h.length <= size && h.length <= PROXY_HEADER_MAX);
		check_again(&h);
	}
	for (size_t n = 0; n < size && n < PROXY_HEADER_MAX; n++) {
		early = proxy_header_parse(&part, data, n);
		assert(early == PROXY_HEADER_SHORT || early == whole);
		assert(early != PROXY_HEADER_OK || part.length == h.length);
	}
	return 0;
}
