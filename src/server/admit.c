/* SPDX-License-Identifier: MIT */
/*
 * admit: the rules of tunnelto-server.yaml(5), Names, applied to one request.
 *
 * A glob of a key is held against the labels below the allowed host and against the whole name,
 * so 'ci-*' and 'hooks.example.com' both say what they seem to.
 */
#include "server/admit.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/str_list.h"
#include "io/addr.h"
#include "server/server_conf.h"

void admit_rights_of_key(struct admit_rights *ret, const struct server_conf_key *key)
{
	*ret = (struct admit_rights){
		.allow = &key->allow, .tcp = key->tcp, .max_tunnels = key->max_tunnels};
}

void admit_rights_of_anonymous(struct admit_rights *ret, const struct server_conf *c)
{
	*ret = (struct admit_rights){.allow = &c->anonymous_limits.allow,
		.tcp = c->anonymous_limits.tcp,
		.max_tunnels = c->anonymous_limits.max_tunnels};
}

static bool matches(const struct str_list *globs, const char *text)
{
	for (size_t i = 0; i < globs->n; i++) {
		if (str_glob(globs->items[i], text))
			return true;
	}
	return false;
}

/* The labels of @host below the nearest allowed host into @ret; false when none serves it. */
static bool split(char ret[static HOSTNAME_MAX], const struct server_conf *c, const char *host)
{
	size_t least = 0;

	for (size_t i = 0; i < c->allowed_hosts.n; i++) {
		size_t n = hostname_under(host, c->allowed_hosts.items[i]);

		if (n > 0 && (least == 0 || n < least))
			least = n;
	}
	memcpy(ret, host, least);
	ret[least] = '\0';
	return least > 0;
}

static int wanted_host(char ret[static HOSTNAME_MAX], const struct server_conf *c,
	const struct hello_register *rq, const char *assigned)
{
	const char *labels = rq->subdomain[0] ? rq->subdomain : assigned;
	char text[2 * HOSTNAME_MAX];

	if (rq->hostname[0])
		(void)snprintf(text, sizeof(text), "%s", rq->hostname);
	else if (c->allowed_hosts.n == 0)
		return HELLO_REFUSAL_NO_HOST;
	else
		(void)snprintf(text, sizeof(text), "%s.%s", labels, c->allowed_hosts.items[0]);
	if (strchr(text, ':') || hostname_normalise(ret, text, strlen(text)) < 0 ||
		!hostname_is_claimable(ret))
		return HELLO_REFUSAL_BAD_NAME;
	return -1;
}

int admit_host(char ret[static HOSTNAME_MAX], const struct server_conf *c,
	const struct admit_rights *rights, const struct hello_register *rq, const char *assigned)
{
	char labels[HOSTNAME_MAX];
	int refusal;

	if (rq->hostname[0] && rq->subdomain[0])
		return HELLO_REFUSAL_BAD_REQUEST;
	refusal = wanted_host(ret, c, rq, assigned);
	if (refusal >= 0)
		return refusal;
	/* an allowed host below another one is the server's own, whatever is claimed */
	if (str_list_has(&c->allowed_hosts, ret))
		return HELLO_REFUSAL_RESERVED;
	if (!split(labels, c, ret))
		return HELLO_REFUSAL_NO_HOST;
	/* whoever had that would be sent the keys of the clients */
	if (str_eq(labels, ADMIT_WORMHOLE))
		return HELLO_REFUSAL_RESERVED;
	if (str_list_has(&c->reserved_subdomains, labels) ||
		matches(&c->blocked_subdomains, labels))
		return HELLO_REFUSAL_RESERVED;
	/* a name of the server's choosing needs no right of its own */
	if (!rq->hostname[0] && !rq->subdomain[0])
		return -1;
	if (!matches(rights->allow, labels) && !matches(rights->allow, ret))
		return HELLO_REFUSAL_NOT_ALLOWED;
	return -1;
}

int admit_ports(struct conf_port_range *ret, const struct server_conf *c,
	const struct admit_rights *rights, const struct hello_register *rq)
{
	ret->low = MAX(c->tcp.ports.low, rights->tcp.low);
	ret->high = MIN(c->tcp.ports.high, rights->tcp.high);
	if (!c->tcp.ports.low || !rights->tcp.low || ret->low > ret->high)
		return HELLO_REFUSAL_NO_PORT;
	if (!rq->remote_port)
		return -1;
	if (rq->remote_port < ret->low || rq->remote_port > ret->high)
		return HELLO_REFUSAL_NO_PORT;
	ret->low = ret->high = rq->remote_port;
	return -1;
}

static bool is_among(const struct str_list *blocks, const struct addr *a)
{
	struct addr_block b;

	for (size_t i = 0; i < blocks->n; i++) {
		if (addr_block_parse(&b, blocks->items[i]) == 0 && addr_block_has(&b, a))
			return true;
	}
	return false;
}

bool admit_address(const struct server_conf *c, const struct addr *a)
{
	return !is_among(&c->blocked_ips, a);
}

bool admit_trusts(const struct server_conf *c, const struct addr *a)
{
	if (a->sa.ss_family == AF_UNIX)
		return str_list_has(&c->trusted_proxies, "unix");
	return is_among(&c->trusted_proxies, a);
}
