/* SPDX-License-Identifier: MIT */
/*
 * server_env: a server that was configured by environment variables alone goes on with them.
 *
 * They win over the file, as variables do everywhere. A variable that is set but empty counts as
 * not set.
 */
#include "server/server_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/addr.h"
#include "proto/hostname.h"
#include "server/server_conf.h"

typedef void server_env_f(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report);

static void replace_list(struct str_list *l, const char *value)
{
	str_list_deinit(l);
	str_list_split(l, value, ',');
}

static void mistake(struct conf_report *report, const char *name, const char *value,
	const char *what)
{
	report_add_at(report, "environment", 0, 0, name, "'%s' is not %s", value, what);
}

static void set_hosts(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	struct str_list *l = &c->allowed_hosts;
	char host[HOSTNAME_MAX];

	replace_list(l, value);
	for (size_t i = 0; i < l->n; i++) {
		if (hostname_normalise(host, l->items[i], strlen(l->items[i])) < 0 ||
			strchr(l->items[i], ':'))
			mistake(report, name, l->items[i], "a host name");
		else
			mem_replace(&l->items[i], host);
	}
}

/* The domain that names are given below is the first of the allowed ones. */
static void set_tunnel_host(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	struct str_list hosts = {0};
	char host[HOSTNAME_MAX];

	if (hostname_normalise(host, value, strlen(value)) < 0 || strchr(value, ':')) {
		mistake(report, name, value, "a host name");
		return;
	}
	str_list_add(&hosts, host);
	for (size_t i = 0; i < c->allowed_hosts.n; i++) {
		if (!str_eq(c->allowed_hosts.items[i], host))
			str_list_add(&hosts, c->allowed_hosts.items[i]);
	}
	str_list_deinit(&c->allowed_hosts);
	c->allowed_hosts = hosts;
}

static void set_blocked_names(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	replace_list(&c->blocked_subdomains, value);
	for (size_t i = 0; i < c->blocked_subdomains.n; i++)
		str_lower(c->blocked_subdomains.items[i]);
}

static void set_blocked_ips(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	struct addr_block b;

	replace_list(&c->blocked_ips, value);
	for (size_t i = 0; i < c->blocked_ips.n; i++) {
		if (addr_block_parse(&b, c->blocked_ips.items[i]) < 0)
			mistake(report, name, c->blocked_ips.items[i],
				"an IP address or a block like 10.0.0.0/8");
	}
}

static void set_port(struct list *listeners, const char *name, const char *value,
	struct conf_report *report)
{
	char listen[16];
	uint16_t port;

	if (parse_port(value, &port) < 0) {
		mistake(report, name, value, "a port from 1 to 65535");
		return;
	}
	(void)snprintf(listen, sizeof(listen), "*:%u", port);
	server_conf_listen(listeners, listen);
}

static void set_public_port(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	set_port(&c->public_listeners, name, value, report);
}

static void set_control_port(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	set_port(&c->control_listeners, name, value, report);
}

static void set_sig_key(struct server_conf *c, const char *name, const char *value,
	struct conf_report *report)
{
	if (parse_hex(value, c->sig_key.bytes, sizeof(c->sig_key.bytes)) < 0)
		report_add_at(report, "environment", 0, 0, name, "is not %zu hex digits",
			2 * sizeof(c->sig_key.bytes));
	else
		c->sig_key.is_set = true;
}

/* TUNNEL_HOST behind ALLOWED_HOSTS, to whose front it goes. */
static const struct {
	const char *name;
	server_env_f *set;
} rows[] = {
	{"ALLOWED_HOSTS", set_hosts},
	{"TUNNEL_HOST", set_tunnel_host},
	{"BLOCKED_SUB_DOMAINS", set_blocked_names},
	{"BLOCKED_IPS", set_blocked_ips},
	{"PORT", set_public_port},
	{"CTRL_PORT", set_control_port},
	{"MASTER_SIG_KEY", set_sig_key},
};

static const char *value_of(size_t i)
{
	const char *value = getenv(rows[i].name);

	return value && *value ? value : NULL;
}

bool server_env_is_set(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (value_of(i))
			return true;
	}
	return false;
}

bool server_env_apply(struct server_conf *c, struct conf_report *report)
{
	size_t before = report_count(report);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = value_of(i);

		if (value)
			rows[i].set(c, rows[i].name, value, report);
	}
	return report_count(report) == before;
}
