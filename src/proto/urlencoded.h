/* SPDX-License-Identifier: MIT */
#pragma once

/* urlencoded: name=value pairs of forms and queries (application/x-www-form-urlencoded). */

#include <stdbool.h>
#include <stddef.h>

struct str;

struct urlencoded {
	const char *at; /* borrowed */
	size_t n;
};

/* The next pair, decoded, into cleared @name and @value; they may hold any byte, NUL too. A pair
 * without '=' has an empty value; '%' without two digits stands for itself. False: no more. */
bool urlencoded_next(struct urlencoded *u, struct str *name, struct str *value);
