/* SPDX-License-Identifier: MIT */
/*
 * reload: the difference between the running configuration and the file's, and its application.
 *
 *   load and check (certificates too) -> plan the listeners (binds) -> swap everything
 *
 * What may fail comes first; nothing is touched before all of it has held. Keys, names, limits,
 * time-outs and rules are looked up when they are needed, so that swapping the struct is applying
 * them: sessions of keys that are gone end, everybody else goes on.
 */
#include "server/reload.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "base/str_list.h"
#include "conf/report.h"
#include "server/front_set.h"
#include "server/hub.h"
#include "server/server_conf.h"
#include "sys/notify.h"

void reload_note(struct str_list *l, const char *name)
{
	if (l)
		str_list_add(l, name);
}

/* --- the difference -------------------------------------------------------------------------- */

static const struct server_conf_key *find_key(const struct list *keys, const char *name)
{
	list_each (k, keys, struct server_conf_key, node) {
		if (str_eq(k->name, name))
			return k;
	}
	return NULL;
}

static bool same_key(const struct server_conf_key *a, const struct server_conf_key *b)
{
	return str_eq(a->id, b->id) && str_eq(a->hash, b->hash) &&
	       str_list_eq(&a->allow, &b->allow) && a->tcp.low == b->tcp.low &&
	       a->tcp.high == b->tcp.high && a->max_tunnels == b->max_tunnels &&
	       a->revoked == b->revoked;
}

static void note_key(struct str_list *l, const struct server_conf_key *k)
{
	CLEANUP(mem_cleanup) char *name = mem_printf("keys[%s]", k->name);

	reload_note(l, name);
}

static void describe_keys(const struct list *old, const struct list *fresh,
	const struct reload_difference *d)
{
	list_each (k, fresh, struct server_conf_key, node) {
		const struct server_conf_key *before = find_key(old, k->name);

		if (!before)
			note_key(d->added, k);
		else
			note_key(same_key(before, k) ? d->kept : d->changed, k);
	}
	list_each (k, old, struct server_conf_key, node) {
		if (!find_key(fresh, k->name))
			note_key(d->removed, k);
	}
}

static void describe(const struct hub *h, const struct server_conf *fresh,
	const struct front_set_plan *fronts, const struct reload_difference *d)
{
	front_set_describe(fronts, d);
	describe_keys(&h->conf.keys, &fresh->keys, d);
	if (d->changed)
		bind_changes(&server_conf_table, &h->conf, fresh, CONF_ANY, d->changed);
}

static void warn_of_restarts(const struct hub *h, const struct server_conf *fresh)
{
	struct str_list changed = {0};

	bind_changes(&server_conf_table, &h->conf, fresh, CONF_NO_RELOAD, &changed);
	for (size_t i = 0; i < changed.n; i++)
		message_log(LOG_LV_WARNING, NEEDS_RESTART,
			"'%s' has changed, which needs a restart", changed.items[i]);
	str_list_deinit(&changed);
}

/* --- applying -------------------------------------------------------------------------------- */

/* Lists' heads point at themselves: they move by splicing, the rest by value. */
static void move_conf(struct server_conf *to, struct server_conf *from)
{
	server_conf_deinit(to);
	*to = *from;
	list_init(&to->public_listeners);
	list_init(&to->control_listeners);
	list_init(&to->keys);
	list_splice_tail(&to->public_listeners, &from->public_listeners);
	list_splice_tail(&to->control_listeners, &from->control_listeners);
	list_splice_tail(&to->keys, &from->keys);
}

static bool run(struct hub *h, struct conf_report *report, const struct reload_difference *d,
	bool dry)
{
	struct server_conf fresh;
	struct front_set_plan *fronts = NULL;

	server_conf_init(&fresh);
	if (h->draining)
		report_add_at(report, h->conf_path, 0, 0, NULL, "the server is stopping");
	else if (server_conf_load(&fresh, h->conf_path, report))
		fronts = front_set_plan(h, &fresh, report);
	if (!fronts) {
		server_conf_deinit(&fresh);
		return false;
	}
	describe(h, &fresh, fronts, d);
	if (dry) {
		front_set_drop(fronts);
		server_conf_deinit(&fresh);
		return true;
	}
	warn_of_restarts(h, &fresh);
	front_set_apply(fronts);
	move_conf(&h->conf, &fresh);
	hub_apply_conf(h);
	(void)hub_enforce_keys(h);
	log_notice("configuration read again");
	return true;
}

bool reload_run(struct hub *h, struct conf_report *report, const struct reload_difference *d,
	bool dry)
{
	bool fine;

	if (dry)
		return run(h, report, d, dry);
	notify_reloading();
	fine = run(h, report, d, dry);
	if (!fine) {
		report_log(report);
		message_log(LOG_LV_ERR, RELOAD_FAILED, "reload failed: nothing was changed");
	}
	h->has_mistakes = !fine;
	hub_changed(h);
	notify_ready();
	return fine;
}
