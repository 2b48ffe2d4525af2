/* SPDX-License-Identifier: MIT */
/*
 * str: a growing string that knows its maximum, and the few helpers on plain C strings
 * that several rooms need.
 *
 * A str owns its bytes. What does not fit is cut and remembered in `failed`; everything
 * added after that is dropped, so that a cut text never gets a stray tail. Callers check
 * once, at the end.
 *
 * Not here: bytes that are not text (buf), number parsing (parse), wide characters.
 */

#include "base/str.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define STR_FIRST_CAP 64
#define DISTANCE_MAX  64 /* longest word str_distance compares, plus one */

void str_init(struct str *s, size_t max)
{
	*s = (struct str)STR_INIT(max);
}

void str_deinit(struct str *s)
{
	if (!s)
		return;
	free(s->data);
	*s = (struct str)STR_INIT(s->max);
}

void str_clear(struct str *s)
{
	s->len = 0;
	s->failed = false;
	if (s->data)
		s->data[0] = '\0';
}

/* Make room for @n more bytes and the NUL; the maximum was checked by the caller. */
static void str_grow(struct str *s, size_t n)
{
	size_t cap = s->cap ? s->cap : STR_FIRST_CAP;

	while (cap < s->len + n + 1)
		cap *= 2;
	if (cap != s->cap) {
		s->data = mem_realloc(s->data, cap);
		s->cap = cap;
	}
}

void str_add(struct str *s, const char *text)
{
	str_add_n(s, text, strlen(text));
}

void str_add_n(struct str *s, const void *bytes, size_t n)
{
	if (s->failed)
		return;
	assert(s->len <= s->max);
	if (n > s->max - s->len) {
		n = s->max - s->len;
		s->failed = true;
	}
	str_grow(s, n);
	if (n > 0)
		memcpy(s->data + s->len, bytes, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void str_addc(struct str *s, char c)
{
	str_add_n(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	size_t n;
	int r;

	if (s->failed)
		return;
	va_copy(again, ap);
	r = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (r < 0) {
		s->failed = true;
		return;
	}
	n = (size_t)r;
	if (n > s->max - s->len) {
		n = s->max - s->len;
		s->failed = true;
	}
	str_grow(s, n);
	(void)vsnprintf(s->data + s->len, n + 1, fmt, ap);
	s->len += n;
}

const char *str_get(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
	char *text = s->data ? TAKE_PTR(s->data) : mem_strdup("");

	str_init(s, s->max);
	return text;
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Not strcasecmp: that one asks the locale. */
bool str_case_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return ascii_lower(*a) == ascii_lower(*b);
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

/*
 * Optimal string alignment: insertion, deletion, substitution and the swap of two
 * neighbours cost one each. Three rows of the matrix are alive at a time.
 */
size_t str_distance(const char *a, const char *b)
{
	size_t rows[3][DISTANCE_MAX];
	size_t *before = rows[0], *prev = rows[1], *row = rows[2];
	size_t n = strlen(a), m = strlen(b);

	if (n >= DISTANCE_MAX || m >= DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		prev[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = a[i - 1] != b[j - 1];

			row[j] = MIN(MIN(prev[j], row[j - 1]) + 1, prev[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
		before = prev;
		prev = row;
		row = spare;
	}
	return prev[m];
}

/* One slip per three letters begun, three at most: more than that is another word. */
const char *str_nearest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word), best = MIN((len + 2) / 3, 3) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = str_distance(word, words[i]);

		if (str_case_eq(word, words[i]))
			return words[i];
		/* a word wholly replaced is no likeness */
		if (d < best && d < strlen(words[i])) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

/* Backtracks to the last star only, so the cost is bounded by the product of the lengths. */
bool str_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *resume = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = s;
		} else if (*pattern && (*pattern == '?' || *pattern == *s)) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

void str_lower(char *s)
{
	for (; *s; s++)
		*s = ascii_lower(*s);
}
