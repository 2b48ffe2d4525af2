/* SPDX-License-Identifier: MIT */
/*
 * answer: a response for the eyes, and what is other about it than about the first one.
 *
 * Two bodies that are JSON are compared as what they mean: both written the same way, members in
 * the order of their names. Everything is printed with its controls escaped: an origin is not to
 * steer the terminal of who replays to it.
 */
#include "cli/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/diff.h"
#include "cli/print.h"
#include "cli/show_body.h"

#define HEADERS_MAX (256 * 1024)

/* Fields that are other each time, or follow from the body and the connection. */
static const char *const fleeting[] = {"Age", "Connection", "Content-Length", "Date", "Keep-Alive",
	"Server-Timing", "Transfer-Encoding", "X-Request-Id", "X-Runtime"};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* --- bodies ---------------------------------------------------------------------------------- */

static bool is_json(const json_t *part)
{
	const char *type = text_of(part, "media_type");

	return str_eq(type, "application/json") || str_has_suffix(type, "+json");
}

/* The body as text that can be compared, owned; NULL: it is none. */
static char *readable(const struct answer *w, size_t *ret_n)
{
	const struct captured_body *b = w->body;
	json_t *value = is_json(w->part) ? json_loadb(b->bytes, b->n, JSON_DECODE_ANY, NULL) : NULL;
	char *text = NULL;

	if (value) {
		char *dump = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_SORT_KEYS);

		text = mem_printf("%s\n", dump ? dump : "");
		free(dump);
	}
	json_decref(value);
	if (!text && !b->failed && show_body_is_text(b->bytes, b->n))
		text = mem_dup(b->bytes, b->n + 1);
	*ret_n = text ? strlen(text) : 0;
	return text;
}

/* --- printing -------------------------------------------------------------------------------- */

static void add_fields(struct str *out, const json_t *part, bool all)
{
	const json_t *h;
	size_t i;

	json_array_foreach(json_object_get(part, "headers"), i, h)
	{
		const char *name = text_of(h, "name");
		bool skip = false;

		for (size_t k = 0; k < ARRAY_SIZE(fleeting) && !all; k++)
			skip = skip || str_case_eq(fleeting[k], name);
		if (!skip)
			str_addf(out, "%s: %s\n", name, text_of(h, "value"));
	}
}

void answer_print(const struct args *a, const struct answer *answer)
{
	CLEANUP(str_deinit) struct str fields = STR_INIT(HEADERS_MAX);

	print_line(text_of(answer->part, "line"));
	add_fields(&fields, answer->part, /* all= */ true);
	show_body_text(str_get(&fields), fields.len, /* escape= */ true);
	print_text("\n");
	show_body(a, answer->body, answer->part);
}

/* --- comparing ------------------------------------------------------------------------------- */

struct shown {
	bool colour;
	bool context; /* lines that are in both, and where */
};

static const char *colour_of(char kind)
{
	return kind == '-' ? "\033[31m" : kind == '+' ? "\033[32m" : kind == '@' ? "\033[36m" : "";
}

static void on_line(void *arg, char kind, const char *text, size_t n)
{
	const struct shown *s = arg;
	const char *colour = s->colour ? colour_of(kind) : "";
	char mark[2] = {kind, '\0'};

	if (!s->context && (kind == ' ' || kind == '@'))
		return;
	printf("%s%s", colour, kind == '@' ? "" : mark);
	if (*colour) {
		print_shown_part(text, n);
		print_text("\033[0m\n");
	} else {
		print_shown(text, n);
	}
}

static void compare_status(const struct answer *first, const struct answer *now)
{
	json_int_t was = number_of(first->info, "status"), is = number_of(now->info, "status");

	if (was == is)
		printf("status: the same, %lld\n", (long long)is);
	else
		printf("status: %lld instead of %lld\n", (long long)is, (long long)was);
}

static void compare_fields(const struct args *a, const struct answer *first,
	const struct answer *now)
{
	CLEANUP(str_deinit) struct str was = STR_INIT(HEADERS_MAX), is = STR_INIT(HEADERS_MAX);
	struct shown s = {.colour = print_may_colour(a)};

	add_fields(&was, first->part, /* all= */ false);
	add_fields(&is, now->part, /* all= */ false);
	if (was.len == is.len && memcmp(str_get(&was), str_get(&is), is.len) == 0) {
		print_text("headers: the same\n");
		return;
	}
	print_text("headers:\n");
	(void)diff_texts(str_get(&was), was.len, str_get(&is), is.len, on_line, &s);
}

#define SIZE_TEXT (PRINT_BYTES_MAX + 8)

/* "31 bytes", "3.4 KiB" */
static void format_size(char ret[static SIZE_TEXT], const struct answer *w)
{
	json_int_t n = number_of(w->part, "size");
	char bytes[PRINT_BYTES_MAX];

	print_bytes(bytes, (uint64_t)n);
	(void)snprintf(ret, SIZE_TEXT, "%s%s", bytes, n < 1024 ? " bytes" : "");
}

/* Bodies that are no text, or not whole. */
static void compare_sizes(const struct answer *first, const struct answer *now)
{
	char was[SIZE_TEXT], is[SIZE_TEXT];

	format_size(was, first);
	format_size(is, now);
	printf("body: differs, %s instead of %s\n", is, was);
}

static bool is_whole(const struct answer *w)
{
	return number_of(w->part, "kept") == number_of(w->part, "size");
}

static void compare_bodies(const struct args *a, const struct answer *first,
	const struct answer *now)
{
	struct shown s = {.colour = print_may_colour(a), .context = true};
	char size[SIZE_TEXT], *was, *is;
	size_t n_was, n_is;

	format_size(size, now);
	if (is_whole(first) && is_whole(now) && first->body->n == now->body->n &&
		memcmp(first->body->bytes, now->body->bytes, now->body->n) == 0) {
		printf("body: the same, %s\n", size);
		return;
	}
	was = readable(first, &n_was);
	is = readable(now, &n_is);
	if (!was || !is) {
		compare_sizes(first, now);
	} else if (n_was == n_is && memcmp(was, is, n_is) == 0 && is_whole(first) &&
		   is_whole(now)) {
		print_text("body: the same, but for how its JSON is written\n");
	} else {
		print_text("body:\n");
		if (!diff_texts(was, n_was, is, n_is, on_line, &s))
			print_text("(the same as far as it was kept)\n");
	}
	free(was);
	free(is);
}

void answer_compare(const struct args *a, const struct answer *first, const struct answer *now)
{
	if (!json_is_object(first->part)) {
		print_text("the first time there was no answer\n");
		return;
	}
	compare_status(first, now);
	compare_fields(a, first, now);
	compare_bodies(a, first, now);
	(void)fflush(stdout);
}
