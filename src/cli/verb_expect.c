/* SPDX-License-Identifier: MIT */
/*
 * verb_expect: wait for requests, as a test asserts that they came. One connection follows the
 * tunnel's requests; over another one the daemon is asked of each what differs from the filter, and
 * for the body where a text is to be in it, or a jq filter to be true of it. One that does not
 * match is looked at again when it has changed, while it is open: a status, the rest of a body may
 * be still to come. What was sent again from here is no request that came: it counts where that is
 * asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/body_filter.h"
#include "cli/call.h"
#include "cli/captured.h"
#include "cli/print.h"
#include "cli/request_filter.h"
#include "cli/request_row.h"
#include "cli/verbs.h"
#include "ctl/ctl_client.h"

#define FILTER_MS    5000    /* for one body */
#define TAIL         1000000 /* all of them */
#define OTHERS_MAX   1000    /* that are remembered, the latest */
#define OTHERS_SHOWN 100
#define COUNT_MAX    100000

/* One that did not match. */
struct other {
	json_t *info;
	char *why;
};

struct expect {
	const struct args *args;
	struct call follow, ask;
	json_t *filter;
	struct body_filter *body; /* NULL: any */
	uint32_t count;
	clock_ms_t until;
	bool looked_back;
	json_t *matched; /* array of RequestInfo */
	struct other others[OTHERS_MAX];
	size_t n_others, n_forgotten;
	int code; /* CALL_DONE, or what went wrong */
};

static json_int_t id_of(const json_t *info)
{
	return json_integer_value(json_object_get(info, "id"));
}

/* --- what did not match ---------------------------------------------------------------------- */

static void drop_other(struct expect *x, size_t i)
{
	json_decref(x->others[i].info);
	free(x->others[i].why);
	x->n_others--;
	memmove(&x->others[i], &x->others[i + 1], (x->n_others - i) * sizeof(x->others[0]));
}

static void forget_other(struct expect *x, json_int_t id)
{
	for (size_t i = x->n_others; i-- > 0;) {
		if (id_of(x->others[i].info) == id)
			drop_other(x, i);
	}
}

static void remember_other(struct expect *x, json_t *info, const char *why)
{
	forget_other(x, id_of(info));
	if (x->n_others == OTHERS_MAX) {
		drop_other(x, 0);
		x->n_forgotten++;
	}
	x->others[x->n_others++] = (struct other){json_incref(info), mem_strdup(why)};
}

static bool has_matched(const struct expect *x, json_int_t id)
{
	const json_t *info;
	size_t i;

	json_array_foreach(x->matched, i, info)
	{
		if (id_of(info) == id)
			return true;
	}
	return false;
}

/* --- judging --------------------------------------------------------------------------------- */

static uint64_t time_left(const struct expect *x)
{
	clock_ms_t now = clock_ms();

	return x->until > now ? x->until - now : 0;
}

static bool is_cut(const json_t *part)
{
	return json_integer_value(json_object_get(part, "kept")) <
	       json_integer_value(json_object_get(part, "size"));
}

/* The text is in the body, as far as that was kept; if not, words in @err. */
static bool judge_text(const struct expect *x, const json_t *part, const struct captured_body *body,
	struct err *err)
{
	const char *text = x->args->value[ARGS_BODY];

	if (body->failed)
		(void)err_set(err, -1, "the coding of its body could not be undone");
	else if (memmem(body->bytes, body->n, text, strlen(text)))
		return true;
	else if (is_cut(part))
		(void)err_set(err, -1, "'%s' is not in what was kept of its body", text);
	else
		(void)err_set(err, -1, "'%s' is not in its body", text);
	return false;
}

/* The filter is true of the body; if not, words in @err. */
static bool judge_json(struct expect *x, const json_t *part, const struct captured_body *body,
	json_int_t id, struct err *err)
{
	enum body_filter_result r = BODY_FILTER_ERROR;

	if (is_cut(part))
		(void)err_set(err, -1, "its body was not kept whole");
	else
		r = body_filter_judge(x->body, body->bytes, body->n,
			MIN(time_left(x) + 1, (uint64_t)FILTER_MS), err);
	if (r == BODY_FILTER_SLOW && time_left(x) > 0) {
		print_error("--body-json, on the body of request %" JSON_INTEGER_FORMAT ": %s", id,
			err->text);
		x->code = CALL_FAILED;
	}
	return r == BODY_FILTER_TRUE;
}

/* True of the body; if not, words in @err. */
static bool judge_body(struct expect *x, const json_t *request, json_int_t id, struct err *err)
{
	const json_t *part = json_object_get(request, "request");
	struct captured_body body = {0};
	bool holds = false;

	x->code = captured_get_body(&x->ask, (uint64_t)id, "request", part, &body);
	if (!x->code && body.n == 0)
		(void)err_set(err, -1, is_cut(part) ? "its body was not kept" : "it has no body");
	else if (!x->code)
		holds = (!args_has(x->args, ARGS_BODY) || judge_text(x, part, &body, err)) &&
			(!x->body || judge_json(x, part, &body, id, err));
	captured_free_body(&body);
	return holds;
}

/* True: it matches; if not, words in @err. */
static bool judge(struct expect *x, json_int_t id, struct err *err)
{
	CLEANUP(call_free_json) json_t *request = NULL;
	const json_t *mismatch;
	enum ctl_client_result r = ctl_client_call(x->ask.client, "io.tunnelto.Client.Request",
		json_pack("{s:I, s:O}", "id", id, "filter", x->filter), CALL_TIMEOUT_MS, &request,
		err);

	if (r == CTL_CLIENT_ERROR) {
		(void)err_set(err, -1, "it was no longer kept when it was to be looked at");
		return false;
	}
	if (r != CTL_CLIENT_OK) {
		print_error("%s", err->text);
		x->code = CALL_FAILED;
		return false;
	}
	mismatch = json_object_get(request, "mismatch");
	if (json_is_string(mismatch)) {
		(void)err_set(err, -1, "%s", json_string_value(mismatch));
		return false;
	}
	return (!x->body && !args_has(x->args, ARGS_BODY)) || judge_body(x, request, id, err);
}

/* Enough is known: as many as wanted, or too many, or something failed. */
static bool is_decided(const struct expect *x)
{
	size_t n = json_array_size(x->matched);

	return x->code || (args_has(x->args, ARGS_EXACTLY) ? n > x->count : n >= x->count);
}

static void look_at(struct expect *x, const json_t *list)
{
	json_t *info;
	size_t i;

	json_array_foreach(list, i, info)
	{
		struct err err = {0};

		if (is_decided(x))
			return;
		if (has_matched(x, id_of(info)))
			continue;
		if (judge(x, id_of(info), &err)) {
			forget_other(x, id_of(info));
			(void)json_array_append(x->matched, info);
		} else {
			remember_other(x, info, err.text);
		}
	}
}

/* --- following ------------------------------------------------------------------------------- */

/* What there is before those that the first answer of a follower holds. */
static void look_back(struct expect *x, json_int_t before)
{
	bool more = true;

	while (more && !is_decided(x)) {
		CLEANUP(call_free_json) json_t *reply = NULL;
		json_t *list;

		x->code = call_do(&x->ask, "Requests",
			json_pack("{s:{s:O, s:O?}, s:I, s:I}", "filter", "tunnel",
				json_object_get(x->filter, "tunnel"), "since_ms",
				json_object_get(x->filter, "since_ms"), "tail", (json_int_t)TAIL,
				"before", before),
			CALL_TIMEOUT_MS, &reply);
		list = json_object_get(reply, "requests");
		more = json_array_size(list) > 0;
		before = id_of(json_array_get(list, 0));
		look_at(x, list);
	}
}

static bool on_reply(json_t *reply, void *arg)
{
	struct expect *x = arg;
	const json_t *list = json_object_get(reply, "requests");

	if (!x->looked_back && json_array_size(list) > 0)
		look_back(x, id_of(json_array_get(list, 0)));
	x->looked_back = true;
	look_at(x, list);
	return !is_decided(x);
}

static int follow(struct expect *x)
{
	json_t *params = json_pack("{s:{s:O, s:O?}, s:I, s:b}", "filter", "tunnel",
		json_object_get(x->filter, "tunnel"), "since_ms",
		json_object_get(x->filter, "since_ms"), "tail", (json_int_t)TAIL, "follow", 1);
	int code;

	x->follow.until = x->until;
	code = call_more(&x->follow, "Requests", params, on_reply, x);
	if (!code && !x->looked_back)
		look_back(x, INT64_MAX); /* the time was over before the first answer came */
	return code ? code : x->code;
}

/* A name that nobody has would be waited for in vain. */
static int check_tunnel(struct expect *x)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	CLEANUP(call_free_json) json_t *tunnel = NULL;
	const json_t *name = json_object_get(x->filter, "tunnel");
	int code = call_do(&x->ask, "Requests",
		json_pack("{s:{s:O}, s:i}", "filter", "tunnel", name, "tail", 1), CALL_TIMEOUT_MS,
		&reply);

	if (code || json_array_size(json_object_get(reply, "requests")) > 0)
		return code; /* one that has gone is asked about */
	return call_do(&x->ask, "Tunnel", json_pack("{s:O}", "name", name), CALL_TIMEOUT_MS,
		&tunnel);
}

/* --- telling --------------------------------------------------------------------------------- */

static bool is_met(const struct expect *x)
{
	size_t n = json_array_size(x->matched);

	return args_has(x->args, ARGS_EXACTLY) ? n == x->count : n >= x->count;
}

static void tell_json(const struct expect *x)
{
	json_t *others = json_array(), *all;

	for (size_t i = 0; i < x->n_others; i++)
		(void)json_array_append_new(others,
			json_pack("{s:O, s:s}", "request", x->others[i].info, "why",
				x->others[i].why));
	all = json_pack("{s:b, s:O, s:o}", "met", is_met(x), "matched", x->matched, "others",
		others);
	print_json(all);
	json_decref(all);
}

static void tell_others(const struct expect *x)
{
	size_t first = x->n_others - MIN(x->n_others, (size_t)OTHERS_SHOWN);

	if (first + x->n_forgotten > 0)
		(void)printf("(%zu earlier ones are left out)\n", first + x->n_forgotten);
	for (size_t i = first; i < x->n_others; i++) {
		CLEANUP(str_deinit) struct str line = STR_INIT(65536);
		CLEANUP(mem_cleanup) char *id = print_member(x->others[i].info, "id");
		CLEANUP(mem_cleanup) char *method = print_member(x->others[i].info, "method");
		CLEANUP(mem_cleanup) char *target = print_member(x->others[i].info, "target");

		str_addf(&line, "%s %s %s: %s", id, method, target, x->others[i].why);
		print_line(str_get(&line));
	}
}

static void tell_unmet(const struct expect *x)
{
	size_t n = json_array_size(x->matched);

	print_error("expected %s%u matching request%s, %zu came",
		args_has(x->args, ARGS_EXACTLY) ? "exactly " : "", x->count,
		x->count == 1 ? "" : "s", n);
	if (n == 0 && x->n_others == 0)
		print_error("there was no other request, either");
}

static void tell(const struct expect *x)
{
	bool met = is_met(x);

	if (!met)
		tell_unmet(x);
	if (args_has(x->args, ARGS_JSON)) {
		tell_json(x);
		return;
	}
	if (json_array_size(x->matched) > 0)
		request_row_table(x->args, x->matched);
	if (!met)
		tell_others(x);
	(void)fflush(stdout);
}

/* --- the verb -------------------------------------------------------------------------------- */

static int read_options(struct expect *x)
{
	const struct args *a = x->args;
	const char *count = a->value[ARGS_COUNT], *text = a->value[ARGS_BODY_JSON];
	struct err err = {0};
	uint64_t timeout;
	int code = call_timeout(a, &timeout);

	x->count = 1;
	if (!code && count && (parse_u32(count, &x->count) < 0 || x->count > COUNT_MAX))
		code = verbs_usage(a, "'--count %s' is no number of requests", count);
	if (!code && x->count == 0 && !args_has(a, ARGS_EXACTLY))
		code = verbs_usage(a, "'--count 0' needs --exactly");
	if (!code)
		code = request_filter(a, &x->filter);
	if (code)
		return code;
	if (!args_has(a, ARGS_REPLAYS))
		(void)json_object_set_new(x->filter, "replay", json_false());
	x->until = clock_ms() + timeout;
	x->body = text ? body_filter_new(text, &err) : NULL;
	if (text && !x->body)
		return verbs_usage(a, "--body-json: %s", err.text);
	return CALL_DONE;
}

static int expect(struct expect *x)
{
	int code = call_open(&x->ask, x->args);

	if (!code)
		code = check_tunnel(x);
	if (!code)
		code = call_open(&x->follow, x->args);
	if (!code)
		code = follow(x);
	if (code)
		return code;
	tell(x);
	return is_met(x) ? CALL_DONE : CALL_FAILED;
}

int verb_expect(const struct args *a)
{
	struct expect *x = mem_new(struct expect);
	int code;

	x->args = a;
	x->matched = json_array();
	code = read_options(x);
	if (!code)
		code = expect(x);
	call_close(&x->follow);
	call_close(&x->ask);
	while (x->n_others > 0)
		drop_other(x, x->n_others - 1);
	body_filter_free(x->body);
	json_decref(x->matched);
	json_decref(x->filter);
	free(x);
	return code;
}
