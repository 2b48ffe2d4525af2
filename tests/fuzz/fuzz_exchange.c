/* SPDX-License-Identifier: MIT */
/*
 * fuzz_exchange: a request's head, NUL, a response's head, NUL, the bodies: as JSON, as HAR,
 * without content codings.
 *
 * What holds for every input: what comes out is valid JSON of bounded length, and nothing is left
 * of it when the capture forgets it.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "inspect/capture.h"
#include "inspect/decode.h"
#include "inspect/exchange_json.h"
#include "inspect/har.h"

#define ANSWER_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes up to a NUL or the end; steps over both. */
static size_t take(const uint8_t **at, size_t *left, const uint8_t **ret)
{
	const uint8_t *nul = *left ? memchr(*at, '\0', *left) : NULL;
	size_t n = nul ? (size_t)(nul - *at) : *left;

	*ret = *at;
	*at += n + (nul != NULL);
	*left -= n + (nul != NULL);
	return n;
}

static void check_json(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY);
	json_t *again;

	assert(o && text && strlen(text) < ANSWER_MAX);
	again = json_loads(text, JSON_DECODE_ANY, NULL);
	assert(again);
	json_decref(again);
	json_decref(o);
	free(text);
}

static void check_decoding(const struct exchange *e)
{
	const struct exchange_part *p = &e->part[EXCHANGE_RESPONSE];
	char room[EXCHANGE_JSON_CODING];
	const char *coding = exchange_json_coding(e, EXCHANGE_RESPONSE, room);
	struct buf out;
	enum decode_result r = decode_body(&out, coding, p->body, p->kept, 100000);

	assert(buf_len(&out) <= 100000);
	assert((r == DECODE_UNKNOWN) == !decode_knows(coding));
	buf_deinit(&out);
}

static void fill(struct exchange *e, const uint8_t *data, size_t size)
{
	const uint8_t *part;
	size_t n = take(&data, &size, &part);
	char *target = mem_strndup((const char *)part, n);

	mem_replace(&e->target, target);
	free(target);
	capture_set_head(e, EXCHANGE_REQUEST, (const char *)part, n);
	n = take(&data, &size, &part);
	capture_set_head(e, EXCHANGE_RESPONSE, (const char *)part, n);
	for (int side = 0; side < 2; side++)
		capture_add_body(e, (enum exchange_side)side, data, size);
	for (int kind = 0; kind <= (int)EXCHANGE_MESSAGE_EVENT; kind++)
		capture_add_message(e, EXCHANGE_REQUEST, (enum exchange_message_kind)kind, data,
			size, size + (size_t)kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct capture_limits limits = {10, 16 * 1024 * 1024, 1024 * 1024, 20};
	struct capture capture;
	struct exchange *e;

	capture_init(&capture, &limits);
	e = capture_begin(&capture, "web", "192.0.2.1:1", false);
	fill(e, data, size);
	e->kind = EXCHANGE_WEBSOCKET;
	capture_end(e, "over");
	check_json(exchange_json_info(e));
	check_json(exchange_json_part(e, EXCHANGE_REQUEST));
	check_json(exchange_json_part(e, EXCHANGE_RESPONSE));
	check_json(exchange_json_messages(e));
	check_json(har_entry(e));
	check_decoding(e);
	exchange_unref(e);
	capture_deinit(&capture);
	return 0;
}
