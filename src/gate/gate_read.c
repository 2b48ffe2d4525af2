/* SPDX-License-Identifier: MIT */
/* gate_read: reads a request as far as its check needs it; keeps none of its bytes. */
#include "gate/gate_read.h"

#include <string.h>

#include "base/clock.h"
#include "gate/verify_conf.h"

enum http_fault gate_read_head(struct gate_read *r, const struct verify_conf *v,
	const uint8_t *bytes, size_t n)
{
	struct http_head h;
	enum http_fault fault = http_head_request(&h, bytes, n);

	gate_read_deinit(r);
	if (fault != HTTP_FAULT_NONE)
		return fault;
	http_body_of_request(&r->body, &h);
	r->length = h.has_length ? h.length : 0;
	r->is_head = http_head_span_is(h.method, "HEAD");
	r->upgrade = h.upgrade;
	r->expects = h.expect_continue && h.minor > 0;
	r->wants_json = h.accepts_json;
	r->keep_alive = h.keep_alive;
	r->check = webhook_check_new(&v->rules, &h, clock_wall_ms());
	return HTTP_FAULT_NONE;
}

long gate_read_body(struct gate_read *r, const uint8_t *bytes, size_t n)
{
	size_t at = 0;

	while (at < n && !r->body.done) {
		size_t content;
		long taken = http_body_next(&r->body, bytes + at, n - at, &content);

		if (taken < 0)
			return taken;
		at += (size_t)taken;
		webhook_check_add(r->check, bytes + at - content, content);
	}
	return (long)at;
}

void gate_read_deinit(struct gate_read *r)
{
	webhook_check_free(r->check);
	memset(r, 0, sizeof(*r));
}
