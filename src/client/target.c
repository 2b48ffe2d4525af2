/* SPDX-License-Identifier: MIT */
/* target: the few ways to write where something listens. */
#include "client/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/str.h"

/* "host", "host:port", "[v6]", "[v6]:port", perhaps with a final slash */
static int split(const char *text, char *host, uint16_t *port)
{
	char copy[TARGET_HOST_MAX + 16];
	size_t n = strlen(text);
	char *colon, *end;

	if (n == 0 || n >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, n + 1);
	if (copy[n - 1] == '/')
		copy[n - 1] = '\0';
	end = copy[0] == '[' ? strchr(copy, ']') : copy;
	if (!end || strpbrk(copy, "/?#@ ") || (*end == ']' && end[1] && end[1] != ':'))
		return -EINVAL;
	colon = strchr(end, ':');
	if (colon && parse_port(colon + 1, port) < 0)
		return -EINVAL;
	if (colon)
		*colon = '\0';
	if (copy[0] == '[') {
		*strchr(copy, ']') = '\0';
		memmove(copy, copy + 1, strlen(copy));
	}
	if (!copy[0] || strlen(copy) >= TARGET_HOST_MAX)
		return -EINVAL;
	memcpy(host, copy, strlen(copy) + 1);
	return 0;
}

int target_parse(struct target *ret, const char *text)
{
	struct target t = {0};

	if (str_has_prefix(text, "unix:")) {
		t.is_unix = true;
		if (text[5] != '/' ||
			strlen(text + 5) >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return -EINVAL;
		memcpy(t.host, text + 5, strlen(text + 5) + 1);
	} else if (parse_port(text, &t.port) == 0) {
		memcpy(t.host, "localhost", sizeof("localhost"));
	} else if (str_has_prefix(text, "https://") || str_has_prefix(text, "http://")) {
		t.tls = text[4] == 's';
		t.port = t.tls ? 443 : 80;
		if (split(text + (t.tls ? 8 : 7), t.host, &t.port) < 0)
			return -EINVAL;
	} else if (split(text, t.host, &t.port) < 0 || t.port == 0) {
		return -EINVAL;
	}
	*ret = t;
	return 0;
}

int target_parse_url(struct target_url *ret, const char *text)
{
	static const struct {
		const char *prefix;
		bool tls;
	} schemes[] = {{"https://", true}, {"http://", false}, {"wss://", true}, {"ws://", false}};
	struct target_url u = {0};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *host = text + strlen(schemes[i].prefix);
		bool v6;

		if (!str_has_prefix(text, schemes[i].prefix))
			continue;
		u.tls = schemes[i].tls;
		u.port = u.tls ? 443 : 80;
		if (split(host, u.host, &u.port) < 0)
			return -EINVAL;
		v6 = strchr(u.host, ':') != NULL;
		(void)snprintf(u.header, sizeof(u.header), v6 ? "[%.200s]" : "%.250s", u.host);
		if (u.port != (u.tls ? 443 : 80))
			(void)snprintf(u.header + strlen(u.header),
				sizeof(u.header) - strlen(u.header), ":%u", u.port);
		*ret = u;
		return 0;
	}
	return -EINVAL;
}
