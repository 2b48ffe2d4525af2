/* SPDX-License-Identifier: MIT */
/*
 * verb_requests: `requests`, the captured ones and those to come, a line each; `clear`. A list is
 * asked for piece by piece, newest first, since the daemon answers no more than fits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/request_filter.h"
#include "cli/request_row.h"
#include "cli/verbs.h"

#define LINES_DEFAULT 50
#define LINES_MAX     1000000

static int read_lines(const struct args *a, uint32_t *ret)
{
	const char *text = a->value[ARGS_LINES];

	*ret = LINES_DEFAULT;
	if (text && (parse_u32(text, ret) < 0 || *ret > LINES_MAX))
		return verbs_usage(a, "--lines is a number");
	return CALL_DONE;
}

/* --- the list -------------------------------------------------------------------------------- */

/* The id before which to go on; 0: there is none. */
static json_int_t oldest(const json_t *list)
{
	return json_integer_value(json_object_get(json_array_get(list, 0), "id"));
}

/* One answer of at most @tail requests older than @before (0: all), put in front of @reply. */
static int get_piece(struct call *c, const json_t *filter, json_int_t tail, json_int_t before,
	json_t **reply)
{
	json_t *params = json_pack("{s:O, s:I}", "filter", filter, "tail", tail), *piece, *list;
	int code;

	if (before)
		(void)json_object_set_new(params, "before", json_integer(before));
	code = call_do(c, "Requests", params, CALL_TIMEOUT_MS, &piece);
	if (code) {
		json_decref(piece);
		return code;
	}
	list = json_object_get(piece, "requests");
	if (*reply)
		(void)json_array_extend(list, json_object_get(*reply, "requests"));
	json_decref(*reply);
	*reply = piece;
	return CALL_DONE;
}

/* Until there are @lines, or no more; *ret is like one answer. */
static int get_list(const struct args *a, const json_t *filter, uint32_t lines, json_t **ret)
{
	json_int_t before = 0;
	size_t n = 0, had;
	struct call c;
	int code = call_open(&c, a);

	if (code)
		return code;
	do {
		had = n;
		code = get_piece(&c, filter, (json_int_t)(lines - n), before, ret);
		n = json_array_size(json_object_get(*ret, "requests"));
		before = oldest(json_object_get(*ret, "requests"));
	} while (!code && n > had && n < lines);
	call_close(&c);
	return code;
}

static int list(const struct args *a, const json_t *filter, uint32_t lines)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	int code = get_list(a, filter, lines, &reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON))
		print_json(reply);
	else
		request_row_table(a, json_object_get(reply, "requests"));
	return CALL_DONE;
}

/* --- following ------------------------------------------------------------------------------- */

/* A line when it has ended; what lasts gets one when it begins, too. */
static bool is_worth_a_line(const json_t *info)
{
	const char *kind = json_string_value(json_object_get(info, "kind"));
	const char *state = json_string_value(json_object_get(info, "state"));

	return !str_eq(state, "open") ||
	       (!str_eq(kind, "http") && !json_integer_value(json_object_get(info, "messages")));
}

static void print_compact(const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	print_text(text ? text : "");
	print_text("\n");
	free(text);
}

static bool on_requests(json_t *reply, void *arg)
{
	const struct args *a = arg;
	const json_t *info;
	size_t i;

	json_array_foreach(json_object_get(reply, "requests"), i, info)
	{
		if (args_has(a, ARGS_JSON))
			print_compact(info);
		else if (is_worth_a_line(info))
			request_row_line(info);
	}
	return true;
}

static int follow(const struct args *a, const json_t *filter, uint32_t lines)
{
	struct args copy = *a;
	struct call c;
	int code = call_open(&c, a);

	if (code)
		return code;
	if (!args_has(a, ARGS_JSON) && !args_has(a, ARGS_NO_LEGEND))
		request_row_line(NULL);
	code = call_more(&c, "Requests",
		json_pack("{s:O, s:I, s:b}", "filter", filter, "tail", (json_int_t)lines, "follow",
			1),
		on_requests, &copy);
	call_close(&c);
	return code;
}

int verb_requests(const struct args *a)
{
	CLEANUP(call_free_json) json_t *filter = NULL;
	uint32_t lines;
	int code = read_lines(a, &lines);

	if (!code)
		code = request_filter(a, &filter);
	if (code)
		return code;
	return args_has(a, ARGS_FOLLOW) ? follow(a, filter, lines) : list(a, filter, lines);
}

/* --- clear ----------------------------------------------------------------------------------- */

int verb_requests_clear(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	json_t *params = json_object();
	int code;

	if (a->n_words)
		(void)json_object_set_new(params, "tunnel", json_string(a->word[0]));
	code = call_once(a, "ClearRequests", params, &reply);
	if (!code && args_has(a, ARGS_JSON))
		print_json(reply);
	return code;
}
