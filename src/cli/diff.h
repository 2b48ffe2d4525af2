/* SPDX-License-Identifier: MIT */
#pragma once

/* diff: what differs between two texts, line by line, as a unified diff says it. */

#include <stdbool.h>
#include <stddef.h>

#define DIFF_CONTEXT 3
#define DIFF_EDITS_MAX                                                                             \
	1000 /* lines that came or went; above it the middle is replaced as a whole */
#define DIFF_LINES_MAX 200000 /* of one text; what is behind is one last line */

/*
 * One line, without its end. @kind: '@' the head of a hunk ("@@ -1,4 +1,5 @@"), ' ' in both, '-' in
 * the first alone, '+' in the second alone, '\\' the line before it has no line feed.
 */
typedef void diff_line_f(void *arg, char kind, const char *text, size_t n);

/* False, and no call, when they are the same. */
bool diff_texts(const char *a, size_t na, const char *b, size_t nb, diff_line_f *line, void *arg);
