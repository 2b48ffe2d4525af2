/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tap: any bytes both ways on a connection that is looked at.
 *
 * The input is a script: a byte that says which side and how many (the low seven bits), then so
 * many bytes; a length of 0 ends that side. What holds for every input: the capture never has more
 * than it may, has charged what it holds, and gives all of it back; an exchange that has ended
 * stays so; and when the connection is over, nothing is under way.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str_list.h"
#include "inspect/capture.h"
#include "inspect/redact.h"
#include "inspect/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct capture_limits limits = {
	.requests = 8, .bytes = 16 * 1024, .body = 2048, .messages = 4};

static size_t text_size(const char *s)
{
	return s ? strlen(s) : 0;
}

static void check_exchange(const struct exchange *e)
{
	size_t held = 0, n = 0;

	for (int i = 0; i < 2; i++) {
		const struct exchange_part *p = &e->part[i];

		assert(p->kept <= p->size && p->kept <= p->cap && p->kept <= limits.body);
		assert(!p->head || (strlen(p->head) <= p->head_len && p->head_len > 0));
		held += p->cap + p->head_len;
		if (e->coming[i])
			held += sizeof(*e->coming[i]) + e->coming[i]->cap;
	}
	list_each (m, &e->messages, struct exchange_message, node) {
		assert(m->kept <= m->size && m->kept <= limits.body && m->cap == m->kept);
		held += sizeof(*m) + m->cap;
		n++;
	}
	assert(n == e->n_kept_messages && n <= limits.messages && n <= e->n_messages);
	held += CAPTURE_EXCHANGE_BYTES + text_size(e->method) + text_size(e->target);
	assert(held <= e->bytes);
	assert((e->state == EXCHANGE_FAILED) == (e->error != NULL));
	assert((e->state == EXCHANGE_OPEN) == (e->total_us < 0));
}

static void check(const struct capture *c, bool over)
{
	size_t bytes = 0, n = 0;

	list_each (e, &c->exchanges, struct exchange, node) {
		assert(e->capture == c);
		check_exchange(e);
		assert(!over || e->state != EXCHANGE_OPEN);
		bytes += e->bytes;
		n++;
	}
	assert(bytes == c->bytes && bytes <= limits.bytes);
	assert(n == c->n && n <= limits.requests);
	assert(c->seen == c->n + c->dropped);
}

static void play(struct tap *t, const uint8_t *data, size_t size)
{
	while (size > 0) {
		enum exchange_side side = *data & 0x80 ? EXCHANGE_RESPONSE : EXCHANGE_REQUEST;
		size_t n = MIN((size_t)(*data & 0x7f), size - 1);

		if (n > 0)
			tap_data(t, side, data + 1, n);
		else
			tap_end(t, side);
		check(t->visit->capture, /* over= */ false);
		data += 1 + n;
		size -= 1 + n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[] = "token", *names[] = {name};
	const struct str_list list = {names, 1};
	const struct redact redact = {.names = &list};
	struct capture capture;
	struct tap_visit visit = {
		.capture = &capture, .redact = &redact, .tunnel = "web", .visitor = "192.0.2.1:5"};
	struct tap tap;

	capture_init(&capture, &limits);
	tap_init(&tap, &visit, TAP_FULL);
	play(&tap, data, size);
	tap_close(&tap, size & 1 ? CLOSE_DONE : CLOSE_VISITOR_GONE, "");
	assert(tap.n == 0);
	check(&capture, /* over= */ true);
	tap_deinit(&tap);
	assert(capture.inflating.left > 0);
	capture_deinit(&capture);
	return 0;
}
