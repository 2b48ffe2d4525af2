/* SPDX-License-Identifier: MIT */
/*
 * head_lines: a head taken apart for people. An origin's answer may be no sound HTTP, and is kept
 * and shown all the same; proto/http_head is who judges it.
 */
#include "inspect/head_lines.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"

/* The next line without its end; empty: the head is over. */
static struct http_span next_line(struct http_span *rest)
{
	const char *end = rest->n ? memchr(rest->at, '\n', rest->n) : NULL;
	struct http_span line = {rest->at, end ? (size_t)(end - rest->at) : rest->n};
	size_t used = line.n + (end != NULL);

	rest->at += used;
	rest->n -= used;
	if (line.n && line.at[line.n - 1] == '\r')
		line.n--;
	return line;
}

struct http_span head_lines_begin(struct head_lines *l, const char *head, size_t n)
{
	l->rest = (struct http_span){head, n};
	return next_line(&l->rest);
}

bool head_lines_next(struct head_lines *l, struct http_field *ret)
{
	struct http_span line = next_line(&l->rest);
	const char *colon = line.n ? memchr(line.at, ':', line.n) : NULL;
	size_t n = colon ? (size_t)(colon - line.at) : line.n;

	ret->name = (struct http_span){line.at, n};
	ret->value = (struct http_span){line.at + n, 0};
	if (colon)
		ret->value = http_head_trim((struct http_span){colon + 1, line.n - n - 1});
	return line.n > 0;
}

bool head_lines_value(const char *head, size_t n, const char *name, size_t size, char *ret)
{
	struct head_lines l;
	struct http_field f;
	size_t at = 0;
	bool found = false;

	(void)head_lines_begin(&l, head, n);
	while (head_lines_next(&l, &f)) {
		if (!http_head_span_case_is(f.name, name))
			continue;
		at += (size_t)snprintf(ret + at, size - at, "%s%.*s", found ? ", " : "",
			(int)f.value.n, f.value.at);
		at = MIN(at, size - 1);
		found = true;
	}
	return found;
}
