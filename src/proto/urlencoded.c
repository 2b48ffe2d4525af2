/* SPDX-License-Identifier: MIT */
/* urlencoded: taking pairs apart as browsers do (URL Standard §5.1); joining them is not needed. */
#include "proto/urlencoded.h"

#include <string.h>

#include "base/str.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void decode(struct str *out, const char *p, size_t n)
{
	str_clear(out);
	for (size_t i = 0; i < n; i++) {
		bool escaped = p[i] == '%' && n - i > 2 && digit(p[i + 1]) >= 0 &&
			       digit(p[i + 2]) >= 0;

		if (escaped) {
			str_addc(out, (char)(digit(p[i + 1]) << 4 | digit(p[i + 2])));
			i += 2;
		} else {
			str_addc(out, p[i] == '+' ? ' ' : p[i]);
		}
	}
}

bool urlencoded_next(struct urlencoded *u, struct str *name, struct str *value)
{
	while (u->n > 0) {
		const char *end = memchr(u->at, '&', u->n), *equals;
		const char *pair = u->at;
		size_t n = end ? (size_t)(end - pair) : u->n, before;

		u->at += n + (end != NULL);
		u->n -= n + (end != NULL);
		if (n == 0)
			continue;
		equals = memchr(pair, '=', n);
		before = equals ? (size_t)(equals - pair) : n;
		decode(name, pair, before);
		decode(value, pair + before + (equals != NULL), n - before - (equals != NULL));
		return true;
	}
	return false;
}
