/* SPDX-License-Identifier: MIT */
/*
 * dashboard_guard: three questions before anybody is let in.
 *
 * Every page that a browser shows may send requests to 127.0.0.1; the token is what it cannot
 * know, and Host and Origin keep out even one that was given it by mistake. All are compared as
 * they are written: a name with a dot at its end, or an address in another notation, is another.
 */
#include "dashboard/dashboard_guard.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/str.h"
#include "crypt/hmac.h"

#define TOKEN_PREFIX "token."

/* A host as it stands in a URL, in its parts. */
struct host {
	const char *name;
	size_t n;
	uint16_t port;
	bool has_port;
};

static bool is_name(const char *s, size_t n)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_";

	return n > 0 && n <= 253 && strspn(s, chars) >= n;
}

static bool is_v6(const char *s, size_t n)
{
	return n > 2 && s[0] == '[' && s[n - 1] == ']' &&
	       strspn(s + 1, "0123456789abcdefABCDEF:.") >= n - 2;
}

static bool split(const char *s, struct host *ret)
{
	const char *end = s[0] == '[' ? strchr(s, ']') : NULL;
	const char *colon = strchr(end ? end : s, ':');

	*ret = (struct host){.name = s, .n = colon ? (size_t)(colon - s) : strlen(s)};
	ret->has_port = colon != NULL;
	if (colon && parse_port(colon + 1, &ret->port) < 0)
		return false;
	return is_name(s, ret->n) || is_v6(s, ret->n);
}

static bool is_called(const struct host *h, const char *name)
{
	return strlen(name) == h->n && strncasecmp(h->name, name, h->n) == 0;
}

/* The address that is listened on, or, when that is every one, any. A page that was fetched from a
 * number needed no DNS. */
static bool is_own_address(const struct dashboard_guard *g, const struct host *h)
{
	char text[64];
	struct addr a;
	bool v6 = h->name[0] == '[';

	if (h->n >= sizeof(text))
		return false;
	memcpy(text, h->name + v6, h->n - 2 * (size_t)v6);
	text[h->n - 2 * (size_t)v6] = '\0';
	if (addr_parse_ip(&a, text, /* port= */ 0) < 0)
		return false;
	return addr_is_any(&g->local) || addr_same_ip(&a, &g->local);
}

static bool is_own(const struct dashboard_guard *g, const struct host *h)
{
	uint16_t port = h->has_port ? h->port : 80;

	return port == addr_port(&g->local) &&
	       (is_called(h, "127.0.0.1") || is_called(h, "localhost") || is_called(h, "[::1]") ||
		       is_own_address(g, h));
}

static bool is_allowed(const struct dashboard_guard *g, const struct host *h)
{
	for (size_t i = 0; g->allowed && i < g->allowed->n; i++) {
		struct host a;

		if (!split(g->allowed->items[i], &a))
			continue;
		if (a.n == h->n && strncasecmp(a.name, h->name, a.n) == 0 &&
			(!a.has_port || (h->has_port && a.port == h->port)))
			return true;
	}
	return false;
}

bool dashboard_guard_host(const struct dashboard_guard *g, const char *host)
{
	struct host h;

	return split(host, &h) && (is_own(g, &h) || is_allowed(g, &h));
}

/* https, too: there may be a proxy in front that speaks it. */
bool dashboard_guard_origin(const char *origin, const char *host)
{
	if (!*origin)
		return true;
	if (strncasecmp(origin, "http://", 7) == 0)
		return strcasecmp(origin + 7, host) == 0;
	return strncasecmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, host) == 0;
}

bool dashboard_guard_token(const struct dashboard_guard *g, const char *protocols)
{
	static const size_t prefix = sizeof(TOKEN_PREFIX) - 1;
	size_t n = strlen(g->token);
	bool found = false;

	while (*protocols) {
		size_t len;

		protocols += strspn(protocols, " \t,");
		len = strcspn(protocols, " \t,");
		if (n > 0 && len == prefix + n && memcmp(protocols, TOKEN_PREFIX, prefix) == 0)
			found |= hmac_equal(protocols + prefix, g->token, n);
		protocols += len;
	}
	return found;
}

bool dashboard_guard_is_host(const char *s)
{
	struct host h;

	return split(s, &h);
}
