/* SPDX-License-Identifier: MIT */
/* request_filter: what the daemon would only call a bad parameter is told here in words. */
#include "cli/request_filter.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/verbs.h"

/* "200", "5xx" */
static bool is_code(const char *s, size_t n)
{
	return n == 3 && s[0] >= '1' && s[0] <= '9' &&
	       (strncasecmp(s + 1, "xx", 2) == 0 || strspn(s + 1, "0123456789") >= 2);
}

static bool is_status(const char *s)
{
	size_t n = strcspn(s, "-");

	return is_code(s, n) && (!s[n] || is_code(s + n + 1, strlen(s + n + 1)));
}

int request_filter_add_field(const struct args *a, const char *text, json_t *fields)
{
	const char *colon = strchr(text, ':'), *value;

	if (!colon || colon == text)
		return verbs_usage(a, "'--header %s' is no field such as 'Name: value'", text);
	value = colon + 1 + strspn(colon + 1, " \t");
	(void)json_array_append_new(fields,
		json_pack("{s:s%, s:s}", "name", text, (size_t)(colon - text), "value", value));
	return CALL_DONE;
}

static int add_fields(const struct args *a, json_t *filter)
{
	json_t *fields = json_array();
	size_t at = 0;
	const char *text;
	int code = CALL_DONE;

	while (!code && (text = args_next(a, ARGS_HEADER, &at)) != NULL)
		code = request_filter_add_field(a, text, fields);
	(void)json_object_set_new(filter, "header", fields);
	return code;
}

static int add_since(const struct args *a, json_t *filter)
{
	const char *text = a->value[ARGS_SINCE];
	uint64_t ms, now = clock_wall_ms();

	if (!text)
		return CALL_DONE;
	if (parse_duration(text, &ms) < 0)
		return verbs_usage(a, "'--since %s' is no time such as 30s, 10m or 2h", text);
	(void)json_object_set_new(filter, "since_ms",
		json_integer((json_int_t)(now - MIN(ms, now))));
	return CALL_DONE;
}

int request_filter(const struct args *a, json_t **ret)
{
	const struct {
		const char *key, *value;
	} texts[] = {{"tunnel", a->n_words ? a->word[0] : NULL}, {"method", a->value[ARGS_METHOD]},
		{"path", a->value[ARGS_PATH]}, {"status", a->value[ARGS_STATUS]},
		{"kind", a->value[ARGS_KIND]}, {"state", a->value[ARGS_STATE]},
		{"verification", a->value[ARGS_VERIFICATION]}, {"text", a->value[ARGS_TEXT]}};
	const char *status = a->value[ARGS_STATUS];
	int code;

	*ret = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *text = texts[i].value ? json_string(texts[i].value) : json_null();

		if (!text)
			return verbs_usage(a, "'%s' is no UTF-8", texts[i].value);
		(void)json_object_set_new(*ret, texts[i].key, text);
	}
	if (status && !is_status(status))
		return verbs_usage(a, "'--status %s' is no status such as 200, 5xx or 400-499",
			status);
	code = add_fields(a, *ret);
	return code ? code : add_since(a, *ret);
}
