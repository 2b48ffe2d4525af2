/* SPDX-License-Identifier: MIT */
/* server_verbs: what tunnelctl server asks; tunnelto-control(7) describes every method. */
#include "server/server_verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str_list.h"
#include "conf/report.h"
#include "crypt/secret.h"
#include "ctl/ctl_events.h"
#include "ctl/ctl_server.h"
#include "ctl/interface_text.h"
#include "mux/session.h"
#include "server/front.h"
#include "server/hub.h"
#include "server/peer.h"
#include "server/reload.h"
#include "server/tunnel.h"

static struct hub *hub_of(struct ctl_call *c)
{
	return container_of(ctl_call_server(c), struct hub, ctl);
}

/* Monotonic to wall time, for people. */
static json_int_t since(clock_ms_t at)
{
	return (json_int_t)(clock_wall_ms() - (clock_ms() - at));
}

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

/* --- status ---------------------------------------------------------------------------------- */

static json_t *session_json(const struct peer *p)
{
	json_t *links = json_array();
	char from[ADDR_TEXT_MAX];
	uint32_t rtt = session_rtt_us(&p->session);

	list_each (l, &p->session.links, struct link, node)
		(void)json_array_append_new(links, json_string(l->ops->kind));
	addr_format_ip(&p->address, from);
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:o}", "id", p->id, "key",
		text_or_null(p->key_name), "client", from, "software", p->software, "protocol",
		p->v1 ? "v1" : "v2", "links", links, "tunnels", (json_int_t)p->n_tunnels, "streams",
		(json_int_t)peer_stream_count(p), "since_ms", since(p->since), "rtt_us",
		rtt ? json_integer(rtt) : json_null());
}

static json_t *tunnel_json(const struct tunnel *t)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:I}", "name", t->name,
		"proto", hello_proto_word(t->proto), "url", t->url, "key",
		text_or_null(t->peer->key_name), "session", t->peer->id, "since_ms",
		since(t->since), "streams", (json_int_t)t->streams, "streams_total",
		(json_int_t)t->streams_total, "bytes_in", (json_int_t)t->bytes_in, "bytes_out",
		(json_int_t)t->bytes_out);
}

static json_t *listeners_json(const struct hub *h)
{
	json_t *list = json_array();

	list_each (f, &h->fronts, struct front, node) {
		char where[ADDR_TEXT_MAX];

		addr_format(&f->listener.local, where);
		(void)json_array_append_new(list, json_sprintf("%s %s", front_role_name(f), where));
	}
	return list;
}

static json_t *counters_json(const struct hub *h)
{
	const struct front_counters *f = &h->fronts_said;
	const struct {
		const char *name;
		uint64_t value;
	} table[] = {
		{"visitors", h->edge.n_visitors},
		{"requests", h->edge.requests_total},
		{"faults", h->edge.faults_total},
		{"parked", h->parking.n},
		{"parked_total", h->parking.total},
		{"parked_refused", h->parking.refused},
		{"garbage", f->garbage},
		{"strangers", f->strangers},
		{"silent", f->silent},
		{"unproxied", f->unproxied},
	};
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		(void)json_object_set_new(all, table[i].name,
			json_integer((json_int_t)table[i].value));
	return all;
}

static void on_status(struct ctl_call *c, json_t *params)
{
	const struct hub *h = hub_of(c);
	json_t *sessions = json_array(), *tunnels = json_array();
	char text[256];

	list_each (p, &h->peers, struct peer, node) {
		if (!p->greeted)
			continue;
		(void)json_array_append_new(sessions, session_json(p));
		list_each (t, &p->tunnels, struct tunnel, peer_node)
			(void)json_array_append_new(tunnels, tunnel_json(t));
	}
	hub_status_text(h, text, sizeof(text));
	ctl_call_reply(c,
		json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o}", "version", PACKAGE_VERSION,
			"pid", (json_int_t)getpid(), "config", h->conf_path, "status", text,
			"listeners", listeners_json(h), "sessions", sessions, "tunnels", tunnels,
			"counters", counters_json(h)));
}

/* --- keys ------------------------------------------------------------------------------------ */

static json_t *key_json(const struct hub *h, const struct server_conf_key *k)
{
	json_t *allow = json_array();

	for (size_t i = 0; i < k->allow.n; i++)
		(void)json_array_append_new(allow, json_string(k->allow.items[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:s, s:s, s:I}", "id", keys_id(k), "name",
		k->name, "allow", allow, "tcp",
		k->tcp.low ? json_sprintf("%u-%u", k->tcp.low, k->tcp.high) : json_null(),
		"max_tunnels", (json_int_t)k->max_tunnels, "state",
		k->revoked ? "revoked" : "active", "source",
		keys_is_kept(&h->keys, k) ? "state" : "config", "created_ms",
		(json_int_t)k->created_ms);
}

static bool is_key_name(const char *s)
{
	size_t n = s ? strspn(s,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-")
		     : 0;

	return n > 0 && n <= 64 && s[n] == '\0';
}

/* Fill @key from the call's parameters; the name of a bad one, or NULL. */
static const char *read_key(struct server_conf_key *key, json_t *params)
{
	const json_t *allow = json_object_get(params, "allow"),
		     *tcp = json_object_get(params, "tcp");
	const json_t *max = json_object_get(params, "max_tunnels"), *glob;
	const char *name = json_string_value(json_object_get(params, "name"));
	size_t i;

	if (!is_key_name(name))
		return "name";
	key->name = mem_strdup(name);
	if (allow && !json_is_array(allow))
		return "allow";
	json_array_foreach(allow, i, glob)
	{
		if (!json_is_string(glob))
			return "allow";
		str_list_add(&key->allow, json_string_value(glob));
	}
	if (tcp && !json_is_null(tcp) &&
		(!json_is_string(tcp) || parse_port_range(json_string_value(tcp), &key->tcp.low,
						 &key->tcp.high) < 0))
		return "tcp";
	key->max_tunnels = 100;
	if (max && !json_is_null(max)) {
		if (!json_is_integer(max) || json_integer_value(max) < 1 ||
			json_integer_value(max) > 100000)
			return "max_tunnels";
		key->max_tunnels = (uint32_t)json_integer_value(max);
	}
	return NULL;
}

static void free_key(struct server_conf_key *key)
{
	free(key->name);
	str_list_deinit(&key->allow);
}

static void add_key(struct ctl_call *c, const struct server_conf_key *proto)
{
	struct hub *h = hub_of(c);
	struct secret secret = {0};
	struct server_conf_key *key;
	struct err err = {0};
	int r = keys_add(&h->keys, proto, &secret, &key, &err);

	if (r == 0) {
		log_with(LOG_LV_NOTICE, "key made", {"KEY_ID", key->id}, {"NAME", key->name});
		hub_changed(h);
		ctl_call_reply(c, json_pack("{s:o, s:s}", "key", key_json(h, key), "secret",
					  secret_text(&secret)));
	} else if (err.code == -EEXIST) {
		ctl_call_fail(c, "KeyExists", json_pack("{s:s}", "name", proto->name));
	} else {
		ctl_call_fail(c, "BadKey", json_pack("{s:s}", "why", err.text));
	}
	secret_deinit(&secret);
}

static void on_key_add(struct ctl_call *c, json_t *params)
{
	struct server_conf_key proto = {0};
	const char *bad = read_key(&proto, params);

	if (bad)
		ctl_call_bad_parameter(c, bad);
	else
		add_key(c, &proto);
	free_key(&proto);
}

static void on_key_list(struct ctl_call *c, json_t *params)
{
	const struct hub *h = hub_of(c);
	json_t *list = json_array();

	list_each (k, &h->keys.configured, struct server_conf_key, node)
		(void)json_array_append_new(list, key_json(h, k));
	list_each (k, &h->keys.kept, struct server_conf_key, node)
		(void)json_array_append_new(list, key_json(h, k));
	ctl_call_reply(c, json_pack("{s:o}", "keys", list));
}

static void on_key_revoke(struct ctl_call *c, json_t *params)
{
	struct hub *h = hub_of(c);
	const char *wanted = json_string_value(json_object_get(params, "key"));
	struct server_conf_key *key = wanted ? keys_find(&h->keys, wanted) : NULL;
	struct err err = {0};

	if (!wanted) {
		ctl_call_bad_parameter(c, "key");
	} else if (!key) {
		ctl_call_fail(c, "NoSuchKey", json_pack("{s:s}", "key", wanted));
	} else if (keys_revoke(&h->keys, key, &err) < 0) {
		ctl_call_fail(c, "BadKey", json_pack("{s:s}", "why", err.text));
	} else {
		unsigned int ended = hub_enforce_keys(h);

		log_with(LOG_LV_NOTICE, "key revoked", {"KEY_ID", keys_id(key)},
			{"NAME", key->name});
		ctl_call_reply(c, json_pack("{s:o, s:I}", "key", key_json(h, key), "sessions_ended",
					  (json_int_t)ended));
	}
}

/* --- the rest -------------------------------------------------------------------------------- */

static json_t *names_json(const struct str_list *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		(void)json_array_append_new(list, json_string(names->items[i]));
	return list;
}

static json_t *mistakes_json(struct conf_report *report)
{
	json_t *mistakes = json_array();

	for (size_t i = 0; report_get(report, i); i++) {
		const struct conf_mistake *m = report_get(report, i);

		(void)json_array_append_new(mistakes,
			json_pack("{s:s, s:I, s:I, s:s, s:s}", "file", m->file, "line",
				(json_int_t)m->line, "column", (json_int_t)m->col, "key",
				m->key ? m->key : "", "why", m->why));
	}
	return mistakes;
}

static void on_reload(struct ctl_call *c, json_t *params)
{
	struct str_list added = {0}, changed = {0}, removed = {0}, kept = {0};
	const struct reload_difference d = {&added, &changed, &removed, &kept};
	bool dry = json_is_true(json_object_get(params, "dry_run"));
	struct conf_report report;

	report_init(&report);
	if (reload_run(hub_of(c), &report, &d, dry))
		ctl_call_reply(c, json_pack("{s:o, s:o, s:o, s:o}", "added", names_json(&added),
					  "changed", names_json(&changed), "removed",
					  names_json(&removed), "kept", names_json(&kept)));
	else
		ctl_call_fail(c, "BadConfig",
			json_pack("{s:o}", "mistakes", mistakes_json(&report)));
	report_deinit(&report);
	str_list_deinit(&added);
	str_list_deinit(&changed);
	str_list_deinit(&removed);
	str_list_deinit(&kept);
}

static void on_logs(struct ctl_call *c, json_t *params)
{
	ctl_events_on_logs(&hub_of(c)->events, c, params);
}

static const struct ctl_method methods[] = {
	{"Status", CTL_RIGHT_READ, on_status},
	{"KeyAdd", CTL_RIGHT_ADMIN, on_key_add},
	{"KeyList", CTL_RIGHT_OPERATE, on_key_list},
	{"KeyRevoke", CTL_RIGHT_ADMIN, on_key_revoke},
	{"Reload", CTL_RIGHT_OPERATE, on_reload},
	{"Logs", CTL_RIGHT_OPERATE, on_logs},
};

const struct ctl_interface server_verbs_interface = {
	.name = "io.tunnelto.Server",
	.description = interface_text_server,
	.methods = methods,
	.n_methods = ARRAY_SIZE(methods),
};
