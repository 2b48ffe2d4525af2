/* SPDX-License-Identifier: MIT */
/* top_lines: lines of text that are scrolled through; the last one says when there were more. */
#include "cli/top_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void top_lines_add(struct top_lines *l, const char *text, size_t n)
{
	if (l->n >= TOP_LINES_MAX)
		return;
	if ((l->n & (l->n + 1)) == 0) /* 0, 1, 3, 7…: room for twice as many */
		l->lines = mem_realloc(l->lines, (2 * l->n + 2) * sizeof(*l->lines));
	if (l->n == TOP_LINES_MAX - 1)
		l->lines[l->n++] = mem_strdup("(there is more: 'tunnelctl show' has it all)");
	else
		l->lines[l->n++] = mem_strndup(text, n);
}

void top_lines_add_text(struct top_lines *l, const char *text, size_t n)
{
	while (n > 0) {
		const char *lf = memchr(text, '\n', n);
		size_t len = lf ? (size_t)(lf - text) : n;

		top_lines_add(l, text, len > 0 && text[len - 1] == '\r' ? len - 1 : len);
		text += len + (lf != NULL);
		n -= len + (lf != NULL);
	}
}

void top_lines_deinit(struct top_lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->lines[i]);
	free(l->lines);
	memset(l, 0, sizeof(*l));
}
