/* SPDX-License-Identifier: MIT */
#pragma once

/* print: everything tunnelctl shows: errors, tables, JSON, events; nothing of it controls a
 * terminal. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macros.h"

struct args;
struct str;

#define PRINT_COLUMNS_MAX 10
#define PRINT_BYTES_MAX   16

/* "tunnelctl: …" on stderr, one line. */
void print_error(const char *fmt, ...) PRINTF(1, 2);
/* On stdout as it is. */
void print_text(const char *text);
/* On stdout with a line feed, controls escaped. */
void print_line(const char *text);
/* @n bytes of text without NUL on stdout, controls but tabs escaped; with a line feed, and
 * without. */
void print_shown(const char *text, size_t n);
void print_shown_part(const char *text, size_t n);
/* Is colour wanted, and seen? */
bool print_may_colour(const struct args *a);
/* The object on stdout, indented. */
void print_json(json_t *o);
/* Append @text with controls escaped, as a stranger may have chosen it. */
void print_safe(struct str *out, const char *text);
/* "712", "3.4 KiB", "12 MiB" */
void print_bytes(char ret[static PRINT_BYTES_MAX], uint64_t n);
/* A member as text: a string itself, a number in digits, "-" for null or none. Owned by the caller.
 */
char *print_member(const json_t *o, const char *key) MUST_USE;
/* "TIME LEVEL message key=value…" of a Varlink Event, flushed. */
void print_event(const json_t *event);
/* Each mistake of a BadConfig error on stderr: file:line:column: key: why. */
void print_mistakes(const json_t *parameters);

/* Rows of cells; the widths follow from them. */
struct print_table {
	size_t n_columns, n_cells;
	char **cells; /* owned; the headings first */
};

/* @headings: words separated by blanks. */
void print_table_init(struct print_table *t, const char *headings);
void print_table_deinit(struct print_table *t);
/* The next cell: a copy with controls escaped; NULL or "" show as "-". */
void print_table_add(struct print_table *t, const char *text);
/* Cells from members of @o: keys separated by blanks, "bytes_…" as sizes. */
void print_table_members(struct print_table *t, const json_t *o, const char *keys);
void print_table_show(const struct print_table *t, const struct args *a);
