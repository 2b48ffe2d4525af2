/* SPDX-License-Identifier: MIT */
/*
 * hostname: one form for the many ways a name is written (RFC 1123 §2.1, RFC 9110 §7.2).
 *
 * Whatever routes by name compares the normalised form only. '_' is allowed in what a visitor
 * asks for (real names have it, in service labels) but not in what a client may claim: a
 * certificate for such a name cannot be had.
 */
#include "proto/hostname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/macros.h"

/* ":", ":80": the port after a name, up to 65535; it may be empty (RFC 3986 §3.2.3) */
static bool is_port(const char *text, size_t n)
{
	unsigned long port = 0;

	if (n == 0 || text[0] != ':' || n > 6)
		return false;
	for (size_t i = 1; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	return port <= 65535;
}

/* "name", "name:80", "[v6]", "[v6]:80": the length of the name, 0 when what follows is no port */
static size_t without_port(const char *text, size_t n)
{
	bool v6 = text[0] == '[';
	const char *end = memchr(text, v6 ? ']' : ':', n);
	size_t name = end ? (size_t)(end - text) + (v6 ? 1 : 0) : n;

	if (v6 && !end)
		return 0;
	return name == n || is_port(text + name, n - name) ? name : 0;
}

static int copy_label_char(char *to, char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	*to = c;
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? 0
											: -EINVAL;
}

/* "[v6]" in the one spelling of RFC 5952 */
static int copy_v6(char *ret, const char *text, size_t n)
{
	char inner[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t len;

	if (n < 4 || n - 2 >= sizeof(inner) || memchr(text, '\0', n))
		return -EINVAL;
	memcpy(inner, text + 1, n - 2);
	inner[n - 2] = '\0';
	if (inet_pton(AF_INET6, inner, &address) != 1 ||
		!inet_ntop(AF_INET6, &address, inner, sizeof(inner)))
		return -EINVAL;
	len = strlen(inner);
	ret[0] = '[';
	memcpy(ret + 1, inner, len);
	memcpy(ret + 1 + len, "]", 2);
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
