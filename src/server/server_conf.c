/* SPDX-License-Identifier: MIT */
/* server_conf: the rows of tunnelto-server.yaml; a row is a key's type, limits, default and help.
 */
#include "server/server_conf.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/str.h"
#include "conf/doc.h"
#include "crypt/key.h"
#include "io/addr.h"
#include "io/tls_certs.h"
#include "proto/hostname.h"
#include "server/server_env.h"
#include "sys/creds.h"

/* --- checks ---------------------------------------------------------------------------------- */

static void check_listen(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct addr a;

	if (addr_parse(&a, *(char **)dst) < 0)
		report_add(report, node,
			"'%s' is not ADDRESS:PORT, *:PORT, [V6]:PORT or unix:/path", *(char **)dst);
}

static void check_ip(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct addr a;

	if (addr_parse_ip(&a, *(char **)dst, 0) < 0)
		report_add(report, node, "'%s' is not an IP address", *(char **)dst);
}

static void check_blocks(const struct conf_node *node, void *dst, struct conf_report *report)
{
	const struct str_list *l = dst;
	struct addr_block b;

	for (size_t i = 0; i < l->n; i++) {
		if (addr_block_parse(&b, l->items[i]) < 0)
			report_add(report, node,
				"'%s' is neither an IP address nor a block like 10.0.0.0/8",
				l->items[i]);
	}
}

static void check_proxies(const struct conf_node *node, void *dst, struct conf_report *report)
{
	const struct str_list *l = dst;
	struct addr_block b;

	for (size_t i = 0; i < l->n; i++) {
		if (!str_eq(l->items[i], "unix") && addr_block_parse(&b, l->items[i]) < 0)
			report_add(report, node,
				"'%s' is neither an IP address, nor a block like 10.0.0.0/8, nor "
				"'unix'",
				l->items[i]);
	}
}

/* Host names are kept in the one form that is compared. */
static void check_hosts(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct str_list *l = dst;
	char name[HOSTNAME_MAX];

	for (size_t i = 0; i < l->n; i++) {
		if (hostname_normalise(name, l->items[i], strlen(l->items[i])) < 0 ||
			strchr(l->items[i], ':'))
			report_add(report, node, "'%s' is not a host name", l->items[i]);
		else
			mem_replace(&l->items[i], name);
	}
}

/* Names are compared in lower case: a rule in upper case would never bite. */
static void check_globs(const struct conf_node *node, void *dst, struct conf_report *report)
{
	const struct str_list *l = dst;

	for (size_t i = 0; i < l->n; i++)
		str_lower(l->items[i]);
}

static void check_hash(const struct conf_node *node, void *dst, struct conf_report *report)
{
	if (!key_is_hash(*(char **)dst))
		report_add(report, node, "not a hash: 'sha256:' and 64 hex digits are expected");
}

/* A credential of that name, if there is one, else the file. */
static const char *file_of(const char *name, char *path, size_t size)
{
	return creds_path(name, path, size) ? path : name;
}

static void load_pair(struct tls_certs *certs, const struct conf_node *node,
	const struct server_conf_pair *pair, struct conf_report *report)
{
	char certificate[PATH_MAX], key[PATH_MAX];
	struct err err = {0};

	if (!pair->certificate || !pair->key) {
		report_add(report, node, "'certificate' and 'key' go together");
		return;
	}
	if (tls_certs_add(certs, file_of(pair->certificate, certificate, sizeof(certificate)),
		    file_of(pair->key, key, sizeof(key)), &err) < 0)
		report_add(report, node, "%s", err.text);
}

static void load_directory(struct tls_certs *certs, const struct conf_node *node,
	const struct server_conf_tls *tls, struct conf_report *report)
{
	struct err err = {0};

	if (tls->directory && tls_certs_add_directory(certs, tls->directory, &err) < 0)
		report_add_key(report, node, "directory", "%s", err.text);
}

/* The files are part of the configuration: what is wrong with them is told with everything else. */
static void check_tls(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct server_conf_tls *tls = dst;
	const struct server_conf_pair first = {.certificate = tls->certificate, .key = tls->key};
	const struct conf_node *pairs = doc_find(node, "certificates");
	const struct conf_node *at = pairs ? pairs->first : NULL;
	struct tls_certs *certs = tls_certs_new();

	if (first.certificate || first.key)
		load_pair(certs, node, &first, report);
	list_each (pair, &tls->pairs, struct server_conf_pair, node) {
		load_pair(certs, at ? at : node, pair, report);
		at = at ? at->next : NULL;
	}
	load_directory(certs, node, tls, report);
	if (!first.certificate && !first.key && list_is_empty(&tls->pairs) && !tls->directory)
		report_add(report, node,
			"'certificate' and 'key', or 'certificates', or 'directory' are needed");
	tls->certs = certs;
}

/* Complain when @a is called as one of the keys before it. */
static void check_twins(const struct conf_node *keys, const struct conf_node *a, const char *by,
	struct conf_report *report)
{
	const struct conf_node *mine = a->kind == CONF_MAPPING ? doc_find(a, by) : NULL;

	for (const struct conf_node *b = keys->first; mine && b != a; b = b->next) {
		const struct conf_node *theirs = b->kind == CONF_MAPPING ? doc_find(b, by) : NULL;

		if (theirs && mine->text && str_eq(mine->text, theirs->text))
			report_add_at(report, mine->doc->name, mine->line, mine->col, "keys",
				"the key of line %u has the %s '%s' too", theirs->line, by,
				mine->text);
	}
}

/* Two keys of one name, or id, would share what belongs to it. */
static void check_keys(const struct conf_node *node, struct conf_report *report)
{
	const struct conf_node *keys = doc_find(node, "keys");

	if (!keys || keys->kind != CONF_SEQUENCE)
		return;
	for (const struct conf_node *key = keys->first; key; key = key->next) {
		check_twins(keys, key, "name", report);
		check_twins(keys, key, "id", report);
	}
}

static void check_proxied(const struct conf_node *node, const struct list *listeners,
	const char *role, struct conf_report *report)
{
	list_each (l, listeners, struct server_conf_listener, node) {
		if (l->proxy_protocol)
			report_add_at(report, node->doc->name, l->line, l->col, role,
				"with 'proxy_protocol' the proxies are to be named: "
				"'trusted_proxies'");
	}
}

static void check_all(const struct conf_node *node, void *dst, struct conf_report *report)
{
	const struct server_conf *c = dst;

	check_keys(node, report);
	if (c->trusted_proxies.n > 0)
		return;
	check_proxied(node, &c->public_listeners, "public", report);
	check_proxied(node, &c->control_listeners, "control", report);
}

/* --- items ----------------------------------------------------------------------------------- */

static void *new_listener(void *at, const char *name, const struct conf_node *node,
	struct conf_report *report)
{
	struct server_conf_listener *l = mem_new(struct server_conf_listener);

	list_init(&l->tls.pairs);
	l->line = node->line;
	l->col = node->col;
	list_add_tail(at, &l->node);
	return l;
}

static void *new_pair(void *at, const char *name, const struct conf_node *node,
	struct conf_report *report)
{
	struct server_conf_pair *p = mem_new(struct server_conf_pair);

	list_add_tail(at, &p->node);
	return p;
}

static void *new_key(void *at, const char *name, const struct conf_node *node,
	struct conf_report *report)
{
	struct server_conf_key *k = mem_new(struct server_conf_key);

	list_add_tail(at, &k->node);
	return k;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* clang-format off: tables */
#define AT(s, f) .offset = offsetof(struct s, f)

static const struct conf_row pair_rows[] = {
	{"certificate", CONF_STRING, CONF_REQUIRED, AT(server_conf_pair, certificate),
		.help = "PEM file of the certificate and its chain"},
	{"key", CONF_STRING, CONF_REQUIRED, AT(server_conf_pair, key),
		.help = "PEM file of the private key"},
};
static const struct conf_table pair_table = CONF_TABLE(pair_rows, NULL);

static const struct conf_row tls_rows[] = {
	{"certificate", CONF_STRING, AT(server_conf_tls, certificate),
		.help = "PEM file of the certificate and its chain"},
	{"key", CONF_STRING, AT(server_conf_tls, key), .help = "PEM file of the private key"},
	{"certificates", CONF_LIST, AT(server_conf_tls, pairs), .table = &pair_table,
		.new_item = new_pair, .max = 1000, .help = "further certificates"},
	{"directory", CONF_STRING, AT(server_conf_tls, directory),
		.help = "directory of further certificates"},
};
static const struct conf_table tls_table = CONF_TABLE(tls_rows, check_tls);

static const struct conf_row listener_rows[] = {
	{"listen", CONF_STRING, CONF_REQUIRED, AT(server_conf_listener, listen),
		.check = check_listen, .help = "ADDRESS:PORT, *:PORT, [V6]:PORT or unix:/path"},
	{"tls", CONF_GROUP, AT(server_conf_listener, tls), .table = &tls_table,
		.help = "absent: plain"},
	{"plain", CONF_BOOL, AT(server_conf_listener, plain), .fallback = "false",
		.help = "with tls: plain connections are served on this port, too"},
	{"clients", CONF_BOOL, AT(server_conf_listener, clients), .fallback = "false",
		.help = "public: clients are served on this port, too"},
	{"proxy_protocol", CONF_BOOL, AT(server_conf_listener, proxy_protocol), .fallback = "false",
		.help = "every connection is a trusted proxy's and begins with a PROXY header"},
};
static const struct conf_table listener_table = CONF_TABLE(listener_rows, NULL);

static const struct conf_row key_rows[] = {
	{"id", CONF_STRING, AT(server_conf_key, id),
		.help = "the part of the secret between its underscores"},
	{"name", CONF_STRING, CONF_REQUIRED, AT(server_conf_key, name), .min = 1, .max = 64,
		.help = "what people call it"},
	{"hash", CONF_STRING, CONF_REQUIRED, AT(server_conf_key, hash), .check = check_hash,
		.help = "sha256:… of the secret"},
	{"allow", CONF_STRINGS, AT(server_conf_key, allow), .max = 1000, .check = check_globs,
		.help = "globs of the subdomains and host names it may claim"},
	{"tcp", CONF_PORT_RANGE, AT(server_conf_key, tcp), .help = "ports it may claim"},
	{"max_tunnels", CONF_U32, AT(server_conf_key, max_tunnels), .min = 1, .max = 100000,
		.fallback = "100", .help = "tunnels it may have at once"},
	{"created_ms", CONF_SIZE, AT(server_conf_key, created_ms), .fallback = "0",
		.help = "when it was made"},
	{"revoked", CONF_BOOL, AT(server_conf_key, revoked), .fallback = "false",
		.help = "it lets nobody in any more"},
};
static const struct conf_table key_table = CONF_TABLE(key_rows, NULL);

#define IN(g, f) .offset = offsetof(struct server_conf, g.f) - offsetof(struct server_conf, g)

static const struct conf_row tcp_rows[] = {
	{"listen", CONF_STRING, IN(tcp, listen), .check = check_ip, .fallback = "'::'",
		.help = "address on which TCP tunnels' ports are opened"},
	{"host", CONF_STRING, IN(tcp, host),
		.help = "host name in TCP tunnels' URLs; the first allowed host"},
	{"ports", CONF_PORT_RANGE, IN(tcp, ports), .help = "ports for TCP tunnels; absent: none"},
};
static const struct conf_table tcp_table = CONF_TABLE(tcp_rows, NULL);

static const struct conf_row anonymous_rows[] = {
	{"allow", CONF_STRINGS, IN(anonymous_limits, allow), .fallback = "['*']",
		.check = check_globs, .help = "globs that they may claim"},
	{"tcp", CONF_PORT_RANGE, IN(anonymous_limits, tcp), .help = "ports they may claim"},
	{"max_tunnels", CONF_U32, IN(anonymous_limits, max_tunnels), .min = 1, .max = 100000,
		.fallback = "10", .help = "tunnels of one client"},
};
static const struct conf_table anonymous_table = CONF_TABLE(anonymous_rows, NULL);

static const struct conf_row limits_rows[] = {
	{"sessions", CONF_U32, IN(limits, sessions), .min = 1, .max = 1000000, .fallback = "10000",
		.help = "clients at once"},
	{"tunnels", CONF_U32, IN(limits, tunnels), .min = 1, .max = 1000000, .fallback = "20000",
		.help = "tunnels at once"},
	{"streams", CONF_U32, IN(limits, streams), .min = 1, .max = 1000000, .fallback = "4096",
		.help = "visitors of one client at once"},
	{"visitors", CONF_U32, IN(limits, visitors), .min = 1, .max = 1000000, .fallback = "20000",
		.help = "HTTP connections at once"},
	{"parked", CONF_U32, IN(limits, parked), .max = 1000000, .fallback = "4096",
		.help = "visitors waiting at once for clients that are away"},
	{"parked_bytes", CONF_SIZE, IN(limits, parked_bytes), .max = 1ULL << 40,
		.fallback = "32MiB", .help = "bytes that they hold"},
	{"session_memory", CONF_SIZE, IN(limits, session_memory), .min = 1 << 20, .max = 1ULL << 40,
		.fallback = "64MiB", .help = "bytes buffered for one client"},
	{"window", CONF_SIZE, IN(limits, window), .min = 16384, .max = 16 << 20,
		.fallback = "256KiB", .help = "initial window of a stream"},
	{"head", CONF_SIZE, IN(limits, head), .min = 1024, .max = 1 << 20, .fallback = "32KiB",
		.help = "bytes of an HTTP head"},
	{"body_progress", CONF_SIZE, IN(limits, body_progress), .max = 1 << 30, .fallback = "1KiB",
		.help = "bytes that a request body brings per timeouts.body, or it is ended"},
};
static const struct conf_table limits_table = CONF_TABLE(limits_rows, NULL);

#define DAY (24ULL * 3600 * 1000)

static const struct conf_row timeouts_rows[] = {
	{"head", CONF_DURATION, IN(timeouts, head), .min = 100, .max = DAY, .fallback = "10s",
		.help = "a whole request head"},
	{"idle", CONF_DURATION, IN(timeouts, idle), .min = 100, .max = DAY, .fallback = "60s",
		.help = "between requests"},
	{"response", CONF_DURATION, IN(timeouts, response), .min = 100, .max = DAY,
		.fallback = "60s", .help = "until the origin begins its response"},
	{"body", CONF_DURATION, IN(timeouts, body), .min = 100, .max = DAY, .fallback = "5m",
		.help = "silence inside a body"},
	{"slow", CONF_DURATION, IN(timeouts, slow), .min = 100, .max = DAY, .fallback = "20s",
		.help = "one visitor's for keeping a v1 client from being read"},
	{"grace", CONF_DURATION, IN(timeouts, grace), .max = DAY, .fallback = "30s",
		.help = "how long a session outlives its connection"},
	{"park", CONF_DURATION, IN(timeouts, park), .max = DAY, .fallback = "10s",
		.help = "how long a visitor waits for a client that is away"},
	{"drain", CONF_DURATION, IN(timeouts, drain), .max = DAY, .fallback = "5s",
		.help = "for open requests when stopping"},
};
static const struct conf_table timeouts_table = CONF_TABLE(timeouts_rows, NULL);

static const struct conf_row log_rows[] = {
	{"level", CONF_ENUM, IN(log, level), .words = log_level_words, .fallback = "info",
		.help = "how much is said"},
	{"access", CONF_BOOL, IN(log, access), .fallback = "true",
		.help = "a line per request and TCP connection"},
};
static const struct conf_table log_table = CONF_TABLE(log_rows, NULL);

static const char *const scheme_words[] = {"auto", "http", "https", NULL};

static const struct conf_row rows[] = {
	{"public", CONF_LIST, AT(server_conf, public_listeners), .table = &listener_table,
		.new_item = new_listener, .max = 64, .help = "listeners for visitors"},
	{"control", CONF_LIST, AT(server_conf, control_listeners), .table = &listener_table,
		.new_item = new_listener, .max = 64, .help = "listeners for clients"},
	{"allowed_hosts", CONF_STRINGS, AT(server_conf, allowed_hosts), .max = 10000,
		.check = check_hosts,
		.help = "domains below which tunnels get names; the first one is the default"},
	{"reserved_subdomains", CONF_STRINGS, AT(server_conf, reserved_subdomains), .max = 10000,
		.check = check_globs, .fallback = "[www, wormhole, admin, api, mail]",
		.help = "names that no tunnel gets"},
	{"blocked_subdomains", CONF_STRINGS, AT(server_conf, blocked_subdomains), .max = 10000,
		.check = check_globs, .help = "globs of names that no tunnel gets"},
	{"blocked_ips", CONF_STRINGS, AT(server_conf, blocked_ips), .max = 10000,
		.check = check_blocks,
		.help = "addresses and blocks that may neither visit nor connect"},
	{"trusted_proxies", CONF_STRINGS, AT(server_conf, trusted_proxies), .max = 10000,
		.check = check_proxies,
		.help = "addresses and blocks of proxies whose X-Forwarded fields count, or unix"},
	{"tcp", CONF_GROUP, AT(server_conf, tcp), .table = &tcp_table, .help = "TCP tunnels"},
	{"anonymous", CONF_BOOL, AT(server_conf, anonymous), .fallback = "false",
		.help = "let clients without a key in"},
	{"anonymous_limits", CONF_GROUP, AT(server_conf, anonymous_limits),
		.table = &anonymous_table, .help = "what clients without a key may claim"},
	{"v1", CONF_BOOL, AT(server_conf, v1), .fallback = "true",
		.help = "let clients of the Rust tunnelto (0.1.18 to 0.1.20) in"},
	{"keys", CONF_LIST, AT(server_conf, keys), .table = &key_table, .new_item = new_key,
		.max = 10000, .help = "keys, beside those that tunnelctl server key add makes"},
	{"public_scheme", CONF_ENUM, AT(server_conf, public_scheme), .words = scheme_words,
		.fallback = "auto",
		.help = "scheme of the URLs that are told; auto: of the first public listener"},
	{"public_port", CONF_PORT, AT(server_conf, public_port),
		.help = "port of the URLs that are told; absent: of the first public listener"},
	{"state_dir", CONF_STRING, CONF_NO_RELOAD, AT(server_conf, state_dir),
		.help = "where keys are kept; absent: $STATE_DIRECTORY, " PATHS_SERVER_STATE},
	{"control_socket", CONF_STRING, CONF_NO_RELOAD, AT(server_conf, control_socket),
		.fallback = PATHS_SERVER_SOCKET, .help = "socket for tunnelctl server"},
	{"limits", CONF_GROUP, AT(server_conf, limits), .table = &limits_table,
		.help = "what peers may use up"},
	{"timeouts", CONF_GROUP, AT(server_conf, timeouts), .table = &timeouts_table,
		.help = "how long peers are waited for"},
	{"log", CONF_GROUP, AT(server_conf, log), .table = &log_table, .help = "what is logged"},
};
const struct conf_table server_conf_table = CONF_TABLE(rows, check_all);

/* clang-format on */

/* --- life ------------------------------------------------------------------------------------ */

void server_conf_init(struct server_conf *c)
{
	memset(c, 0, sizeof(*c));
	list_init(&c->public_listeners);
	list_init(&c->control_listeners);
	list_init(&c->keys);
}

static void free_listeners(struct list *l)
{
	list_each_safe (i, l, struct server_conf_listener, node) {
		list_each_safe (p, &i->tls.pairs, struct server_conf_pair, node) {
			bind_deinit(&pair_table, p);
			free(p);
		}
		tls_certs_free(i->tls.certs);
		bind_deinit(&listener_table, i);
		free(i);
	}
	list_init(l);
}

void server_conf_free_keys(struct list *keys)
{
	list_each_safe (k, keys, struct server_conf_key, node) {
		bind_deinit(&key_table, k);
		free(k);
	}
	list_init(keys);
}

void server_conf_deinit(struct server_conf *c)
{
	free_listeners(&c->public_listeners);
	free_listeners(&c->control_listeners);
	server_conf_free_keys(&c->keys);
	bind_deinit(&server_conf_table, c);
}

void server_conf_listen(struct list *listeners, const char *listen)
{
	struct server_conf_listener *l = mem_new(struct server_conf_listener);

	free_listeners(listeners);
	bind_defaults(&listener_table, l);
	list_init(&l->tls.pairs);
	l->listen = mem_strdup(listen);
	list_add_tail(listeners, &l->node);
}

bool server_conf_load(struct server_conf *c, const char *path, struct conf_report *report)
{
	bool fine, no_file = str_eq(path, PATHS_SERVER_CONF) && access(path, F_OK) < 0 &&
			     errno == ENOENT && server_env_is_set();

	if (no_file)
		fine = bind_text(&server_conf_table, path, "", c, report);
	else
		fine = bind_file(&server_conf_table, path, c, report);
	return server_env_apply(c, report) && fine;
}

static const struct conf_row state_rows[] = {
	{"keys", CONF_LIST, .offset = 0, .table = &key_table, .new_item = new_key, .max = 100000,
		.help = "keys"},
};
static const struct conf_table state_table = CONF_TABLE(state_rows, NULL);

bool server_conf_load_keys(struct list *keys, const char *path, struct conf_report *report)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return true;
	return bind_file(&state_table, path, keys, report);
}
