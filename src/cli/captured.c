/* SPDX-License-Identifier: MIT */
/*
 * captured: Request, and Body piece by piece. Everything here may be gone at the next question, for
 * the daemon keeps what fits: then its words say so.
 */
#include "cli/captured.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/parse.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/verbs.h"

int captured_id(const struct args *a, const char *text, uint64_t *ret)
{
	if (parse_u64(text, ret) < 0 || *ret == 0 || *ret > INT64_MAX)
		return verbs_usage(a, "'%s' is no number of a request", text);
	return CALL_DONE;
}

int captured_get(struct call *c, uint64_t id, json_t **ret)
{
	return call_do(c, "Request", json_pack("{s:I}", "id", (json_int_t)id), CALL_TIMEOUT_MS,
		ret);
}

/* Append one piece. False: it is no base64. */
static bool add_piece(struct captured_body *b, const json_t *reply)
{
	const char *text = json_string_value(json_object_get(reply, "base64"));
	size_t cap = text ? strlen(text) : 0;
	ssize_t n;

	b->bytes = mem_realloc(b->bytes, b->n + cap + 1);
	n = text ? base64_decode((uint8_t *)b->bytes + b->n, cap, text) : -1;
	if (n < 0)
		return false;
	b->n += (size_t)n;
	b->bytes[b->n] = '\0';
	return true;
}

static int get_pieces(struct call *c, uint64_t id, const char *side, bool head,
	struct captured_body *b)
{
	json_int_t at = 0;

	for (;;) {
		CLEANUP(call_free_json) json_t *reply = NULL;
		const json_t *next;
		int code = call_do(c, "Body",
			json_pack("{s:I, s:s, s:I, s:b, s:b}", "id", (json_int_t)id, "side", side,
				"offset", at, "decoded", b->decoded, "head", head),
			CALL_TIMEOUT_MS, &reply);

		if (code)
			return code;
		if (!add_piece(b, reply)) {
			print_error("the daemon's answer is no body");
			return CALL_FAILED;
		}
		next = json_object_get(reply, "next");
		if (!json_is_integer(next) || json_integer_value(next) <= at ||
			b->n > CAPTURED_BODY_MAX)
			return CALL_DONE;
		at = json_integer_value(next);
	}
}

int captured_get_body(struct call *c, uint64_t id, const char *side, const json_t *part,
	struct captured_body *ret)
{
	bool coded = json_is_string(json_object_get(part, "coding"));

	memset(ret, 0, sizeof(*ret));
	ret->decoded = coded && json_is_true(json_object_get(part, "decoded"));
	ret->failed = coded && !ret->decoded;
	ret->bytes = mem_zalloc(1);
	if (json_integer_value(json_object_get(part, "kept")) == 0)
		return CALL_DONE;
	return get_pieces(c, id, side, /* head= */ false, ret);
}

int captured_get_raw(struct call *c, uint64_t id, const char *side, struct captured_body *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->bytes = mem_zalloc(1);
	return get_pieces(c, id, side, /* head= */ false, ret);
}

int captured_get_head(struct call *c, uint64_t id, const char *side, struct captured_body *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->bytes = mem_zalloc(1);
	return get_pieces(c, id, side, /* head= */ true, ret);
}

void captured_free_body(struct captured_body *b)
{
	free(b->bytes);
	memset(b, 0, sizeof(*b));
}
