/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_head: any bytes as a request and as a response head.
 *
 * What holds for every input: pieces do not change where the head ends; spans stay inside; and
 * what is forwarded is read again as the same message, which is what keeps the next hop from
 * seeing another one.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/http_body.h"
#include "proto/http_forward.h"
#include "proto/http_head.h"

#define HEAD_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long scan_in_steps(const uint8_t *data, size_t size, size_t step)
{
	size_t scanned = 0, have = 0;
	long end = 0;

	while (have < size && end == 0) {
		have = MIN(size, have + step);
		end = http_head_scan(data, have, HEAD_MAX, &scanned);
	}
	return end;
}

static bool same(struct http_span a, struct http_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static void check_spans(const struct http_head *h, const uint8_t *data, size_t n)
{
	const char *low = (const char *)data, *high = low + n;

	assert(h->n_fields <= HTTP_HEAD_FIELDS_MAX);
	for (size_t i = 0; i < h->n_fields; i++) {
		assert(h->fields[i].name.n > 0 && h->fields[i].name.at > low);
		assert(h->fields[i].value.at + h->fields[i].value.n <= high - 4);
		assert(!memchr(h->fields[i].value.at, '\r', h->fields[i].value.n));
	}
	assert(!(h->has_length && h->chunked));
	assert(!h->chunked || h->minor == 1);
}

static void check_request(const struct http_head *h)
{
	static const struct http_forward f = {.visitor_ip = "192.0.2.7", .proto = "http"};
	size_t cap = 2 * HEAD_MAX, scanned = 0, n;
	CLEANUP(mem_cleanup) uint8_t *out = mem_alloc(cap);
	CLEANUP(mem_cleanup) struct http_head *again = mem_alloc(sizeof(*again));
	enum http_fault fault;

	assert(h->host.n > 0 && h->path.n > 0 && h->method.n > 0);
	n = http_forward_request(out, cap, h, &f);
	assert(n > 0);
	assert(http_head_scan(out, n, cap, &scanned) == (long)n);
	fault = http_head_request(again, out, n);
	if (fault == HTTP_FAULT_MANY_FIELDS) /* three are added */
		return;
	assert(fault == HTTP_FAULT_NONE);
	assert(same(again->method, h->method) && same(again->host, h->host));
	/* "http://a?q" is a path without its slash */
	assert(!h->no_slash || again->path.at[0] == '/');
	assert(same((struct http_span){again->path.at + h->no_slash, again->path.n - h->no_slash},
		h->path));
	assert(again->has_length == h->has_length && again->length == h->length);
	assert(again->chunked == h->chunked && !again->close && !again->upgrade);
	/* nothing that this hop adds or removes is left to be added or removed */
	assert(http_head_find(again, "x-forwarded-for") &&
		!http_head_find(again, "x_forwarded_for"));
	assert(!http_head_find(again, "x-real-ip") && !http_head_find(again, "x-forwarded-port"));
	assert(!http_head_find(again, "keep-alive") && !http_head_find(again, "http2-settings"));
}

static void check_response(const struct http_head *h)
{
	static const struct http_forward f = {.close = true};
	size_t cap = 2 * HEAD_MAX, scanned = 0, n;
	CLEANUP(mem_cleanup) uint8_t *out = mem_alloc(cap);
	CLEANUP(mem_cleanup) struct http_head *again = mem_alloc(sizeof(*again));
	struct http_body body, after;
	enum http_fault fault;

	n = http_forward_response(out, cap, h, &f);
	assert(n > 0);
	assert(http_head_scan(out, n, cap, &scanned) == (long)n);
	fault = http_head_response(again, out, n);
	if (fault == HTTP_FAULT_MANY_FIELDS)
		return;
	assert(fault == HTTP_FAULT_NONE && again->status == h->status && !again->keep_alive);
	http_body_of_response(&body, h, /* to_head_request= */ false);
	http_body_of_response(&after, again, /* to_head_request= */ false);
	assert(body.kind == after.kind && body.left == after.left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_cleanup) struct http_head *h = mem_alloc(sizeof(*h));
	size_t scanned = 0;
	long end = http_head_scan(data, size, HEAD_MAX, &scanned);

	assert(end <= (long)size && end > -(long)HTTP_FAULT_COUNT);
	assert(size == 0 || scan_in_steps(data, size, 1) == end);
	assert(size == 0 || scan_in_steps(data, size, 7) == end);
	if (end <= 0)
		return 0;
	if (http_head_request(h, data, (size_t)end) == HTTP_FAULT_NONE) {
		check_spans(h, data, (size_t)end);
		check_request(h);
	}
	if (http_head_response(h, data, (size_t)end) == HTTP_FAULT_NONE) {
		check_spans(h, data, (size_t)end);
		check_response(h);
	}
	return 0;
}
