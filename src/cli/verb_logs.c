/* SPDX-License-Identifier: MIT */
/* verb_logs: the daemons' latest events, and those to come, a line each. */
#include <stdlib.h>

#include "base/parse.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/verbs.h"

#define LINES_DEFAULT 50
#define LINES_MAX     1000000

/* One reply: some events. With --json a line of JSON each. */
static bool on_events(json_t *reply, void *arg)
{
	const struct args *a = arg;
	const json_t *event;
	size_t i;

	json_array_foreach(json_object_get(reply, "events"), i, event)
	{
		if (args_has(a, ARGS_JSON)) {
			char *text = json_dumps(event, JSON_COMPACT);

			print_text(text ? text : "");
			print_text("\n");
			free(text);
		} else {
			print_event(event);
		}
	}
	return true;
}

static int logs_params(const struct args *a, json_t **ret)
{
	uint32_t lines = LINES_DEFAULT;
	const char *text = a->value[ARGS_LINES];

	*ret = NULL;
	if (text && (parse_u32(text, &lines) < 0 || lines > LINES_MAX))
		return verbs_usage(a, "--lines is a number");
	*ret = json_pack("{s:i, s:b}", "tail", (int)lines, "follow", args_has(a, ARGS_FOLLOW));
	if (a->n_words)
		(void)json_object_set_new(*ret, "tunnel", json_string(a->word[0]));
	return CALL_DONE;
}

static int logs(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	json_t *params;
	struct args copy = *a;
	struct call c;
	int code = logs_params(a, &params);

	if (code)
		return code;
	code = call_open(&c, a);
	if (code) {
		json_decref(params);
		return code;
	}
	if (args_has(a, ARGS_FOLLOW)) {
		code = call_more(&c, "Logs", params, on_events, &copy);
	} else {
		code = call_do(&c, "Logs", params, CALL_TIMEOUT_MS, &reply);
		if (!code)
			(void)on_events(reply, &copy);
	}
	call_close(&c);
	return code;
}

int verb_logs_client(const struct args *a)
{
	return logs(a);
}

int verb_logs_server(const struct args *a)
{
	return logs(a);
}
