/* SPDX-License-Identifier: MIT */
/*
 * redact: what is secret in a head, and a copy without it.
 *
 * The mark replaces a value, never a name: what is missing stays visible. Parameters are found in
 * the query as servers find them: behind '?', divided by '&' or ';', their names percent-decoded;
 * and behind '#', where some that sign people in put theirs. A secret below another name, in a path
 * or in a body is not found.
 */
#include "inspect/redact.h"

#include <string.h>

#include "base/str.h"
#include "base/str_list.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int hex_digit(char c)
{
	c = lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next character of a percent-encoded name, or of a plain one. */
static char next_char(const char **at, const char *end)
{
	const char *s = *at;

	if (*s == '%' && end - s >= 3 && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
		*at = s + 3;
		return (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
	}
	*at = s + 1;
	return *s;
}

/* Most are not, and differ in their first letter. */
static bool begins_alike(struct http_span s, const char *name)
{
	return ((*s.at ^ *name) & ~0x20) == 0;
}

static bool is_field(struct http_span s, const char *name)
{
	return begins_alike(s, name) && http_head_span_case_is(s, name);
}

/* The name of a parameter, percent-encoded or not. */
static bool is_parameter(struct http_span s, const char *name)
{
	const char *at = s.at, *end = at + s.n;

	if (*s.at != '%' && !begins_alike(s, name))
		return false;
	while (at < end && *name) {
		if (lower(next_char(&at, end)) != lower(*name++))
			return false;
	}
	return at == end && !*name;
}

static bool is_secret(const struct redact *r, struct http_span name,
	bool (*is)(struct http_span s, const char *name))
{
	static const char *const always[] = {
		"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"};

	if (r->reveal || name.n == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		if (is(name, always[i]))
			return true;
	}
	for (size_t i = 0; r->names && i < r->names->n; i++) {
		if (is(name, r->names->items[i]))
			return true;
	}
	return false;
}

/* --- copying --------------------------------------------------------------------------------- */

/* A copy that is only begun when there is something to leave out. */
struct copy {
	struct str *to;
	const char *at; /* up to here it is copied, or left out */
	bool begun;
};

/* @value is secret. */
static void leave_out(struct copy *c, struct http_span value)
{
	str_add_n(c->to, c->at, (size_t)(value.at - c->at));
	str_add(c->to, REDACT_MARK);
	c->at = value.at + value.n;
	c->begun = true;
}

static bool finish(struct copy *c, const char *end)
{
	if (c->begun)
		str_add_n(c->to, c->at, (size_t)(end - c->at));
	return c->begun;
}

static size_t piece(const char *at, const char *end, const char *stops)
{
	size_t n = 0;

	while (at + n < end && !strchr(stops, at[n]))
		n++;
	return n;
}

static void leave_out_parameters(struct copy *c, const struct redact *r, struct http_span address)
{
	const char *end = address.at + address.n, *at = address.at;

	at += piece(at, end, "?#");
	while (at < end) {
		struct http_span name, value;

		at++; /* the '?', '#', '&' or ';' */
		name = (struct http_span){at, piece(at, end, "=&;#")};
		at += name.n;
		if (at < end && *at == '=') {
			value = (struct http_span){at + 1, piece(at + 1, end, "&;#")};
			at = value.at + value.n;
			if (is_secret(r, name, is_parameter))
				leave_out(c, value);
		}
	}
}

static bool is_address(struct http_span name)
{
	static const char *const addresses[] = {"referer", "location", "content-location"};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		if (is_field(name, addresses[i]))
			return true;
	}
	return false;
}

bool redact_head(const struct redact *r, const struct http_head *h, const char *head, size_t n,
	struct str *to)
{
	struct copy c = {to, head, false};

	if (r->reveal)
		return false;
	if (h->target.n > 0)
		leave_out_parameters(&c, r, h->target);
	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];

		if (is_secret(r, f->name, is_field))
			leave_out(&c, f->value);
		else if (is_address(f->name))
			leave_out_parameters(&c, r, f->value);
	}
	return finish(&c, head + n);
}

bool redact_target(const struct redact *r, struct http_span target, struct str *to)
{
	struct copy c = {to, target.at, false};

	if (!r->reveal)
		leave_out_parameters(&c, r, target);
	return finish(&c, target.at + target.n);
}
