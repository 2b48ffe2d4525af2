/* SPDX-License-Identifier: MIT */
/*
 * client_verbs: what tunnelctl asks of the daemon; tunnelto-control(7) describes every method.
 *
 * Calls that wait (Up with wait, Open with more) are kept as waiters and looked at whenever a
 * state has changed; a caller that goes away takes its waiter, and a bound tunnel, with it.
 */
#include "client/client_verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/str_list.h"
#include "client/agent.h"
#include "client/open_params.h"
#include "client/reload.h"
#include "client/replay_verb.h"
#include "client/status_verb.h"
#include "ctl/ctl_events.h"
#include "ctl/ctl_server.h"
#include "ctl/interface_text.h"
#include "inspector/inspect_verbs.h"

#define WAITERS_MAX   128
#define ADHOC_MAX     1000
#define UP_TIMEOUT_MS 60000

struct waiter {
	struct list node;
	struct agent *agent;
	struct ctl_watch watch;
	struct timer deadline;
	struct str_list names; /* Up: those that are waited for; Open: the one */
	bool is_open;          /* Open with more */
	bool bound;            /* the tunnel ends with the call */
	enum tunnel_state told;
	char *told_error;
	bool told_any;
};

static struct agent *agent_of(struct ctl_call *c)
{
	return container_of(ctl_call_server(c), struct agent, ctl);
}

static json_t *named_tunnels(const struct agent *a, const struct str_list *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++) {
		const struct tunnel *t = agent_find(a, names->items[i]);

		if (t)
			(void)json_array_append_new(list, status_verb_tunnel(t));
	}
	return list;
}

/* --- parameters ------------------------------------------------------------------------------ */

/* An array of names into @ret; false: it is none. */
static bool read_names(const json_t *params, struct str_list *ret)
{
	const json_t *names = json_object_get(params, "names"), *name;
	size_t i;

	if (names && !json_is_array(names))
		return false;
	json_array_foreach(names, i, name)
	{
		if (!json_is_string(name))
			return false;
		str_list_add(ret, json_string_value(name));
	}
	return true;
}

/* The names of existing tunnels (all, if none were given); answers the call itself when that fails.
 */
static bool read_tunnels(struct ctl_call *c, json_t *params, struct str_list *names)
{
	struct agent *a = agent_of(c);

	if (!read_names(params, names)) {
		ctl_call_bad_parameter(c, "names");
		return false;
	}
	for (size_t i = 0; i < names->n; i++) {
		if (!agent_find(a, names->items[i])) {
			ctl_call_fail(c, "NoSuchTunnel",
				json_pack("{s:s}", "name", names->items[i]));
			return false;
		}
	}
	if (names->n == 0) {
		list_each (t, &a->tunnels, struct tunnel, node)
			str_list_add(names, t->def->name);
	}
	return true;
}

/* --- waiters --------------------------------------------------------------------------------- */

static void free_waiter(struct waiter *w)
{
	timer_stop(&w->deadline);
	list_del(&w->node);
	str_list_deinit(&w->names);
	free(w->told_error);
	free(w);
}

static void drop_bound(struct waiter *w)
{
	struct tunnel *t = w->bound && w->names.n ? agent_find(w->agent, w->names.items[0]) : NULL;

	if (t && t->adhoc)
		agent_remove(w->agent, t);
}

static void on_gone(struct ctl_watch *watch)
{
	struct waiter *w = container_of(watch, struct waiter, watch);

	drop_bound(w);
	free_waiter(w);
}

static struct waiter *new_waiter(struct ctl_call *c, timer_f *deadline)
{
	struct agent *a = agent_of(c);
	struct waiter *w = mem_new(struct waiter);

	w->agent = a;
	timer_init(&w->deadline, a->loop, deadline);
	list_add_tail(&a->waiters, &w->node);
	ctl_call_watch(c, &w->watch, on_gone);
	return w;
}

static bool too_many_waiters(struct ctl_call *c)
{
	size_t n = 0;

	list_each (w, &agent_of(c)->waiters, struct waiter, node)
		n += w != NULL;
	if (n < WAITERS_MAX)
		return false;
	ctl_call_fail(c, "org.varlink.service.PermissionDenied", NULL);
	return true;
}

static bool is_settled(const struct waiter *w)
{
	for (size_t i = 0; i < w->names.n; i++) {
		const struct tunnel *t = agent_find(w->agent, w->names.items[i]);

		if (t && t->state != TUNNEL_UP && t->state != TUNNEL_REFUSED &&
			t->state != TUNNEL_OFF)
			return false;
	}
	return true;
}

static void answer_up(struct waiter *w)
{
	struct ctl_call *c = w->watch.call;
	json_t *reply = json_pack("{s:o}", "tunnels", named_tunnels(w->agent, &w->names));

	free_waiter(w);
	ctl_call_reply(c, reply);
}

static void on_up_deadline(struct timer *t)
{
	answer_up(container_of(t, struct waiter, deadline));
}

/* Each change of state, or of why it is not up, is one reply; the tunnel's end is the last. */
static void tell_open(struct waiter *w)
{
	const struct tunnel *t = agent_find(w->agent, w->names.items[0]);
	struct ctl_call *c = w->watch.call;

	if (!t) {
		json_t *which = json_pack("{s:s}", "name", w->names.items[0]);

		free_waiter(w);
		ctl_call_fail(c, "NoSuchTunnel", which);
		return;
	}
	if (w->told_any && w->told == t->state && str_eq(w->told_error, t->error))
		return;
	w->told_any = true;
	w->told = t->state;
	mem_replace(&w->told_error, t->error);
	(void)ctl_call_continue(c, json_pack("{s:o}", "tunnel", status_verb_tunnel(t)));
}

void client_verbs_tell_waiters(struct agent *a)
{
	list_each_safe (w, &a->waiters, struct waiter, node) {
		if (w->is_open)
			tell_open(w);
		else if (is_settled(w))
			answer_up(w);
	}
}

/* --- methods --------------------------------------------------------------------------------- */

static void on_tunnel(struct ctl_call *c, json_t *params)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	const struct tunnel *t = name ? agent_find(agent_of(c), name) : NULL;

	if (!name)
		ctl_call_bad_parameter(c, "name");
	else if (!t)
		ctl_call_fail(c, "NoSuchTunnel", json_pack("{s:s}", "name", name));
	else
		ctl_call_reply(c, json_pack("{s:o}", "tunnel", status_verb_tunnel(t)));
}

/* False: the call was answered, there is a mistake in it. */
static bool read_timeout(struct ctl_call *c, const json_t *params, uint64_t *ret_ms)
{
	const json_t *timeout = json_object_get(params, "timeout_ms");

	*ret_ms = UP_TIMEOUT_MS;
	if (!timeout || json_is_null(timeout))
		return true;
	if (!json_is_integer(timeout) || json_integer_value(timeout) < 0) {
		ctl_call_bad_parameter(c, "timeout_ms");
		return false;
	}
	*ret_ms = (uint64_t)json_integer_value(timeout);
	return true;
}

static void on_up(struct ctl_call *c, json_t *params)
{
	struct agent *a = agent_of(c);
	uint64_t timeout;
	bool wait = json_is_true(json_object_get(params, "wait"));
	struct str_list names = {0};
	struct waiter *w;

	if (!read_timeout(c, params, &timeout))
		return;
	if (!read_tunnels(c, params, &names) || (wait && too_many_waiters(c))) {
		str_list_deinit(&names);
		return;
	}
	for (size_t i = 0; i < names.n; i++)
		agent_up(a, agent_find(a, names.items[i]));
	if (!wait) {
		ctl_call_reply(c, json_pack("{s:o}", "tunnels", named_tunnels(a, &names)));
		str_list_deinit(&names);
		return;
	}
	w = new_waiter(c, on_up_deadline);
	w->names = names;
	timer_start(&w->deadline, timeout);
	agent_changed(a);
}

static void on_down(struct ctl_call *c, json_t *params)
{
	struct agent *a = agent_of(c);
	struct str_list names = {0};
	json_t *reply;

	if (read_tunnels(c, params, &names)) {
		for (size_t i = 0; i < names.n; i++)
			agent_down(a, agent_find(a, names.items[i]));
		reply = json_pack("{s:o}", "tunnels", named_tunnels(a, &names));
		for (size_t i = 0; i < names.n; i++) {
			struct tunnel *t = agent_find(a, names.items[i]);

			if (t->adhoc)
				agent_remove(a, t);
		}
		ctl_call_reply(c, reply);
	}
	str_list_deinit(&names);
}

/* --- Open ------------------------------------------------------------------------------------ */

/* "http-8000": what an ad hoc tunnel is called when the caller does not say; the first that is
 * free. */
static char *make_name(const struct agent *a, const struct client_conf_tunnel *def)
{
	char label[40];

	(void)snprintf(label, sizeof(label), "%s-%u",
		hello_proto_word((enum hello_proto)def->proto), def->target.port);
	for (unsigned int i = 1;; i++) {
		char *name = i == 1 ? mem_strdup(label) : mem_printf("%s-%u", label, i);

		if (!agent_find(a, name))
			return name;
		free(name);
	}
}

static void open_tunnel(struct ctl_call *c, struct client_conf_tunnel *def, bool bind)
{
	struct agent *a = agent_of(c);
	struct tunnel *t = agent_add(a, def, /* adhoc= */ true);
	struct waiter *w;

	if (!ctl_call_wants_more(c)) {
		ctl_call_reply(c, json_pack("{s:o}", "tunnel", status_verb_tunnel(t)));
		return;
	}
	w = new_waiter(c, on_up_deadline);
	w->is_open = true;
	w->bound = bind;
	str_list_add(&w->names, def->name);
	agent_changed(a);
}

static size_t count_adhoc(const struct agent *a)
{
	size_t n = 0;

	list_each (t, &a->tunnels, struct tunnel, node)
		n += t->adhoc;
	return n;
}

static void on_open(struct ctl_call *c, json_t *params)
{
	struct agent *a = agent_of(c);
	const char *name = json_string_value(json_object_get(params, "name"));
	bool bind = json_is_true(json_object_get(params, "bind"));
	struct client_conf_tunnel *def = client_conf_new_tunnel("");
	const char *bad = NULL;
	struct err err = {0};
	int r = open_params_read(def, params, &bad, &err);

	if (r == -EINVAL) {
		ctl_call_bad_parameter(c, bad);
	} else if (bind && !ctl_call_wants_more(c)) {
		ctl_call_fail(c, "org.varlink.service.ExpectedMore", NULL);
	} else if (r < 0) {
		ctl_call_fail(c, "BadTunnel", json_pack("{s:s}", "why", err.text));
	} else if (count_adhoc(a) >= ADHOC_MAX) {
		ctl_call_fail(c, "BadTunnel",
			json_pack("{s:s}", "why", "there are as many ad hoc tunnels as may be"));
	} else if (name && agent_find(a, name)) {
		ctl_call_fail(c, "NameTaken", json_pack("{s:s}", "name", name));
	} else if (!too_many_waiters(c)) {
		free(def->name);
		def->name = name ? mem_strdup(name) : make_name(a, def);
		open_tunnel(c, def, bind);
		return;
	}
	client_conf_free_tunnel(def);
}

/* --- Wait ------------------------------------------------------------------------------------ */

static void on_wait(struct ctl_call *c, json_t *params)
{
	struct str_list names = {0};
	uint64_t timeout;
	struct waiter *w;

	if (!read_timeout(c, params, &timeout))
		return;
	if (!read_tunnels(c, params, &names) || too_many_waiters(c)) {
		str_list_deinit(&names);
		return;
	}
	w = new_waiter(c, on_up_deadline);
	w->names = names;
	timer_start(&w->deadline, timeout);
	agent_changed(agent_of(c));
}

/* --- the rest -------------------------------------------------------------------------------- */

static json_t *names_json(const struct str_list *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++)
		(void)json_array_append_new(list, json_string(l->items[i]));
	return list;
}

static json_t *mistakes_json(struct conf_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; report_get(report, i); i++) {
		const struct conf_mistake *m = report_get(report, i);

		(void)json_array_append_new(list,
			json_pack("{s:s, s:I, s:I, s:s, s:s}", "file", m->file, "line",
				(json_int_t)m->line, "column", (json_int_t)m->col, "key",
				m->key ? m->key : "", "why", m->why));
	}
	return list;
}

static void on_reload(struct ctl_call *c, json_t *params)
{
	struct str_list added = {0}, changed = {0}, removed = {0}, kept = {0}, settings = {0};
	const struct reload_difference d = {&added, &changed, &removed, &kept, &settings};
	bool dry = json_is_true(json_object_get(params, "dry_run"));
	struct conf_report report;

	if (!agent_of(c)->conf_path) {
		ctl_call_fail(c, "org.varlink.service.MethodNotImplemented",
			json_pack("{s:s}", "method", "Reload")); /* one-shot */
		return;
	}
	report_init(&report);
	if (reload_run(agent_of(c), &report, &d, dry))
		ctl_call_reply(c,
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "added", names_json(&added),
				"changed", names_json(&changed), "removed", names_json(&removed),
				"kept", names_json(&kept), "settings", names_json(&settings)));
	else
		ctl_call_fail(c, "BadConfig",
			json_pack("{s:o}", "mistakes", mistakes_json(&report)));
	report_deinit(&report);
	str_list_deinit(&added);
	str_list_deinit(&changed);
	str_list_deinit(&removed);
	str_list_deinit(&kept);
	str_list_deinit(&settings);
}

static void on_logs(struct ctl_call *c, json_t *params)
{
	ctl_events_on_logs(&agent_of(c)->events, c, params);
}

/* The same arguments for all that is about captured requests. */
#define ON_CAPTURE(name)                                                                           \
	static void on_##name(struct ctl_call *c, json_t *params)                                  \
	{                                                                                          \
		inspect_verbs_##name(&agent_of(c)->inspector.capture, c, params);                  \
	}
ON_CAPTURE(requests)
ON_CAPTURE(request)
ON_CAPTURE(clear)
ON_CAPTURE(export)

static void on_body(struct ctl_call *c, json_t *params)
{
	struct agent *a = agent_of(c);

	inspect_verbs_body(&a->inspector.capture, &a->inspected, c, params);
}

static void on_dashboard(struct ctl_call *c, json_t *params)
{
	char url[DASHBOARD_URL_SIZE];
	bool is_there = dashboard_url(&agent_of(c)->dashboard, url);

	ctl_call_reply(c, json_pack("{s:o}", "url", is_there ? json_string(url) : json_null()));
	mem_wipe(url, sizeof(url));
}

static void on_replay(struct ctl_call *c, json_t *params)
{
	replay_verb(agent_of(c), c, params);
}

static const struct ctl_method methods[] = {
	{"Status", CTL_RIGHT_READ, status_verb_call},
	{"Tunnel", CTL_RIGHT_READ, on_tunnel},
	{"Up", CTL_RIGHT_OPERATE, on_up},
	{"Wait", CTL_RIGHT_OPERATE, on_wait},
	{"Down", CTL_RIGHT_OPERATE, on_down},
	{"Open", CTL_RIGHT_OPERATE, on_open},
	{"Reload", CTL_RIGHT_OPERATE, on_reload},
	{"Logs", CTL_RIGHT_OPERATE, on_logs},
	{"Requests", CTL_RIGHT_OPERATE, on_requests},
	{"Request", CTL_RIGHT_OPERATE, on_request},
	{"Body", CTL_RIGHT_OPERATE, on_body},
	{"ClearRequests", CTL_RIGHT_OPERATE, on_clear},
	{"Replay", CTL_RIGHT_OPERATE, on_replay},
	{"Export", CTL_RIGHT_OPERATE, on_export},
	{"Dashboard", CTL_RIGHT_OPERATE, on_dashboard},
};

const struct ctl_interface client_verbs_interface = {
	.name = "io.tunnelto.Client",
	.description = interface_text_client,
	.methods = methods,
	.n_methods = ARRAY_SIZE(methods),
};
