/* SPDX-License-Identifier: MIT */
/*
 * verb_replay: a captured request sent again, as it was or changed, and its answer beside the first
 * one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/captured.h"
#include "cli/draft.h"
#include "cli/editor.h"
#include "cli/print.h"
#include "cli/verbs.h"

/* What fits into one message to the daemon. */
#define BODY_MAX (700 * 1024)
#define TEXT_MAX (2 * 1024 * 1024)

struct replay {
	const struct args *args;
	struct call call;
	uint64_t id, timeout_ms;
	json_t *first; /* the answer of Request */
	struct draft was, is;
};

static const json_t *part_of(const json_t *request, const char *side)
{
	return json_object_get(request, side);
}

static int complain(const struct err *err)
{
	print_error("%s", err->text);
	return CALL_FAILED;
}

/* --- changes --------------------------------------------------------------------------------- */

/* The bytes of FILE, or of standard input, into @out. */
static int read_body(const char *path, struct str *out, struct err *err)
{
	bool is_stdin = str_eq(path, "-");
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	char piece[8192];
	size_t n;
	int failed;

	if (!f)
		return err_set_errno(err, -errno, "'%s'", path);
	while (!out->failed && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		str_add_n(out, piece, n);
	failed = ferror(f);
	if (!is_stdin)
		(void)fclose(f);
	if (failed)
		return err_set(err, -EIO, "'%s' cannot be read", path);
	if (out->failed)
		return err_set(err, -EFBIG, "'%s' is longer than %d bytes", path, BODY_MAX);
	return 0;
}

static int set_body(struct draft *d, const char *path, struct err *err)
{
	CLEANUP(str_deinit) struct str body = STR_INIT(BODY_MAX);
	int r = read_body(path, &body, err);

	if (r == 0)
		draft_set_body(d, str_get(&body), body.len, /* decoded= */ false);
	return r;
}

static int apply_options(struct replay *r, struct err *err)
{
	const struct args *a = r->args;
	int e = draft_set_fields(&r->is, a, err);

	if (args_has(a, ARGS_METHOD))
		mem_replace(&r->is.method, a->value[ARGS_METHOD]);
	if (args_has(a, ARGS_PATH))
		mem_replace(&r->is.target, a->value[ARGS_PATH]);
	if (e == 0 && args_has(a, ARGS_BODY))
		e = set_body(&r->is, a->value[ARGS_BODY], err);
	return e;
}

/* --- the editor ------------------------------------------------------------------------------ */

/* The body, for the editor; not had where it was not kept whole. */
static int fetch_body(struct replay *r)
{
	const json_t *part = part_of(r->first, "request");
	struct captured_body body;
	int code;

	if (!json_is_true(json_object_get(part, "complete")) ||
		json_integer_value(json_object_get(part, "kept")) !=
			json_integer_value(json_object_get(part, "size")))
		return CALL_DONE;
	code = captured_get_body(&r->call, r->id, "request", part, &body);
	if (code == CALL_DONE)
		draft_set_body(&r->was, body.bytes, body.n, body.decoded);
	captured_free_body(&body);
	return code;
}

static void add_comment(struct str *out, const struct replay *r)
{
	const struct draft *d = &r->is;

	str_addf(out,
		"Request %llu, to be sent again: its method and path, its headers, an empty line,\n"
		"its body. Save and quit to send it; change nothing, or leave nothing, to send "
		"nothing.\n"
		"A header that says [redacted] was kept without its value and is not sent; write\n"
		"one to send it. Content-Length and what is for one connection is added.\n",
		(unsigned long long)r->id);
	if (!d->body)
		str_add(out, "Its body was not kept whole: write one below.\n");
	else if (!d->is_text)
		str_addf(out,
			"Its body (%zu bytes) is no text, is kept apart, and is sent as it was, "
			"unless you write another one below.\n",
			d->body_len);
	else if (d->is_decoded)
		str_add(out, "Its body was compressed, and is shown, and if changed sent, without "
			     "that.\n");
}

/* @r->is becomes what the person makes of it. */
static int edit(struct replay *r, struct err *err)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(TEXT_MAX), comment = STR_INIT(4096);
	CLEANUP(draft_deinit) struct draft edited = {0};
	CLEANUP(mem_cleanup) char *before = NULL;
	size_t n;
	int e;

	add_comment(&comment, r);
	draft_format(&text, &r->is, str_get(&comment));
	if (text.failed)
		return err_set(err, -EFBIG, "the request is too long for an editor");
	n = text.len;
	before = mem_dup(str_get(&text), n + 1);
	e = editor_run(&text, "request.http", err);
	if (e < 0)
		return e;
	if (text.len == n && memcmp(str_get(&text), before, n) == 0)
		return err_set(err, -ECANCELED, "nothing was changed, and nothing was sent");
	e = draft_parse(&edited, str_get(&text), text.len, &r->is, err);
	if (e == -ECANCELED)
		err_prefix(err, "nothing was sent");
	if (e < 0)
		return e;
	draft_deinit(&r->is);
	draft_copy(&r->is, &edited);
	return 0;
}

/* --- the answer ------------------------------------------------------------------------------ */

static void tell_omitted(const json_t *reply)
{
	CLEANUP(str_deinit) struct str names = STR_INIT(8192);
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(reply, "omitted"), i, name)
		str_addf(&names, "%s%s", i ? ", " : "", json_string_value(name));
	if (names.len)
		print_error("not sent, for they were redacted when captured: %s", str_get(&names));
}

/* One response with its body. @body is to be freed in any case. */
static int get_answer(struct replay *r, const json_t *request, uint64_t id, struct answer *ret,
	struct captured_body *body)
{
	*ret = (struct answer){
		json_object_get(request, "info"), part_of(request, "response"), body};
	if (!json_is_object(ret->part))
		return CALL_DONE;
	return captured_get_body(&r->call, id, "response", ret->part, body);
}

static void print_title(const struct replay *r, uint64_t id, const json_t *info)
{
	json_int_t us = json_integer_value(json_object_get(info, "total_us"));

	printf("request %llu again, as %llu, in %lld.%lld ms\n\n", (unsigned long long)r->id,
		(unsigned long long)id, (long long)(us / 1000), (long long)(us % 1000 / 100));
}

static int show(struct replay *r, const json_t *info)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(info, "id"));
	CLEANUP(captured_free_body) struct captured_body body = {0}, first_body = {0};
	CLEANUP(call_free_json) json_t *request = NULL;
	struct answer now, first;
	int code = captured_get(&r->call, id, &request);

	if (code == CALL_DONE)
		code = get_answer(r, request, id, &now, &body);
	if (code == CALL_DONE)
		code = get_answer(r, r->first, r->id, &first, &first_body);
	if (code)
		return code;
	print_title(r, id, info);
	answer_print(r->args, &now);
	printf("\nCompared with the answer to request %llu:\n", (unsigned long long)r->id);
	answer_compare(r->args, &first, &now);
	return CALL_DONE;
}

static int judge(const json_t *info)
{
	const char *error = json_string_value(json_object_get(info, "error"));

	if (!str_eq(json_string_value(json_object_get(info, "state")), "failed"))
		return CALL_DONE;
	print_error("the answer did not come to its end: %s", error ? error : "-");
	return CALL_FAILED;
}

static int send_again(struct replay *r, json_t *params)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	const json_t *info;
	int code = call_do(&r->call, "Replay", params, r->timeout_ms + CALL_TIMEOUT_MS, &reply);

	if (code)
		return code;
	info = json_object_get(reply, "info");
	if (args_has(r->args, ARGS_JSON)) {
		print_json(reply);
	} else {
		tell_omitted(reply);
		code = show(r, info);
	}
	return code ? code : judge(info);
}

/* --- the verb -------------------------------------------------------------------------------- */

/* From what the daemon has and the options to what it is told. */
static int prepare(struct replay *r, json_t *params, struct err *err)
{
	const char *to = r->args->value[ARGS_TO];
	int e;

	draft_copy(&r->is, &r->was);
	e = apply_options(r, err);
	if (e == 0 && args_has(r->args, ARGS_EDIT))
		e = edit(r, err);
	if (args_has(r->args, ARGS_RESIGN))
		(void)json_object_set_new(params, "resign", json_true());
	if (e == 0 && to && json_object_set_new(params, "to", json_string(to)) < 0)
		e = err_set(err, -EINVAL, "'%s' is no name of a tunnel", to);
	return e < 0 ? e : draft_changes(params, &r->was, &r->is, err);
}

static int run(struct replay *r)
{
	json_t *params;
	struct err err = {0};
	int code = captured_get(&r->call, r->id, &r->first);

	if (code)
		return code;
	if (draft_read(&r->was, part_of(r->first, "request"), &err) < 0)
		return complain(&err);
	if (args_has(r->args, ARGS_EDIT))
		code = fetch_body(r);
	if (code)
		return code;
	params = json_pack("{s:I, s:I}", "id", (json_int_t)r->id, "timeout_ms",
		(json_int_t)r->timeout_ms);
	if (prepare(r, params, &err) < 0) {
		json_decref(params);
		return complain(&err);
	}
	return send_again(r, params);
}

int verb_replay(const struct args *a)
{
	struct replay r = {.args = a};
	int code = captured_id(a, a->word[0], &r.id);

	if (!code)
		code = call_timeout(a, &r.timeout_ms);
	if (!code)
		code = call_open(&r.call, a);
	if (code)
		return code;
	code = run(&r);
	call_close(&r.call);
	json_decref(r.first);
	draft_deinit(&r.was);
	draft_deinit(&r.is);
	return code;
}
