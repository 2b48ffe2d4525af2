/* SPDX-License-Identifier: MIT */
/*
 * fuzz_webhook: any head and body against every provider.
 *
 * The first byte chooses the provider, then comes a head, then a body. What holds for every input:
 * nobody who does not know the secret is found to have signed; and what is signed here for that
 * very head is found signed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/http_head.h"
#include "webhook/webhook_check.h"
#include "webhook/webhook_sign.h"

#define HEAD_MAX 65536
#define NOW      1700000000000ULL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_rules(struct webhook_rules *r, uint8_t choice)
{
	static const char key[] = "nobody guesses this 5f0c6d";

	*r = (struct webhook_rules){.provider = 1 + choice % (WEBHOOK_PROVIDER_COUNT - 1),
		.tolerance_ms = 300000,
		.digest = choice / 8 % 3,
		.encoding = choice / 32 % 2,
		.n_secrets = 1};
	if (secret_set(&r->secrets[0], key, sizeof(key) - 1) < 0)
		abort();
	r->header = mem_strdup("X-Signature");
	r->prefix = choice & 0x80 ? mem_strdup("v1=") : NULL;
}

static bool is_signed(const struct webhook_rules *r, const struct http_head *h,
	struct http_span body)
{
	struct webhook_check *c = webhook_check_new(r, h, NOW);
	size_t half = body.n / 2;
	bool is;

	webhook_check_add(c, body.at, half);
	webhook_check_add(c, body.at + half, body.n - half);
	is = !webhook_check_finish(c);
	webhook_check_free(c);
	return is;
}

static void sign_and_check(const struct webhook_rules *r, const struct http_head *h,
	struct http_span body)
{
	CLEANUP(mem_cleanup) struct http_head *again = mem_new(struct http_head);
	struct webhook_signature s;

	webhook_sign(r, h, body, NOW, &s);
	for (size_t i = 0; i < s.n; i++)
		again->fields[again->n_fields++] = (struct http_field){
			{s.fields[i].name, strlen(s.fields[i].name)},
			{s.fields[i].value, strlen(s.fields[i].value)}};
	assert(is_signed(r, again, body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_cleanup) struct http_head *h = mem_alloc(sizeof(*h));
	struct webhook_rules rules;
	struct http_span body;
	size_t scanned = 0;
	long end;

	if (size < 1)
		return 0;
	end = http_head_scan(data + 1, size - 1, HEAD_MAX, &scanned);
	if (end <= 0 || http_head_request(h, data + 1, (size_t)end) != HTTP_FAULT_NONE)
		return 0;
	body = (struct http_span){(const char *)data + 1 + end, size - 1 - (size_t)end};
	make_rules(&rules, data[0]);
	assert(!is_signed(&rules, h, body));
	sign_and_check(&rules, h, body);
	webhook_deinit(&rules);
	return 0;
}
