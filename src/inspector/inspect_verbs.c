/* SPDX-License-Identifier: MIT */
/*
 * inspect_verbs: what was captured, asked for piece by piece, so that no answer is larger than a
 * reply may be: lists go back by `before`, bodies come in slices, HAR comes entry by entry.
 */
#include "inspector/inspect_verbs.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "ctl/ctl_params.h"
#include "ctl/ctl_server.h"
#include "inspect/capture.h"
#include "inspect/exchange_json.h"
#include "inspect/filter.h"
#include "inspector/inspect_body.h"
#include "inspector/inspect_export.h"
#include "inspector/inspect_follow.h"

#define TAIL_DEFAULT 50
#define SLICE        (256 * 1024)

/* --- parameters ------------------------------------------------------------------------------ */

/* An optional number that is not negative; false: the call was answered. */
static bool read_number(struct ctl_call *c, const json_t *params, const char *key, uint64_t *ret)
{
	const json_t *v = json_object_get(params, key);

	if (!ctl_params_is_given(v))
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0) {
		ctl_call_bad_parameter(c, key);
		return false;
	}
	*ret = (uint64_t)json_integer_value(v);
	return true;
}

static bool read_flag(struct ctl_call *c, const json_t *params, const char *key, bool *ret)
{
	bool fine = ctl_params_flag(params, key, ret);

	if (!fine)
		ctl_call_bad_parameter(c, key);
	return fine;
}

static bool read_filter(struct ctl_call *c, const json_t *params, struct filter *ret)
{
	const char *bad = filter_parse(ret, json_object_get(params, "filter"));
	char name[64];

	if (!bad)
		return true;
	filter_deinit(ret);
	(void)snprintf(name, sizeof(name), "%s%s", str_eq(bad, "filter") ? "" : "filter.", bad);
	ctl_call_bad_parameter(c, name);
	return false;
}

/* The exchange that `id` names; NULL: the call was answered. */
static struct exchange *read_exchange(struct capture *k, struct ctl_call *c, const json_t *params)
{
	uint64_t id = 0;
	struct exchange *e;

	if (!json_is_integer(json_object_get(params, "id"))) {
		ctl_call_bad_parameter(c, "id");
		return NULL;
	}
	if (!read_number(c, params, "id", &id))
		return NULL;
	e = capture_find(k, id);
	if (e && e->change > 0)
		return e;
	ctl_call_fail(c, "NoSuchRequest", json_pack("{s:I}", "id", (json_int_t)id));
	return NULL;
}

/* --- Requests -------------------------------------------------------------------------------- */

/* The latest @tail that match and are older than @before (0: all), as far as a reply goes; oldest
 * first. */
static json_t *latest(const struct capture *k, const struct filter *f, uint64_t tail,
	uint64_t before)
{
	json_t *list = json_array();
	size_t size = 0;

	for (struct list *n = k->exchanges.prev; n != &k->exchanges && tail > 0; n = n->prev) {
		const struct exchange *e = list_entry(n, struct exchange, node);

		if (e->change == 0 || (before && e->id >= before) || !filter_matches(f, e, NULL))
			continue;
		size += exchange_json_size(e);
		if (size > INSPECT_FOLLOW_REPLY && json_array_size(list) > 0)
			break;
		(void)json_array_insert_new(list, 0, exchange_json_info(e));
		tail--;
	}
	return list;
}

void inspect_verbs_requests(struct capture *k, struct ctl_call *c, json_t *params)
{
	uint64_t tail = TAIL_DEFAULT, before = 0;
	struct filter f;
	json_t *first;
	bool follow;

	if (!read_number(c, params, "tail", &tail) || !read_number(c, params, "before", &before) ||
		!read_flag(c, params, "follow", &follow))
		return;
	if (follow && !ctl_call_wants_more(c)) {
		ctl_call_fail(c, "org.varlink.service.ExpectedMore", NULL);
		return;
	}
	if (!read_filter(c, params, &f))
		return;
	first = inspect_follow_reply(k, latest(k, &f, tail, before), json_array());
	if (follow) {
		inspect_follow_begin(k, c, &f, first);
		return;
	}
	filter_deinit(&f);
	ctl_call_reply(c, first);
}

/* --- Request --------------------------------------------------------------------------------- */

/* Why @e does not match: a sentence, or null: it does. */
static json_t *mismatch(const struct filter *f, const struct exchange *e)
{
	struct str why = STR_INIT(4096);
	json_t *text = filter_matches(f, e, &why) ? json_null()
						  : exchange_json_text(str_get(&why), why.len);

	str_deinit(&why);
	return text;
}

void inspect_verbs_request(struct capture *k, struct ctl_call *c, json_t *params)
{
	struct exchange *e = read_exchange(k, c, params);
	struct filter f;
	json_t *reply;

	if (!e || !read_filter(c, params, &f))
		return;
	reply = json_pack("{s:o, s:o, s:o, s:o, s:o}", "info", exchange_json_info(e), "request",
		exchange_json_part(e, EXCHANGE_REQUEST), "response",
		exchange_json_part(e, EXCHANGE_RESPONSE), "messages", exchange_json_messages(e),
		"mismatch", mismatch(&f, e));
	filter_deinit(&f);
	ctl_call_reply(c, reply);
}

/* --- Body ------------------------------------------------------------------------------------ */

static void answer_slice(struct ctl_call *c, const uint8_t *bytes, size_t size, uint64_t offset)
{
	size_t from = (size_t)MIN(offset, (uint64_t)size), n = MIN(size - from, (size_t)SLICE);

	ctl_call_reply(c,
		json_pack("{s:o, s:I, s:o}", "base64",
			exchange_json_base64(n ? bytes + from : NULL, n), "size", (json_int_t)size,
			"next",
			from + n < size ? json_integer((json_int_t)(from + n)) : json_null()));
}

static bool read_side(struct ctl_call *c, const json_t *params, enum exchange_side *ret)
{
	const char *side = json_string_value(json_object_get(params, "side"));

	*ret = str_eq(side, "response") ? EXCHANGE_RESPONSE : EXCHANGE_REQUEST;
	if (*ret == EXCHANGE_RESPONSE || str_eq(side, "request"))
		return true;
	ctl_call_bad_parameter(c, "side");
	return false;
}

void inspect_verbs_body(struct capture *k, struct inspect_body *b, struct ctl_call *c,
	json_t *params)
{
	struct exchange *e = read_exchange(k, c, params);
	const struct buf *plain = NULL;
	const struct exchange_part *p;
	enum exchange_side side;
	bool decoded, head;
	uint64_t offset = 0;

	if (!e || !read_side(c, params, &side) || !read_number(c, params, "offset", &offset) ||
		!read_flag(c, params, "decoded", &decoded) || !read_flag(c, params, "head", &head))
		return;
	p = &e->part[side];
	if (decoded && !head)
		plain = inspect_body_decode(b, e, side);
	if (head)
		answer_slice(c, (const uint8_t *)p->head, p->head_len, offset);
	else if (plain)
		answer_slice(c, buf_data(plain), buf_len(plain), offset);
	else
		answer_slice(c, p->body, p->kept, offset);
}

/* --- ClearRequests --------------------------------------------------------------------------- */

void inspect_verbs_clear(struct capture *k, struct ctl_call *c, json_t *params)
{
	const json_t *tunnel = json_object_get(params, "tunnel");

	if (tunnel && !json_is_null(tunnel) && !json_is_string(tunnel)) {
		ctl_call_bad_parameter(c, "tunnel");
		return;
	}
	ctl_call_reply(c, json_pack("{s:I}", "cleared",
				  (json_int_t)capture_clear(k, json_string_value(tunnel))));
}

/* --- Export ---------------------------------------------------------------------------------- */

/* An optional array of numbers. */
static bool read_ids(struct ctl_call *c, const json_t *params, json_t **ret)
{
	json_t *ids = json_object_get(params, "ids"), *id;
	bool good = !ids || json_is_null(ids) || json_is_array(ids);
	size_t i;

	json_array_foreach(ids, i, id) good &= json_is_integer(id);
	*ret = json_is_array(ids) ? ids : NULL;
	if (!good)
		ctl_call_bad_parameter(c, "ids");
	return good;
}

void inspect_verbs_export(struct capture *k, struct ctl_call *c, json_t *params)
{
	struct filter f;
	json_t *ids;

	if (!read_ids(c, params, &ids))
		return;
	if (!ctl_call_wants_more(c)) {
		ctl_call_fail(c, "org.varlink.service.ExpectedMore", NULL);
		return;
	}
	if (read_filter(c, params, &f))
		inspect_export_begin(k, c, &f, ids);
}
