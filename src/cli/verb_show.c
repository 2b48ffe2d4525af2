/* SPDX-License-Identifier: MIT */
/*
 * verb_show: one captured request: for people, as its bytes (--raw), as a command (--curl), or as
 * the daemon's answer with the bodies in it (--json).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/str_list.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/captured.h"
#include "cli/curl.h"
#include "cli/print.h"
#include "cli/request_row.h"
#include "cli/show_body.h"
#include "cli/verbs.h"

#define LINE_MAX_BYTES (256 * 1024)
#define MESSAGE_TEXT   1000
#define MESSAGE_HEX    128
#define CURL_MAX       (256 * 1024 * 1024)

/* What is shown of one side. */
struct side {
	const char *name; /* "request" */
	const char *mark; /* "> " */
	const json_t *part;
	struct captured_body body;
};

struct shown {
	struct call call;
	uint64_t id;
	json_t *reply; /* of Request */
	struct side sides[2];
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* --- for people ------------------------------------------------------------------------------ */

static void add_time(struct str *out, const char *what, const json_t *us)
{
	str_addf(out, ", %s ", what);
	request_row_time(out, us);
}

/* Where it came from, when, how long it took. */
static void show_facts(const json_t *info)
{
	CLEANUP(str_deinit) struct str line = STR_INIT(LINE_MAX_BYTES);
	CLEANUP(str_deinit) struct str note = STR_INIT(LINE_MAX_BYTES);
	const json_t *verification = json_object_get(info, "verification");
	char time[21];

	clock_format_utc(time, (uint64_t)json_integer_value(json_object_get(info, "time_ms")));
	str_addf(&line, "request %" JSON_INTEGER_FORMAT " to %s from %s%s, %s",
		json_integer_value(json_object_get(info, "id")), text_of(info, "tunnel"),
		text_of(info, "visitor"),
		json_is_true(json_object_get(info, "tls")) ? " (TLS)" : "", time);
	add_time(&line, "first byte after", json_object_get(info, "first_byte_us"));
	add_time(&line, "end after", json_object_get(info, "total_us"));
	print_line(str_get(&line));
	request_row_note(&note, info);
	if (note.len > 0)
		print_line(str_get(&note));
	if (str_eq(text_of(verification, "result"), "none"))
		return;
	str_clear(&line);
	str_addf(&line, "signature of %s: %s%s%s", text_of(verification, "provider"),
		text_of(verification, "result"), *text_of(verification, "why") ? ": " : "",
		text_of(verification, "why"));
	print_line(str_get(&line));
}

static void show_head(const struct side *s)
{
	CLEANUP(str_deinit) struct str line = STR_INIT(LINE_MAX_BYTES);
	const json_t *field;
	size_t i;

	print_text("\n");
	str_addf(&line, "%s%s", s->mark, text_of(s->part, "line"));
	print_line(str_get(&line));
	json_array_foreach(json_object_get(s->part, "headers"), i, field)
	{
		str_clear(&line);
		str_addf(&line, "%s%s: %s", s->mark, text_of(field, "name"),
			text_of(field, "value"));
		print_line(str_get(&line));
	}
}

static void show_payload(const json_t *message)
{
	const char *text = json_string_value(json_object_get(message, "text"));
	const char *coded = json_string_value(json_object_get(message, "base64"));
	size_t cap = coded ? strlen(coded) : 0;
	CLEANUP(mem_cleanup) uint8_t *bytes = mem_alloc(cap + 1);
	ssize_t n = coded ? base64_decode(bytes, cap, coded) : 0;

	if (text)
		show_body_text(text, strnlen(text, MESSAGE_TEXT), isatty(STDOUT_FILENO));
	if (text && strlen(text) > MESSAGE_TEXT)
		(void)printf("(%zu more bytes, --json has them)\n", strlen(text) - MESSAGE_TEXT);
	if (n > 0)
		show_body_hex((const char *)bytes, (size_t)n, MESSAGE_HEX);
}

static void show_messages(const json_t *list)
{
	const json_t *m;
	size_t i;

	json_array_foreach(list, i, m)
	{
		CLEANUP(str_deinit) struct str line = STR_INIT(LINE_MAX_BYTES);
		uint64_t at = (uint64_t)json_integer_value(json_object_get(m, "time_ms"));
		char time[21];

		clock_format_utc(time, at);
		str_addf(&line, "%s %.19s.%03uZ %s, %" JSON_INTEGER_FORMAT " bytes",
			str_eq(text_of(m, "from"), "visitor") ? ">" : "<", time,
			(unsigned int)(at % 1000), text_of(m, "kind"),
			json_integer_value(json_object_get(m, "size")));
		print_text("\n");
		print_line(str_get(&line));
		show_payload(m);
	}
}

static int show_all(const struct args *a, struct shown *s)
{
	show_facts(json_object_get(s->reply, "info"));
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &s->sides[i];
		int code;

		if (!json_is_object(side->part))
			continue;
		code = captured_get_body(&s->call, s->id, side->name, side->part, &side->body);
		if (code)
			return code;
		show_head(side);
		if (json_integer_value(json_object_get(side->part, "size")) == 0)
			continue;
		print_text("\n");
		show_body(a, &side->body, side->part);
	}
	show_messages(json_object_get(s->reply, "messages"));
	(void)fflush(stdout);
	return CALL_DONE;
}

/* --- for programs ---------------------------------------------------------------------------- */

/* The answer, and in each Part a member body: {"text": …}, or {"base64": …} where it is none. */
static int show_json(struct shown *s)
{
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &s->sides[i];
		json_t *part = json_object_get(s->reply, side->name), *body;
		char *coded;
		int code;

		if (!json_is_object(part))
			continue;
		code = captured_get_body(&s->call, s->id, side->name, part, &side->body);
		if (code)
			return code;
		coded = mem_alloc(BASE64_SIZE(side->body.n));
		base64_encode(coded, side->body.bytes, side->body.n);
		body = show_body_is_text(side->body.bytes, side->body.n) && !side->body.failed
			       ? json_pack("{s:s%}", "text", side->body.bytes, side->body.n)
			       : json_pack("{s:s}", "base64", coded);
		free(coded);
		(void)json_object_set_new(part, "body", body);
	}
	print_json(s->reply);
	return CALL_DONE;
}

static void warn_of_cut(const struct side *s)
{
	json_int_t size = json_integer_value(json_object_get(s->part, "size"));
	json_int_t kept = json_integer_value(json_object_get(s->part, "kept"));

	if (kept < size)
		print_error("%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
			    " bytes of the %s's body were kept",
			kept, size, s->name);
}

static int show_raw(struct shown *s)
{
	for (size_t i = 0; i < 2; i++) {
		struct side *side = &s->sides[i];
		struct captured_body head = {0};
		int code;

		if (!json_is_object(side->part))
			continue;
		code = captured_get_head(&s->call, s->id, side->name, &head);
		if (!code)
			code = captured_get_raw(&s->call, s->id, side->name, &side->body);
		if (!code) {
			(void)fwrite(head.bytes, 1, head.n, stdout);
			(void)fwrite(side->body.bytes, 1, side->body.n, stdout);
		}
		captured_free_body(&head);
		if (code)
			return code;
		warn_of_cut(side);
	}
	(void)fflush(stdout);
	return CALL_DONE;
}

static int print_command(const struct shown *s, const struct captured_body *head)
{
	CLEANUP(str_deinit) struct str command = STR_INIT(CURL_MAX);
	CLEANUP(str_list_deinit) struct str_list left_out = {0};
	const json_t *info = json_object_get(s->reply, "info");

	if (!curl_command(&command, head, &s->sides[0].body,
		    json_is_true(json_object_get(info, "tls")), &left_out)) {
		print_error("what is kept of this request is none that curl could send");
		return CALL_FAILED;
	}
	print_text(str_get(&command));
	for (size_t i = 0; i < left_out.n; i++)
		print_error("left out, as it was redacted when captured: %s", left_out.items[i]);
	warn_of_cut(&s->sides[0]);
	return CALL_DONE;
}

static int show_curl(struct shown *s)
{
	struct captured_body head = {0};
	int code = captured_get_head(&s->call, s->id, "request", &head);

	if (!code)
		code = captured_get_raw(&s->call, s->id, "request", &s->sides[0].body);
	if (!code)
		code = print_command(s, &head);
	captured_free_body(&head);
	return code;
}

/* --- the verb -------------------------------------------------------------------------------- */

static int show(const struct args *a, struct shown *s)
{
	int code = captured_get(&s->call, s->id, &s->reply);

	if (code)
		return code;
	s->sides[0] = (struct side){"request", "> ", json_object_get(s->reply, "request"), {0}};
	s->sides[1] = (struct side){"response", "< ", json_object_get(s->reply, "response"), {0}};
	if (args_has(a, ARGS_RAW))
		return show_raw(s);
	if (args_has(a, ARGS_CURL))
		return show_curl(s);
	return args_has(a, ARGS_JSON) ? show_json(s) : show_all(a, s);
}

int verb_show(const struct args *a)
{
	struct shown s = {0};
	int code = captured_id(a, a->word[0], &s.id);

	if (!code && args_has(a, ARGS_RAW) && args_has(a, ARGS_CURL))
		code = verbs_usage(a, "--raw and --curl exclude each other");
	if (!code)
		code = call_open(&s.call, a);
	if (code)
		return code;
	code = show(a, &s);
	call_close(&s.call);
	for (size_t i = 0; i < 2; i++)
		captured_free_body(&s.sides[i].body);
	json_decref(s.reply);
	return code;
}
