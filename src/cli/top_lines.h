/* SPDX-License-Identifier: MIT */
#pragma once

/* top_lines: lines of text that are scrolled through. */

#include <stddef.h>

#define TOP_LINES_MAX 20000

struct top_lines {
	char **lines;
	size_t n;
	size_t top, left; /* the first line, and column, that is seen */
};

void top_lines_add(struct top_lines *l, const char *text, size_t n);
/* Each line of @text. */
void top_lines_add_text(struct top_lines *l, const char *text, size_t n);
void top_lines_deinit(struct top_lines *l);
