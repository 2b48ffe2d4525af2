/* SPDX-License-Identifier: MIT */
/* client_conf: the rows of tunneltod.yaml and of the files in tunnels.d. */
#include "client/client_conf.h"

#include <errno.h>
#include <glob.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/doc.h"
#include "crypt/secret.h"
#include "dashboard/dashboard_guard.h"
#include "inspect/tap.h"
#include "proto/http_head.h"

/* --- checks ---------------------------------------------------------------------------------- */

static void check_url(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct target_url url;

	if (target_parse_url(&url, *(char **)dst) < 0)
		report_add(report, node, "'%s' is not http(s)://HOST[:PORT]", *(char **)dst);
}

static void check_key_file(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct secret s = {0};
	struct err err = {0};

	if (secret_load_file(&s, *(char **)dst, &err) < 0)
		report_add(report, node, "%s", err.text);
	secret_deinit(&s);
}

static void check_listen(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct addr a;

	if (addr_parse(&a, *(char **)dst) < 0 || a.sa.ss_family == AF_UNIX)
		report_add(report, node, "'%s' is not ADDRESS:PORT", *(char **)dst);
}

static void check_hosts(const struct conf_node *node, void *dst, struct conf_report *report)
{
	const struct str_list *hosts = dst;

	for (size_t i = 0; i < hosts->n; i++) {
		if (!dashboard_guard_is_host(hosts->items[i]))
			report_add(report, node, "'%s' is not NAME or NAME:PORT", hosts->items[i]);
	}
}

bool client_conf_is_name(const char *s)
{
	size_t n = s ? strspn(s,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
		     : 0;

	return n > 0 && n <= HELLO_NAME_MAX && s[n] == '\0';
}

/* What excludes what. */
static const char *check_together(const struct client_conf_tunnel *t)
{
	if (t->subdomain && t->hostname)
		return "'subdomain' and 'hostname' exclude each other";
	if (t->proto == HELLO_PROTO_TCP && (t->subdomain || t->hostname || t->host_header))
		return "'subdomain', 'hostname' and 'host_header' are for proto http, this one is "
		       "tcp";
	if (t->proto == HELLO_PROTO_HTTP && t->remote_port)
		return "'remote_port' is for proto tcp, this one is http";
	if (t->proto == HELLO_PROTO_TLS && (t->remote_port || t->host_header))
		return "'remote_port' is for proto tcp and 'host_header' for http, this one is tls";
	if (t->proto == HELLO_PROTO_TLS && t->target.tls)
		return "'local' is HOST:PORT for proto tls: the visitor's own TLS goes through";
	if (t->proto != HELLO_PROTO_HTTP && verify_conf_is_on(&t->verify))
		return "'verify' is for proto http, what passes here is not read";
	return NULL;
}

const char *client_conf_check_tunnel(struct client_conf_tunnel *t)
{
	if (t->local && target_parse(&t->target, t->local) < 0)
		return "'local' is not PORT, HOST:PORT, http(s)://HOST[:PORT] or unix:/path";
	return check_together(t);
}

static void check_tunnel(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct client_conf_tunnel *t = dst;
	const char *why;

	if (t->local && target_parse(&t->target, t->local) < 0)
		memset(&t->target, 0, sizeof(t->target)); /* check_local() has said so */
	why = check_together(t);
	if (why)
		report_add(report, node, "%s", why);
	if (t->proto == HELLO_PROTO_HTTP)
		return;
	if (doc_find(node, "inspect") && t->inspect != TAP_NOTHING)
		report_add(report, doc_find(node, "inspect"),
			"'inspect' is for proto http, what passes here is not read");
	t->inspect = TAP_NOTHING;
}

static void check_local(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct target t;

	if (target_parse(&t, *(char **)dst) < 0)
		report_add(report, node,
			"'%s' is not PORT (1 to 65535), HOST:PORT, http(s)://HOST[:PORT] or "
			"unix:/path",
			*(char **)dst);
}

/* What a header field may be called; a query parameter of another name cannot be asked for. */
static void check_redact(const struct conf_node *node, void *dst, struct conf_report *report)
{
	const struct str_list *names = dst;

	for (size_t i = 0; i < names->n; i++) {
		const char *s = names->items[i];

		while (*s && http_head_is_token((uint8_t)*s))
			s++;
		if (*s)
			report_add(report, node, "'%s' is no name of a header field",
				names->items[i]);
	}
}

/* --- tunnels --------------------------------------------------------------------------------- */

static void *new_tunnel(void *at, const char *name, const struct conf_node *node,
	struct conf_report *report)
{
	struct list *all = at;
	struct client_conf_tunnel *t;

	if (!client_conf_is_name(name)) {
		report_add(report, node, "a tunnel's name has 1 to %d of a-z A-Z 0-9 . _ -",
			HELLO_NAME_MAX);
		return NULL;
	}
	list_each (other, all, struct client_conf_tunnel, node) {
		if (str_eq(other->name, name)) {
			report_add_at(report, node->doc->name, node->key_line, node->key_col, name,
				"a tunnel of this name stands at %s:%u already", other->file,
				other->line);
			return NULL;
		}
	}
	t = mem_new(struct client_conf_tunnel);
	t->name = mem_strdup(name);
	t->file = mem_strdup(node->doc->name);
	t->line = node->key_line;
	list_add_tail(all, &t->node);
	return t;
}

/* clang-format off: tables */
#define AT(s, f)    .offset = offsetof(struct s, f)
#define IN(s, g, f) .offset = offsetof(struct s, g.f) - offsetof(struct s, g)

static const struct conf_row origin_tls_rows[] = {
	{"ca_file", CONF_STRING, IN(client_conf_tunnel, tls, ca_file),
		.help = "PEM file; absent: the system's store"},
	{"verify", CONF_BOOL, IN(client_conf_tunnel, tls, verify), .fallback = "true",
		.help = "false: take any certificate of the origin"},
};
static const struct conf_table origin_tls_table = CONF_TABLE(origin_tls_rows, NULL);

static const char *const proto_words[] = {"http", "tcp", "tls", NULL};
static const char *const inspect_words[] = {
	[TAP_NOTHING] = "false", [TAP_HEADERS] = "headers", [TAP_FULL] = "full", NULL};
const char *const client_conf_proxy_words[] = {"none", "v2", NULL};

static const struct conf_row tunnel_rows[] = {
	{"proto", CONF_ENUM, AT(client_conf_tunnel, proto), .words = proto_words,
		.fallback = "http", .help = "http, tcp, or tls: passed through by its name"},
	{"local", CONF_STRING, CONF_REQUIRED, AT(client_conf_tunnel, local), .check = check_local,
		.help = "PORT, HOST:PORT, http(s)://HOST[:PORT] or unix:/path"},
	{"subdomain", CONF_STRING, AT(client_conf_tunnel, subdomain), .min = 1, .max = 253,
		.help = "http, tls: the name below the server's domain; absent: the server's "
			"choice"},
	{"hostname", CONF_STRING, AT(client_conf_tunnel, hostname), .min = 1, .max = 253,
		.help = "http, tls: the whole name"},
	{"remote_port", CONF_PORT, AT(client_conf_tunnel, remote_port),
		.help = "tcp: the public port; absent: the server's choice"},
	{"host_header", CONF_STRING, AT(client_conf_tunnel, host_header), .min = 1, .max = 253,
		.help = "http: the Host that the origin sees; absent: the visitor's"},
	{"proxy_protocol", CONF_ENUM, AT(client_conf_tunnel, proxy_protocol),
		.words = client_conf_proxy_words, .fallback = "none",
		.help = "v2: a PROXY header tells the origin who the visitor is"},
	{"autostart", CONF_BOOL, AT(client_conf_tunnel, autostart), .fallback = "true",
		.help = "up when the daemon starts"},
	{"tls", CONF_GROUP, AT(client_conf_tunnel, tls), .table = &origin_tls_table,
		.help = "TLS to an https:// origin"},
	{"idle", CONF_DURATION, AT(client_conf_tunnel, idle), .fallback = "0s",
		.max = 7 * 24 * 3600 * 1000ULL,
		.help = "end a connection on which nothing happens for so long; 0: never"},
	{"max_streams", CONF_U32, AT(client_conf_tunnel, max_streams), .min = 1, .max = 1000000,
		.fallback = "4096", .help = "visitors at once"},
	{"inspect", CONF_ENUM, AT(client_conf_tunnel, inspect), .words = inspect_words,
		.fallback = "full",
		.help = "http: what is kept of requests: nothing (false), headers, or all of it"},
	{"verify", CONF_GROUP, AT(client_conf_tunnel, verify), .table = &verify_conf_table,
		.help = "http: webhooks' signatures, checked before the origin sees a request"},
};
static const struct conf_table tunnel_table = CONF_TABLE(tunnel_rows, check_tunnel);

/* --- the file -------------------------------------------------------------------------------- */

static const char *const protocol_words[] = {"auto", "v2", "v1", NULL};

static const struct conf_row server_rows[] = {
	{"url", CONF_STRING, IN(client_conf, server, url), .check = check_url,
		.help = "http(s)://HOST[:PORT] of the server's control listener"},
	{"key_file", CONF_STRING, IN(client_conf, server, key_file), .check = check_key_file,
		.help = "file that holds the key; others must not read it. Absent: credential "
			"access-key, then $TUNNELTO_KEY"},
	{"ca_file", CONF_STRING, IN(client_conf, server, ca_file),
		.help = "PEM file; absent: the system's store"},
	{"verify", CONF_BOOL, IN(client_conf, server, verify), .fallback = "true",
		.help = "false: take any certificate of the server"},
	{"protocol", CONF_ENUM, IN(client_conf, server, protocol), .words = protocol_words,
		.fallback = "auto",
		.help = "v1: of the Rust tunnelto's servers; auto: v2, else v1"},
};
static const struct conf_table server_table = CONF_TABLE(server_rows, NULL);

static const struct conf_row reconnect_rows[] = {
	{"min", CONF_DURATION, IN(client_conf, reconnect, min), .min = 10, .max = 3600000,
		.fallback = "100ms", .help = "first pause before another attempt"},
	{"max", CONF_DURATION, IN(client_conf, reconnect, max), .min = 10, .max = 3600000,
		.fallback = "30s", .help = "longest pause"},
};
static const struct conf_table reconnect_table = CONF_TABLE(reconnect_rows, NULL);

static const struct conf_row dashboard_rows[] = {
	{"enabled", CONF_BOOL, IN(client_conf, dashboard, enabled), .fallback = "true",
		.help = "a page that shows what comes in"},
	{"listen", CONF_STRING, IN(client_conf, dashboard, listen), .check = check_listen,
		.help = "ADDRESS:PORT; absent: 127.0.0.1, the first free port from 4040 to 4060"},
	{"allowed_hosts", CONF_STRINGS, IN(client_conf, dashboard, allowed_hosts), .max = 100,
		.check = check_hosts,
		.help = "names by which browsers may ask for it, besides localhost"},
};
static const struct conf_table dashboard_table = CONF_TABLE(dashboard_rows, NULL);

static const struct conf_row log_rows[] = {
	{"level", CONF_ENUM, IN(client_conf, log, level), .words = log_level_words,
		.fallback = "info", .help = "how much is said"},
};
static const struct conf_table log_table = CONF_TABLE(log_rows, NULL);

static const struct conf_row inspector_rows[] = {
	{"requests", CONF_U32, IN(client_conf, inspector, requests), .max = 1000000,
		.fallback = "500", .help = "how many are kept, the latest; 0: none"},
	{"bytes", CONF_SIZE, IN(client_conf, inspector, bytes), .max = 64ULL << 30,
		.fallback = "64MiB", .help = "memory for all of them"},
	{"body", CONF_SIZE, IN(client_conf, inspector, body), .max = 1ULL << 30,
		.fallback = "256KiB", .help = "of one body, or one WebSocket message"},
	{"messages", CONF_U32, IN(client_conf, inspector, messages), .max = 1000000,
		.fallback = "200",
		.help = "WebSocket messages and server-sent events of one request, the latest"},
	{"redact", CONF_STRINGS, IN(client_conf, inspector, redact), .max = 100,
		.check = check_redact,
		.help = "more header fields and query parameters that hold secrets"},
	{"reveal", CONF_BOOL, IN(client_conf, inspector, reveal), .fallback = "false",
		.help = "true: secrets are kept, too"},
};
static const struct conf_table inspector_table = CONF_TABLE(inspector_rows, NULL);

static const struct conf_row webhooks_rows[] = {
	{"memory", CONF_SIZE, IN(client_conf, webhooks, memory), .min = 65536, .max = 64ULL << 30,
		.fallback = "128MiB",
		.help = "for requests that wait until their signature is checked, of all tunnels"},
};
static const struct conf_table webhooks_table = CONF_TABLE(webhooks_rows, NULL);

static const struct conf_row rows[] = {
	{"server", CONF_GROUP, AT(client_conf, server), .table = &server_table,
		.help = "the server"},
	{"reconnect", CONF_GROUP, AT(client_conf, reconnect), .table = &reconnect_table,
		.help = "pauses between attempts"},
	{"tunnels", CONF_NAMED, AT(client_conf, tunnels), .table = &tunnel_table,
		.new_item = new_tunnel, .max = 10000, .help = "tunnels by name"},
	{"control_socket", CONF_STRING, CONF_NO_RELOAD, AT(client_conf, control_socket),
		.help = "socket for tunnelctl; absent: control in the runtime directory"},
	{"drain", CONF_DURATION, AT(client_conf, drain), .max = 3600000, .fallback = "5s",
		.help = "for open connections when stopping"},
	{"inspector", CONF_GROUP, AT(client_conf, inspector), .table = &inspector_table,
		.help = "what is kept of visitors' requests"},
	{"dashboard", CONF_GROUP, AT(client_conf, dashboard), .table = &dashboard_table,
		.help = "the page in a browser"},
	{"webhooks", CONF_GROUP, AT(client_conf, webhooks), .table = &webhooks_table,
		.help = "what checking signatures may take"},
	{"log", CONF_GROUP, AT(client_conf, log), .table = &log_table, .help = "what is logged"},
};
const struct conf_table client_conf_table = CONF_TABLE(rows, NULL);

static const struct conf_row dropin_rows[] = {
	{"tunnels", CONF_NAMED, AT(client_conf, tunnels), .table = &tunnel_table,
		.new_item = new_tunnel, .max = 10000, .help = "tunnels by name"},
};
static const struct conf_table dropin_table = CONF_TABLE(dropin_rows, NULL);

/* clang-format on */

/* --- life ------------------------------------------------------------------------------------ */

void client_conf_init(struct client_conf *c)
{
	memset(c, 0, sizeof(*c));
	list_init(&c->tunnels);
}

void client_conf_free_tunnel(struct client_conf_tunnel *t)
{
	if (!t)
		return;
	verify_conf_deinit(&t->verify);
	bind_deinit(&tunnel_table, t);
	free(t->name);
	free(t->file);
	free(t);
}

void client_conf_deinit(struct client_conf *c)
{
	list_each_safe (t, &c->tunnels, struct client_conf_tunnel, node)
		client_conf_free_tunnel(t);
	list_init(&c->tunnels);
	bind_deinit(&client_conf_table, c);
}

static bool load_dropins(struct client_conf *c, const char *path, struct conf_report *report)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(mem_cleanup)
	char *pattern = slash ? mem_printf("%.*s/tunnels.d/*.yaml", (int)(slash - path), path)
			      : mem_strdup("tunnels.d/*.yaml");
	glob_t found = {0};
	bool fine = true;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			fine = bind_file(&dropin_table, found.gl_pathv[i], c, report) && fine;
	}
	globfree(&found);
	return fine;
}

bool client_conf_load(struct client_conf *c, const char *path, struct conf_report *report)
{
	bool fine = bind_file(&client_conf_table, path, c, report);

	return load_dropins(c, path, report) && fine;
}

struct client_conf_tunnel *client_conf_find(const struct client_conf *c, const char *name)
{
	list_each (t, &c->tunnels, struct client_conf_tunnel, node) {
		if (str_eq(t->name, name))
			return t;
	}
	return NULL;
}

struct client_conf_tunnel *client_conf_new_tunnel(const char *name)
{
	struct client_conf_tunnel *t = mem_new(struct client_conf_tunnel);

	t->name = mem_strdup(name);
	t->tls.verify = true;
	t->max_streams = 4096;
	t->autostart = true;
	t->inspect = TAP_FULL;
	verify_conf_init(&t->verify);
	list_init(&t->node);
	return t;
}

struct client_conf_tunnel *client_conf_copy_tunnel(const struct client_conf_tunnel *t)
{
	struct client_conf_tunnel *copy = mem_dup(t, sizeof(*t));

	copy->name = mem_strdup(t->name);
	copy->local = mem_strdup(t->local);
	copy->subdomain = mem_strdup(t->subdomain);
	copy->hostname = mem_strdup(t->hostname);
	copy->host_header = mem_strdup(t->host_header);
	copy->tls.ca_file = mem_strdup(t->tls.ca_file);
	copy->file = mem_strdup(t->file);
	verify_conf_copy(&copy->verify, &t->verify);
	list_init(&copy->node);
	return copy;
}

bool client_conf_same_tunnel(const struct client_conf_tunnel *a, const struct client_conf_tunnel *b)
{
	return a->proto == b->proto && str_eq(a->local, b->local) &&
	       str_eq(a->subdomain, b->subdomain) && str_eq(a->hostname, b->hostname) &&
	       str_eq(a->host_header, b->host_header) && a->remote_port == b->remote_port &&
	       a->proxy_protocol == b->proxy_protocol && str_eq(a->tls.ca_file, b->tls.ca_file) &&
	       a->tls.verify == b->tls.verify && a->idle == b->idle &&
	       a->max_streams == b->max_streams && a->autostart == b->autostart &&
	       verify_conf_same_gate(&a->verify, &b->verify);
}
