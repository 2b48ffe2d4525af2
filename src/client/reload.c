/* SPDX-License-Identifier: MIT */
/*
 * reload: from what is written to what is running.
 *
 *   file, key ── mistakes ──> report; nothing changes
 *        └── compare ── tunnels: added, changed, removed, kept; settings; server or key
 *                └── apply, unless only the difference was asked for
 *
 * Everything that can fail is tried before anything is applied.
 */
#include "client/reload.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/message.h"
#include "base/str.h"
#include "base/str_list.h"
#include "client/agent.h"
#include "client/origin.h"
#include "conf/bind.h"
#include "crypt/secret.h"
#include "sys/creds.h"
#include "sys/notify.h"

/* --- the key --------------------------------------------------------------------------------- */

/* The configured file, else the credential, else the environment; none is an anonymous client. */
static int load_key(const struct client_conf *c, struct secret *ret, struct err *err)
{
	char path[512];
	int r;

	if (c->server.key_file)
		return secret_load_file(ret, c->server.key_file, err);
	if (creds_path("access-key", path, sizeof(path)))
		return secret_load_file(ret, path, err);
	r = secret_load_env(ret, "TUNNELTO_KEY", err);
	return r == -ENOENT ? 0 : r;
}

/* The key that @fresh says; the environment gave it once, then it is the one there is. */
static int wanted_key(const struct agent *a, const struct client_conf *fresh, struct secret *ret,
	struct err *err)
{
	int r = load_key(fresh, ret, err);

	if (r == 0 && !secret_is_set(ret) && secret_is_set(&a->uplink.key) &&
		!a->conf.server.key_file)
		r = secret_set(ret, secret_text(&a->uplink.key), a->uplink.key.len);
	return r;
}

static bool same_key(const struct secret *x, const struct secret *y)
{
	return secret_is_set(x) == secret_is_set(y) &&
	       (!secret_is_set(x) || str_eq(secret_text(x), secret_text(y)));
}

static bool same_server(const struct client_conf *x, const struct client_conf *y)
{
	return str_eq(x->server.url, y->server.url) &&
	       str_eq(x->server.ca_file, y->server.ca_file) &&
	       x->server.verify == y->server.verify && x->server.protocol == y->server.protocol;
}

/* --- the uplink ------------------------------------------------------------------------------ */

/* What was up at the server that was is up no more. */
static void leave_server(struct agent *a, enum tunnel_state state, const char *why)
{
	list_each (t, &a->tunnels, struct tunnel, node) {
		t->request = t->id = 0;
		if (t->wanted)
			agent_set(a, t, state, why);
	}
}

/* Takes @key. */
static void configure_uplink(struct agent *a, struct secret *key)
{
	if (a->conf.server.url) {
		uplink_configure(&a->uplink, &a->conf, a->conf.server.url, key);
		leave_server(a, TUNNEL_CONNECTING, NULL);
	} else {
		uplink_want(&a->uplink, false);
		leave_server(a, TUNNEL_REFUSED, agent_no_server);
	}
}

int reload_uplink(struct agent *a, struct err *err)
{
	struct secret key = {0};
	int r = wanted_key(a, &a->conf, &key, err);

	if (r == 0)
		configure_uplink(a, &key);
	secret_deinit(&key);
	return r;
}

/* --- tunnels --------------------------------------------------------------------------------- */

static void note(struct str_list *l, const char *name)
{
	if (l)
		str_list_add(l, name);
}

static bool is_kept(const struct tunnel *t, const struct client_conf *fresh)
{
	const struct client_conf_tunnel *def = client_conf_find(fresh, t->def->name);

	return t->adhoc || (def && client_conf_same_tunnel(t->def, def));
}

/* What can change without its visitors' knowledge. */
static bool looks_same(const struct client_conf_tunnel *x, const struct client_conf_tunnel *y)
{
	return x->inspect == y->inspect && verify_conf_same(&x->verify, &y->verify);
}

/* Ad hoc tunnels are not the configuration's: they stay, and are not told. */
static void compare_tunnels(const struct agent *a, const struct client_conf *fresh,
	const struct reload_difference *d)
{
	const struct client_conf_tunnel *def;

	list_each (t, &a->tunnels, struct tunnel, node) {
		if (t->adhoc)
			continue;
		def = client_conf_find(fresh, t->def->name);
		note(!def                                              ? d->removed
			: is_kept(t, fresh) && looks_same(t->def, def) ? d->kept
								       : d->changed,
			t->def->name);
	}
	list_each (added, &fresh->tunnels, struct client_conf_tunnel, node) {
		if (!agent_find(a, added->name))
			note(d->added, added->name);
	}
}

/* From the next request on. */
static void look_as(struct tunnel *t, const struct client_conf_tunnel *def)
{
	t->def->inspect = def->inspect;
	verify_conf_deinit(&t->def->verify);
	verify_conf_copy(&t->def->verify, &def->verify);
	origin_retune_all(t);
}

void reload_tunnels(struct agent *a)
{
	list_each_safe (t, &a->tunnels, struct tunnel, node) {
		if (!is_kept(t, &a->conf))
			agent_remove(a, t);
	}
	list_each (def, &a->conf.tunnels, struct client_conf_tunnel, node) {
		struct tunnel *t = agent_find(a, def->name);

		if (!t)
			(void)agent_add(a, client_conf_copy_tunnel(def), /* adhoc= */ false);
		else if (!t->adhoc)
			look_as(t, def);
	}
}

/* --- all of it ------------------------------------------------------------------------------- */

static void move_conf(struct client_conf *to, struct client_conf *from)
{
	client_conf_deinit(to);
	*to = *from;
	list_init(&to->tunnels);
	list_splice_tail(&to->tunnels, &from->tunnels);
}

void reload_apply_log(const struct agent *a)
{
	log_set_level(a->verbose ? LOG_LV_DEBUG : log_level_at(a->conf.log.level));
}

static void warn_of_restart(const struct agent *a, const struct client_conf *fresh)
{
	struct str_list paths = {0};

	bind_changes(&client_conf_table, &a->conf, fresh, CONF_NO_RELOAD, &paths);
	for (size_t i = 0; i < paths.n; i++)
		message_log(LOG_LV_WARNING, NEEDS_RESTART,
			"'%s' has changed, which needs a restart", paths.items[i]);
	str_list_deinit(&paths);
}

/* Takes @fresh and @key. */
static void apply(struct agent *a, struct client_conf *fresh, struct secret *key)
{
	bool same = same_server(&a->conf, fresh) && same_key(&a->uplink.key, key);

	warn_of_restart(a, fresh);
	move_conf(&a->conf, fresh);
	uplink_take_pauses(&a->uplink);
	reload_apply_log(a);
	inspector_apply(&a->inspector, &a->conf.inspector);
	dashboard_apply(&a->dashboard, &a->conf.dashboard);
	a->gates.max = a->conf.webhooks.memory;
	if (!same)
		configure_uplink(a, key);
	reload_tunnels(a);
	agent_want_uplink(a);
	log_notice("configuration read again");
}

static void compare(const struct agent *a, const struct client_conf *fresh,
	const struct secret *key, const struct reload_difference *d)
{
	compare_tunnels(a, fresh, d);
	if (!d->settings)
		return;
	bind_changes(&client_conf_table, &a->conf, fresh, CONF_ANY, d->settings);
	if (!same_key(&a->uplink.key, key) && !str_list_has(d->settings, "server.key_file"))
		note(d->settings, "server.key_file");
}

static bool read_again(const struct agent *a, struct client_conf *fresh, struct secret *key,
	struct conf_report *report)
{
	struct err err;

	if (a->draining) {
		report_add_at(report, a->conf_path, 0, 0, NULL, "the daemon is stopping");
		return false;
	}
	if (!client_conf_load(fresh, a->conf_path, report))
		return false;
	if (wanted_key(a, fresh, key, &err) == 0)
		return true;
	report_add_at(report, a->conf_path, 0, 0, "server.key_file", "%s", err.text);
	return false;
}

static void tell_mistakes(struct agent *a, struct conf_report *report)
{
	report_log(report);
	message_log(LOG_LV_ERR, RELOAD_FAILED, "reload failed: nothing was changed");
	a->has_mistakes = true;
}

bool reload_run(struct agent *a, struct conf_report *report, const struct reload_difference *d,
	bool dry)
{
	struct client_conf fresh;
	struct secret key = {0};
	bool fine;

	if (!dry)
		notify_reloading();
	client_conf_init(&fresh);
	fine = read_again(a, &fresh, &key, report);
	if (fine)
		compare(a, &fresh, &key, d);
	if (fine && !dry) {
		a->has_mistakes = false;
		apply(a, &fresh, &key);
	} else {
		client_conf_deinit(&fresh);
	}
	if (!fine && !dry)
		tell_mistakes(a, report);
	secret_deinit(&key);
	if (!dry) {
		agent_changed(a);
		notify_ready();
	}
	return fine;
}
