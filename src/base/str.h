/* SPDX-License-Identifier: MIT */
#pragma once

/* str: a growing, NUL-terminated string with a maximum; the error is sticky. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct str {
	char *data; /* NUL-terminated once anything was added; may be NULL when empty */
	size_t len;
	size_t cap;
	size_t max;  /* most bytes it may hold, without the NUL */
	bool failed; /* something did not fit: contents are cut, never overlong */
};

/* clang-format off: an initialiser is no block */
#define STR_INIT(max_)                                                                             \
	{                                                                                          \
		NULL, 0, 0, (max_), false                                                          \
	}
/* clang-format on */

void str_init(struct str *s, size_t max);
/* Free the contents; may be called twice. */
void str_deinit(struct str *s);
/* Forget the contents and the failure, keep the memory. */
void str_clear(struct str *s);
void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const void *bytes, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) PRINTF(2, 3);
void str_vaddf(struct str *s, const char *fmt, va_list ap) PRINTF(2, 0);
/* The text; "" when empty. Valid until the next change. */
const char *str_get(const struct str *s);
/* Move the text out; the caller frees. Never NULL. */
char *str_take(struct str *s) MUST_USE;

/* Helpers on plain strings. */
bool str_eq(const char *a, const char *b);      /* NULL equals only NULL */
bool str_case_eq(const char *a, const char *b); /* ASCII */
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);
/* Edit distance of words under 64 characters, SIZE_MAX of longer ones; for "did you mean". */
size_t str_distance(const char *a, const char *b);
/* Nearest of @n words to @word at a distance worth proposing, or NULL. */
const char *str_nearest(const char *word, const char *const *words, size_t n);
/* Shell-style glob with '*' and '?' only, case-sensitive. */
bool str_glob(const char *pattern, const char *s);
/* Lower-case ASCII in place. */
void str_lower(char *s);
