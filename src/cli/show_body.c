/* SPDX-License-Identifier: MIT */
/*
 * show_body: what a body is follows from its media type where that is one we know, and otherwise
 * from its bytes, which do not lie.
 */
#include "cli/show_body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/captured.h"
#include "cli/json_indent.h"
#include "cli/print.h"
#include "proto/urlencoded.h"

#define HEX_MAX    1024
#define HEX_LINE   16
#define TTY_MAX    65536 /* of text on a terminal */
#define VALUE_MAX  65536
#define PAIRS_MAX  1000
#define INDENT_MAX (64 * 1024 * 1024)

bool show_body_is_text(const char *bytes, size_t n)
{
	json_t *text;

	if (memchr(bytes, '\0', n))
		return false;
	text = json_stringn(bytes, n);
	json_decref(text);
	return text != NULL;
}

/* --- forms ----------------------------------------------------------------------------------- */

void show_body_text(const char *bytes, size_t n, bool escape)
{
	size_t at = 0;

	while (escape && at < n) {
		size_t len = 0;
		CLEANUP(mem_cleanup) char *piece = NULL;
		CLEANUP(str_deinit) struct str safe = STR_INIT(SIZE_MAX / 2);

		while (at + len < n && bytes[at + len] != '\n' && bytes[at + len] != '\t')
			len++;
		piece = mem_strndup(bytes + at, len);
		print_safe(&safe, piece);
		(void)fputs(str_get(&safe), stdout);
		if (at + len < n)
			(void)putchar(bytes[at + len]);
		at += len + 1;
	}
	if (!escape)
		(void)fwrite(bytes, 1, n, stdout);
	if (n == 0 || bytes[n - 1] != '\n')
		(void)putchar('\n');
}

static void hex_line(size_t at, const unsigned char *p, size_t n)
{
	(void)printf("%08zx ", at);
	for (size_t i = 0; i < HEX_LINE; i++) {
		if (i < n)
			(void)printf("%s%02x ", i == HEX_LINE / 2 ? " " : "", p[i]);
		else
			(void)printf("%s   ", i == HEX_LINE / 2 ? " " : "");
	}
	(void)printf(" |");
	for (size_t i = 0; i < n; i++)
		(void)putchar(p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '.');
	(void)printf("|\n");
}

void show_body_hex(const char *bytes, size_t n, size_t max)
{
	size_t shown = MIN(n, max);

	for (size_t at = 0; at < shown; at += HEX_LINE)
		hex_line(at, (const unsigned char *)bytes + at, MIN(shown - at, (size_t)HEX_LINE));
	if (shown < n)
		(void)printf("(%zu more bytes, --raw writes them)\n", n - shown);
}

static bool show_json(const struct captured_body *b, bool escape)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(MIN(INDENT_MAX, b->n * 8 + 65536));

	if (!json_indent(&text, b->bytes, b->n))
		return false;
	show_body_text(str_get(&text), text.len, escape);
	return true;
}

static bool show_form(const struct args *a, const struct captured_body *b)
{
	CLEANUP(str_deinit) struct str name = STR_INIT(VALUE_MAX);
	CLEANUP(str_deinit) struct str value = STR_INIT(VALUE_MAX);
	struct urlencoded pairs = {b->bytes, b->n};
	struct print_table t;
	size_t n = 0;

	print_table_init(&t, "NAME VALUE");
	while (n < PAIRS_MAX && urlencoded_next(&pairs, &name, &value)) {
		print_table_add(&t, str_get(&name));
		print_table_add(&t, str_get(&value));
		n++;
	}
	if (n > 0)
		print_table_show(&t, a);
	print_table_deinit(&t);
	if (pairs.n > 0)
		(void)printf("(%zu more bytes, --raw writes them)\n", pairs.n);
	return n > 0;
}

static void show_text(const struct captured_body *b, bool terminal)
{
	size_t n = terminal ? MIN(b->n, (size_t)TTY_MAX) : b->n;

	show_body_text(b->bytes, n, terminal);
	if (n < b->n)
		(void)printf("(%zu more bytes, --raw writes them)\n", b->n - n);
}

/* --- the body -------------------------------------------------------------------------------- */

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void show_notes(const struct captured_body *b, const json_t *part)
{
	json_int_t size = number_of(part, "size"), kept = number_of(part, "kept");

	if (b->failed)
		(void)printf("(its content coding cannot be undone here)\n");
	if (kept < size)
		(void)printf("(%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
			     " bytes were kept)\n",
			kept, size);
	else if (!json_is_true(json_object_get(part, "complete")) && size > 0)
		(void)printf("(it did not come to its end)\n");
}

static bool is_image(const char *type)
{
	return str_has_prefix(type, "image/") && !str_has_suffix(type, "+xml");
}

void show_body(const struct args *a, const struct captured_body *b, const json_t *part)
{
	const char *given = json_string_value(json_object_get(part, "media_type"));
	const char *type = given ? given : "";
	bool terminal = isatty(STDOUT_FILENO);
	bool text = !b->failed && !is_image(type) && show_body_is_text(b->bytes, b->n);
	bool done = b->n == 0;

	if (!done && text && (str_eq(type, "application/json") || str_has_suffix(type, "+json")))
		done = show_json(b, terminal);
	if (!done && text && str_eq(type, "application/x-www-form-urlencoded"))
		done = show_form(a, b);
	if (!done && text)
		show_text(b, terminal);
	else if (!done)
		show_body_hex(b->bytes, b->n, HEX_MAX);
	show_notes(b, part);
	(void)fflush(stdout);
}
