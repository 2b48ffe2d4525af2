/* SPDX-License-Identifier: MIT */
/* hostname: one form for the many ways a name is written (RFC 1123 §2.1, RFC 9110 §7.2). */
#include "proto/hostname.h"

#include <errno.h>
#include <string.h>

/* "name", "name:80", "[v6]", "[v6]:80": the length of the name, 0 when what follows is no port */
static size_t without_port(const char *text, size_t n)
{
	const char *end = text[0] == '[' ? memchr(text, ']', n) : memchr(text, ':', n);
	size_t name = end ? (size_t)(end - text) + (text[0] == '[' ? 1 : 0) : n;

	if (text[0] == '[' && !end)
		return 0;
	if (name == n)
		return name;
	if (text[name] != ':' || n - name > 6)
		return 0;
	for (size_t i = name + 1; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
	}
	return name;
}

static int copy_label_char(char *to, char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	*to = c;
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? 0 : -EINVAL;
}

static int copy_v6(char *ret, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ret[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20 : text[i]);
		if (!strchr("0123456789abcdef:.[]", ret[i]))
			return -EINVAL;
	}
	ret[n] = '\0';
	return 0;
}

int hostname_normalise(char ret[static HOSTNAME_MAX], const char *text, size_t n)
{
	size_t label = 0;

	if (n == 0)
		return -EINVAL;
	n = without_port(text, n);
	if (n > 1 && text[n - 1] == '.')
		n--;
	if (n == 0 || n >= HOSTNAME_MAX)
		return -EINVAL;
	if (text[0] == '[')
		return copy_v6(ret, text, n);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.') {
			if (label == 0)
				return -EINVAL;
			ret[i] = '.';
			label = 0;
		} else if (++label > 63 || copy_label_char(&ret[i], text[i]) < 0) {
			return -EINVAL;
		}
	}
	ret[n] = '\0';
	return label > 0 ? 0 : -EINVAL;
}

bool hostname_is_claimable(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= HOSTNAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool first = i == 0 || name[i - 1] == '.', last = i + 1 == n || name[i + 1] == '.';

		if (name[i] == '.' ? first || last : false)
			return false;
		if (name[i] == '_' || name[i] == '[' || (name[i] == '-' && (first || last)))
			return false;
	}
	return true;
}

size_t hostname_under(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);

	if (h < d + 2 || host[h - d - 1] != '.' || memcmp(host + h - d, domain, d) != 0)
		return 0;
	return h - d - 1;
}
