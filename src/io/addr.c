/* SPDX-License-Identifier: MIT */
/* addr: numeric socket addresses and address blocks; names are resolve's business. */
#include "io/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/str.h"

int addr_parse_ip(struct addr *ret, const char *ip, uint16_t port)
{
	struct addr a = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.sa;

	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		a.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		a.len = sizeof(*v6);
	} else {
		return -EINVAL;
	}
	*ret = a;
	return 0;
}

int addr_unix(struct addr *ret, const char *path)
{
	struct addr a = {0};
	struct sockaddr_un *un = (struct sockaddr_un *)&a.sa;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(un->sun_path))
		return -EINVAL;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n);
	a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	*ret = a;
	return 0;
}

/* Port 0 is allowed here: the kernel chooses. */
static int parse_any_port(const char *text, uint16_t *ret)
{
	uint32_t n;

	if (parse_u32(text, &n) < 0 || n > 65535)
		return -EINVAL;
	*ret = (uint16_t)n;
	return 0;
}

int addr_parse(struct addr *ret, const char *text)
{
	char host[INET6_ADDRSTRLEN + 3];
	const char *colon;
	uint16_t port;
	size_t n;

	if (str_has_prefix(text, "unix:"))
		return addr_unix(ret, text + 5);
	colon = strrchr(text, ':');
	if (!colon || parse_any_port(colon + 1, &port) < 0)
		return -EINVAL;
	n = (size_t)(colon - text);
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (n == 0 || str_eq(host, "*"))
		return addr_parse_ip(ret, "::", port);
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		return strchr(host, ':') ? addr_parse_ip(ret, host + 1, port) : -EINVAL;
	}
	return strchr(host, ':') ? -EINVAL : addr_parse_ip(ret, host, port);
}

static bool as_v6(const struct addr *a, uint8_t ret[static 16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (a->sa.ss_family == AF_INET) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + 12, &((const struct sockaddr_in *)&a->sa)->sin_addr, 4);
		return true;
	}
	if (a->sa.ss_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)&a->sa)->sin6_addr, 16);
		return true;
	}
	return false;
}

/* inet_ntop() does it by sprintf(), and it is done several times for every request. */
static void format_v4(const uint8_t ip[static 4], char *to)
{
	for (int i = 0; i < 4; i++) {
		if (ip[i] >= 100)
			*to++ = (char)('0' + ip[i] / 100);
		if (ip[i] >= 10)
			*to++ = (char)('0' + ip[i] / 10 % 10);
		*to++ = (char)('0' + ip[i] % 10);
		*to++ = i < 3 ? '.' : '\0';
	}
}

void addr_format_ip(const struct addr *a, char ret[static ADDR_TEXT_MAX])
{
	uint8_t ip[16];

	if (!as_v6(a, ip)) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)&a->sa;
		bool named = a->sa.ss_family == AF_UNIX &&
			     a->len > offsetof(struct sockaddr_un, sun_path);

		(void)snprintf(ret, ADDR_TEXT_MAX, "unix:%.107s", named ? un->sun_path : "");
		return;
	}
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)ip))
		format_v4(ip + 12, ret);
	else
		(void)inet_ntop(AF_INET6, ip, ret, ADDR_TEXT_MAX);
}

void addr_format(const struct addr *a, char ret[static ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	addr_format_ip(a, ip);
	if (a->sa.ss_family != AF_INET && a->sa.ss_family != AF_INET6)
		(void)snprintf(ret, ADDR_TEXT_MAX, "%.127s", ip);
	else if (strchr(ip, ':'))
		(void)snprintf(ret, ADDR_TEXT_MAX, "[%.100s]:%u", ip, addr_port(a));
	else
		(void)snprintf(ret, ADDR_TEXT_MAX, "%.100s:%u", ip, addr_port(a));
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	uint8_t one[16], other[16];

	return as_v6(a, one) && as_v6(b, other) && memcmp(one, other, sizeof(one)) == 0;
}

uint16_t addr_port(const struct addr *a)
{
	if (a->sa.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
	if (a->sa.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&a->sa)->sin6_port);
	return 0;
}

bool addr_is_any(const struct addr *a)
{
	if (a->sa.ss_family == AF_INET)
		return ((const struct sockaddr_in *)&a->sa)->sin_addr.s_addr == INADDR_ANY;
	return a->sa.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&a->sa)->sin6_addr);
}

void addr_from_ip(struct addr *ret, const uint8_t *ip, size_t n, uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->sa;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->sa;

	memset(ret, 0, sizeof(*ret));
	if (n == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, ip, 4);
		ret->len = sizeof(*v4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, ip, 16);
		ret->len = sizeof(*v6);
	}
}

bool addr_is_v4(const struct addr *a)
{
	uint8_t ip[16];

	return as_v6(a, ip) && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)ip);
}

void addr_ip_bytes(const struct addr *a, size_t n, uint8_t *ret)
{
	uint8_t ip[16];

	if (!as_v6(a, ip))
		memset(ip, 0, sizeof(ip));
	memcpy(ret, n == 4 ? ip + 12 : ip, n);
}

void addr_of_socket(struct addr *ret, int fd)
{
	ret->len = sizeof(ret->sa);
	if (getsockname(fd, (struct sockaddr *)&ret->sa, &ret->len) < 0)
		ret->len = 0;
}

bool addr_is_loopback(const struct addr *a)
{
	uint8_t ip[16];

	if (!as_v6(a, ip))
		return a->sa.ss_family == AF_UNIX;
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)ip))
		return ip[12] == 127;
	return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)ip);
}

int addr_block_parse(struct addr_block *ret, const char *text)
{
	char ip[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct addr a;
	uint32_t bits;
	bool v4;

	if (n >= sizeof(ip))
		return -EINVAL;
	memcpy(ip, text, n);
	ip[n] = '\0';
	if (addr_parse_ip(&a, ip, 0) < 0)
		return -EINVAL;
	v4 = a.sa.ss_family == AF_INET;
	bits = v4 ? 32 : 128;
	if (slash && (parse_u32(slash + 1, &bits) < 0 || bits > (v4 ? 32U : 128U)))
		return -EINVAL;
	(void)as_v6(&a, ret->ip);
	ret->bits = (uint8_t)(v4 ? bits + 96 : bits);
	return 0;
}

bool addr_block_has(const struct addr_block *b, const struct addr *a)
{
	uint8_t ip[16];
	unsigned int whole = b->bits / 8, rest = b->bits % 8;

	if (!as_v6(a, ip) || memcmp(ip, b->ip, whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ b->ip[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}
