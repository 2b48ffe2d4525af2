/* SPDX-License-Identifier: MIT */
/*
 * print: what tunnelctl shows. Tables are for people and may change; programs take --json, which is
 * the daemon's answer as it is. Every text that came from elsewhere (a path in an access log, a
 * server's words) passes print_safe, so that nobody's request steers the reader's terminal.
 */
#include "cli/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/str_list.h"
#include "cli/args.h"

#define TEXT_MAX (1024 * 1024)

void print_safe(struct str *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		/* C0, DEL, and C1 as UTF-8 writes it */
		if (*p < 0x20 || *p == 0x7f)
			str_addf(out, "\\x%02x", *p);
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			str_addf(out, "\\x%02x", *++p);
		else
			str_addc(out, (char)*p);
	}
}

void print_error(const char *fmt, ...)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(TEXT_MAX);
	CLEANUP(str_deinit) struct str safe = STR_INIT(TEXT_MAX);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	print_safe(&safe, str_get(&text));
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, str_get(&safe));
}

void print_text(const char *text)
{
	(void)fputs(text, stdout);
	(void)fflush(stdout);
}

void print_line(const char *text)
{
	CLEANUP(str_deinit) struct str safe = STR_INIT(TEXT_MAX);

	print_safe(&safe, text);
	str_addc(&safe, '\n');
	print_text(str_get(&safe));
}

void print_shown_part(const char *text, size_t n)
{
	for (size_t at = 0; at < n;) {
		const char *tab = memchr(text + at, '\t', n - at);
		size_t len = tab ? (size_t)(tab - text) - at : n - at;
		CLEANUP(str_deinit) struct str safe = STR_INIT(4 * len + 1);
		CLEANUP(mem_cleanup) char *piece = mem_strndup(text + at, len);

		print_safe(&safe, piece);
		(void)fputs(str_get(&safe), stdout);
		if (tab)
			(void)putchar('\t');
		at += len + (tab != NULL);
	}
}

void print_shown(const char *text, size_t n)
{
	print_shown_part(text, n);
	(void)putchar('\n');
}

bool print_may_colour(const struct args *a)
{
	const char *no = getenv("NO_COLOR");

	return !args_has(a, ARGS_NO_COLOR) && !(no && *no) && isatty(STDOUT_FILENO);
}

void print_json(json_t *o)
{
	(void)json_dumpf(o, stdout, JSON_INDENT(2));
	print_text("\n");
}

void print_bytes(char ret[static PRINT_BYTES_MAX], uint64_t n)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)n;
	size_t unit = 0;

	if (n < 1024) {
		(void)snprintf(ret, PRINT_BYTES_MAX, "%" PRIu64, n);
		return;
	}
	for (value /= 1024; value >= 1024 && unit + 1 < ARRAY_SIZE(units); value /= 1024)
		unit++;
	(void)snprintf(ret, PRINT_BYTES_MAX, value < 10 ? "%.1f %s" : "%.0f %s", value,
		units[unit]);
}

char *print_member(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v) && json_string_length(v))
		return mem_strdup(json_string_value(v));
	if (json_is_integer(v))
		return mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return mem_strdup(json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "-");
}

/* --- events ---------------------------------------------------------------------------------- */

/* Values with blanks or quotes are quoted, as the daemons' own log does. */
static void add_value(struct str *out, const char *value)
{
	bool quote = value[strcspn(value, " \"\\=")] != '\0' || !*value;

	if (!quote) {
		print_safe(out, value);
		return;
	}
	str_addc(out, '"');
	while (*value) {
		size_t n = strcspn(value, "\"\\");
		CLEANUP(mem_cleanup) char *piece = mem_strndup(value, n);

		print_safe(out, piece);
		value += n;
		if (*value) {
			str_addc(out, '\\');
			str_addc(out, *value++);
		}
	}
	str_addc(out, '"');
}

static void add_field(struct str *out, const char *key, const json_t *value)
{
	CLEANUP(mem_cleanup) char *name = mem_strdup(key);

	if (!json_is_string(value))
		return;
	str_lower(name);
	str_addc(out, ' ');
	print_safe(out, name);
	str_addc(out, '=');
	add_value(out, json_string_value(value));
}

void print_event(const json_t *event)
{
	CLEANUP(str_deinit) struct str line = STR_INIT(TEXT_MAX);
	const json_t *at = json_object_get(event, "time_ms"), *value;
	json_t *fields = json_object_get(event, "fields");
	const char *level = json_string_value(json_object_get(event, "level"));
	const char *message = json_string_value(json_object_get(event, "message"));
	const char *key;
	char time[21];

	clock_format_utc(time, (uint64_t)json_integer_value(at));
	str_addf(&line, "%s ", time);
	print_safe(&line, level ? level : "-");
	str_addc(&line, ' ');
	print_safe(&line, message ? message : "-");
	json_object_foreach(fields, key, value) add_field(&line, key, value);
	str_addc(&line, '\n');
	print_text(str_get(&line));
}

void print_mistakes(const json_t *parameters)
{
	const json_t *list = json_object_get(parameters, "mistakes"), *m;
	size_t i;

	(void)fflush(stdout);
	json_array_foreach(list, i, m)
	{
		CLEANUP(str_deinit) struct str line = STR_INIT(TEXT_MAX);
		const char *file = json_string_value(json_object_get(m, "file"));
		const char *key = json_string_value(json_object_get(m, "key"));
		const char *why = json_string_value(json_object_get(m, "why"));

		print_safe(&line, file ? file : "-");
		str_addf(&line, ":%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT ": ",
			json_integer_value(json_object_get(m, "line")),
			json_integer_value(json_object_get(m, "column")));
		if (key && *key) {
			print_safe(&line, key);
			str_add(&line, ": ");
		}
		print_safe(&line, why ? why : "wrong");
		(void)fprintf(stderr, "%s\n", str_get(&line));
	}
}

/* --- tables ---------------------------------------------------------------------------------- */

static void add_cell(struct print_table *t, const char *text)
{
	CLEANUP(str_deinit) struct str safe = STR_INIT(TEXT_MAX);

	print_safe(&safe, text && *text ? text : "-");
	t->cells = mem_realloc(t->cells, (t->n_cells + 1) * sizeof(*t->cells));
	t->cells[t->n_cells++] = str_take(&safe);
}

void print_table_init(struct print_table *t, const char *headings)
{
	CLEANUP(str_list_deinit) struct str_list words = {0};

	memset(t, 0, sizeof(*t));
	str_list_split(&words, headings, ' ');
	t->n_columns = MIN(words.n, (size_t)PRINT_COLUMNS_MAX);
	for (size_t i = 0; i < t->n_columns; i++)
		add_cell(t, words.items[i]);
}

void print_table_deinit(struct print_table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

void print_table_add(struct print_table *t, const char *text)
{
	add_cell(t, text);
}

void print_table_members(struct print_table *t, const json_t *o, const char *keys)
{
	CLEANUP(str_list_deinit) struct str_list words = {0};

	str_list_split(&words, keys, ' ');
	for (size_t i = 0; i < words.n; i++) {
		CLEANUP(mem_cleanup) char *text = print_member(o, words.items[i]);
		const json_t *v = json_object_get(o, words.items[i]);
		char size[PRINT_BYTES_MAX];

		if (str_has_prefix(words.items[i], "bytes_") && json_is_integer(v)) {
			print_bytes(size, (uint64_t)json_integer_value(v));
			add_cell(t, size);
		} else {
			add_cell(t, text);
		}
	}
}

/* Columns that a text takes: its UTF-8 characters. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* The words of state stand out; everything else is plain. */
static const char *colour_of(const char *cell)
{
	if (str_eq(cell, "up"))
		return "\033[32m";
	if (str_eq(cell, "refused") || str_eq(cell, "revoked"))
		return "\033[31m";
	return str_eq(cell, "waiting") || str_eq(cell, "connecting") ? "\033[33m" : NULL;
}

static void show_row(const struct print_table *t, size_t first, const size_t *widths, bool colour)
{
	for (size_t c = 0; c < t->n_columns; c++) {
		const char *cell = t->cells[first + c], *code = colour ? colour_of(cell) : NULL;
		size_t pad = c + 1 < t->n_columns ? widths[c] - width_of(cell) + 2 : 0;

		(void)printf("%s%s%s%*s", code ? code : "", cell, code ? "\033[0m" : "", (int)pad,
			"");
	}
	(void)putchar('\n');
}

void print_table_show(const struct print_table *t, const struct args *a)
{
	size_t widths[PRINT_COLUMNS_MAX] = {0};
	size_t first = args_has(a, ARGS_NO_LEGEND) ? t->n_columns : 0;
	bool colour = print_may_colour(a);

	for (size_t i = first; i < t->n_cells; i++)
		widths[i % t->n_columns] = MAX(widths[i % t->n_columns], width_of(t->cells[i]));
	for (size_t i = first; i + t->n_columns <= t->n_cells; i += t->n_columns)
		show_row(t, i, widths, colour);
	(void)fflush(stdout);
}
