/* SPDX-License-Identifier: MIT */
/*
 * fuzz_client_hello: any bytes as the beginning of a TLS connection.
 *
 * What holds for every input: a verdict other than "more" stands when more comes, a name that
 * is reported is in the form that is compared, and the protocols are read within their bounds.
 */

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "proto/client_hello.h"
#include "proto/hostname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hello(const struct client_hello *h)
{
	char again[HOSTNAME_MAX];

	assert(memchr(h->name, '\0', sizeof(h->name)));
	if (h->name[0]) {
		assert(hostname_normalise(again, h->name, strlen(h->name)) == 0);
		assert(strcmp(again, h->name) == 0);
		assert(hostname_under(h->name, h->name) == 0);
		(void)hostname_is_claimable(h->name);
	}
	assert(h->alpn_len <= sizeof(h->alpn));
	assert(!client_hello_offers(h, ""));
	(void)client_hello_offers(h, "http/1.1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_hello h, part;
	enum client_hello_result whole = client_hello_parse(&h, data, size), early;
	char name[HOSTNAME_MAX];

	assert(whole != CLIENT_HELLO_SHORT || size < CLIENT_HELLO_MAX);
	if (whole == CLIENT_HELLO_OK)
		check_hello(&h);
	for (size_t n = size < 512 ? 0 : size - 512; n < size && n < CLIENT_HELLO_MAX; n++) {
		early = client_hello_parse(&part, data, n);
		assert(early == CLIENT_HELLO_SHORT || early == whole);
		if (early == CLIENT_HELLO_OK)
			assert(strcmp(part.name, h.name) == 0 && part.alpn_len == h.alpn_len);
	}
	/* the same bytes as a Host value: what is normal stays so */
	if (hostname_normalise(name, (const char *)data, size) == 0) {
		char again[HOSTNAME_MAX];

		assert(hostname_normalise(again, name, strlen(name)) == 0 &&
			strcmp(name, again) == 0);
	}
	return 0;
}
