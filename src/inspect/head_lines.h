/* SPDX-License-Identifier: MIT */
#pragma once

/* head_lines: the lines of a kept head, whatever they look like: for showing, not for deciding. */

#include <stdbool.h>
#include <stddef.h>

#include "proto/http_head.h"

struct head_lines {
	struct http_span rest;
};

/* The start line of @head (@n bytes), and its fields to come. */
struct http_span head_lines_begin(struct head_lines *l, const char *head, size_t n);
/* The next field; a line without a colon is a name without a value. False: no more. */
bool head_lines_next(struct head_lines *l, struct http_field *ret);
/* The values of all fields called @name (any case), ", " between them, cut to @size with its NUL.
 * False: there is none. */
bool head_lines_value(const char *head, size_t n, const char *name, size_t size, char *ret);
