/* SPDX-License-Identifier: MIT */
/*
 * parse: text to numbers and addresses, strictly.
 *
 * Each function takes the whole string or refuses it: no leading blanks, no signs, no
 * octal, no trailing garbage, no locale. The two errors are told apart because people
 * need different words for them: -EINVAL is not of that form, -ERANGE is of that form
 * and too big (or too small). On error the result is not touched.
 *
 * Used by configuration, command lines and header parsers alike. Not here: host names'
 * own rules (proto/hostname), IP addresses (io/addr).
 */

#include "base/parse.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"

#define HOST_MAX 253 /* RFC 1035 §2.3.4, without the trailing dot */

struct parse_unit {
	const char *name;
	uint64_t factor;
};

static const struct parse_unit size_units[] = {
	{"", 1},
	{"K", 1 << 10},
	{"KiB", 1 << 10},
	{"M", 1 << 20},
	{"MiB", 1 << 20},
	{"G", 1 << 30},
	{"GiB", 1 << 30},
};

static const struct parse_unit duration_units[] = {
	{"", 1000},
	{"ms", 1},
	{"s", 1000},
	{"m", 60000},
	{"h", 3600000},
	{"d", 86400000},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read the digits at the front of *@s and step over them. */
static int parse_digits(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*s = p;
	*ret = v;
	return 0;
}

int parse_u64(const char *s, uint64_t *ret)
{
	uint64_t v;
	int r;

	if (s[strspn(s, "0123456789")] != '\0')
		return -EINVAL;
	r = parse_digits(&s, &v);
	if (r < 0)
		return r;
	*ret = v;
	return 0;
}

int parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = parse_u64(s, &v);

	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int parse_port(const char *s, uint16_t *ret)
{
	uint64_t v;
	int r = parse_u64(s, &v);

	if (r < 0)
		return r;
	if (v < 1 || v > UINT16_MAX)
		return -ERANGE;
	*ret = (uint16_t)v;
	return 0;
}

int parse_port_range(const char *s, uint16_t *ret_low, uint16_t *ret_high)
{
	const char *dash = strchr(s, '-');
	uint16_t low, high;
	char first[8];
	size_t n = dash ? (size_t)(dash - s) : strlen(s);
	int r;

	if (n >= sizeof(first))
		return s[strspn(s, "0123456789-")] == '\0' ? -ERANGE : -EINVAL;
	memcpy(first, s, n);
	first[n] = '\0';
	r = parse_port(first, &low);
	if (r < 0)
		return r;
	high = low;
	if (dash) {
		r = parse_port(dash + 1, &high);
		if (r < 0)
			return r;
	}
	if (low > high)
		return -ERANGE;
	*ret_low = low;
	*ret_high = high;
	return 0;
}

/* A number followed by one of @units, multiplied out. */
static int parse_with_unit(const char *s, const struct parse_unit *units, size_t n, uint64_t *ret)
{
	const char *rest = s + strspn(s, "0123456789");
	uint64_t v;
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(rest, units[i].name))
			continue;
		r = parse_digits(&s, &v);
		if (r < 0)
			return r;
		if (v > UINT64_MAX / units[i].factor)
			return -ERANGE;
		*ret = v * units[i].factor;
		return 0;
	}
	return -EINVAL;
}

int parse_size(const char *s, uint64_t *ret_bytes)
{
	return parse_with_unit(s, size_units, ARRAY_SIZE(size_units), ret_bytes);
}

int parse_duration(const char *s, uint64_t *ret_ms)
{
	return parse_with_unit(s, duration_units, ARRAY_SIZE(duration_units), ret_ms);
}

int parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"true", "yes", "on"};
	static const char *const no[] = {"false", "no", "off"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_case_eq(s, yes[i]) || str_case_eq(s, no[i])) {
			*ret = str_case_eq(s, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

/* Which characters may stand in a host; brackets, blanks, slashes and '@' never. */
static bool is_host(const char *s, size_t n, const char *extra)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !is_digit(c) && (c == '\0' || !strchr(extra, c)))
			return false;
	}
	return n <= HOST_MAX;
}

int parse_hostport(const char *s, char *ret_host, size_t host_size, uint16_t *ret_port)
{
	const char *host = s, *port = s, *colon = strrchr(s, ':');
	size_t n = 0;
	uint16_t v;
	int r;

	if (s[0] == '[') {
		const char *end = strchr(s, ']');

		if (!end || end[1] != ':' || end == s + 1)
			return -EINVAL;
		host = s + 1;
		n = (size_t)(end - host);
		port = end + 2;
		/* '%' starts a zone (RFC 4007 §11), which is an interface's name */
		if (!memchr(host, ':', n) || !is_host(host, n, ":.%-_"))
			return -EINVAL;
	} else if (colon) {
		n = (size_t)(colon - s);
		port = colon + 1;
		if (!is_host(host, n, ".-_"))
			return -EINVAL;
	}
	r = parse_port(port, &v);
	if (r < 0)
		return r;
	if (n >= host_size)
		return -ERANGE;
	memcpy(ret_host, host, n);
	ret_host[n] = '\0';
	*ret_port = v;
	return 0;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_hex(const char *s, uint8_t *ret, size_t n_bytes)
{
	if (strlen(s) != n_bytes * 2)
		return -EINVAL;
	for (size_t i = 0; i < n_bytes * 2; i++)
		if (hex_digit(s[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < n_bytes; i++)
		ret[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 | hex_digit(s[2 * i + 1]));
	return 0;
}

void parse_format_hex(char *ret, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*ret++ = digits[bytes[i] >> 4];
		*ret++ = digits[bytes[i] & 15];
	}
	*ret = '\0';
}
