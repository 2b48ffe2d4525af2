/* SPDX-License-Identifier: MIT */
/*
 * agent: the daemon as one object.
 *
 *   agent ⊃ uplink ⊃ session ⊃ {links, streams} ; tunnels ⊃ origins ⊃ {conn, dial} ; ctl ⊃ calls
 *
 * Configuration says which tunnels are wanted; the uplink says when there is a server to register
 * them with; the server says what became of each. Reload compares definitions: a tunnel that did
 * not change is not touched.
 */
#include "client/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/rand.h"
#include "base/str.h"
#include "client/client_verbs.h"
#include "client/origin.h"
#include "client/reload.h"
#include "client/state.h"
#include "mux/stream.h"
#include "sys/landlock.h"
#include "sys/limits.h"
#include "sys/listen_fds.h"
#include "sys/notify.h"
#include "ws/ws_loop.h"

/* Refusals that may pass by themselves are asked about again. */
#define AGAIN_MS  10000
#define STATUS_MS 500
/* What the last words to the server may take when stopping. */
#define LAST_WORDS_MS 100
/* How long a session without streams is held after GOAWAY: two round trips and this. */
#define GOODBYE_MIN_MS 50
#define GOODBYE_MAX_MS 1000

/* --- telling --------------------------------------------------------------------------------- */

void agent_status_text(const struct agent *a, char *to, size_t size)
{
	unsigned int up = 0, wanted = 0;
	const struct tunnel *worst = NULL;
	int n;

	list_each (t, &a->tunnels, struct tunnel, node) {
		wanted += t->wanted;
		up += t->state == TUNNEL_UP;
		if (t->wanted && t->error[0] &&
			(!worst || (t->state == TUNNEL_REFUSED && worst->state != TUNNEL_REFUSED)))
			worst = t;
	}
	if (a->draining) {
		(void)snprintf(to, size, "stopping");
		return;
	}
	n = snprintf(to, size, "%u of %u tunnels up%s", up, wanted,
		a->has_mistakes ? "; the configuration has mistakes, the one before is in force"
				: "");
	if (worst && n > 0 && (size_t)n < size)
		n += snprintf(to + n, size - (size_t)n, "; %s: %s", worst->def->name, worst->error);
	if (a->dashboard.error[0] && n > 0 && (size_t)n < size)
		(void)snprintf(to + n, size - (size_t)n, "; no dashboard");
}

static void on_status(struct timer *t)
{
	struct agent *a = container_of(t, struct agent, status);
	char text[sizeof(a->told)];

	agent_status_text(a, text, sizeof(text));
	if (str_eq(text, a->told))
		return;
	memcpy(a->told, text, sizeof(text));
	notify_status("%s", text);
}

static void on_changed(struct loop_task *task)
{
	struct agent *a = container_of(task, struct agent, changed);

	client_verbs_tell_waiters(a);
	status_verb_changed(a);
	if (a->on_change)
		a->on_change(a);
	if (!timer_is_active(&a->status))
		timer_start(&a->status, STATUS_MS);
}

void agent_changed(struct agent *a)
{
	loop_task_schedule(a->loop, &a->changed);
}

void agent_set(struct agent *a, struct tunnel *t, enum tunnel_state state, const char *error)
{
	tunnel_set(t, state, error);
	agent_changed(a);
}

/* --- tunnels and server ---------------------------------------------------------------------- */

struct tunnel *agent_find(const struct agent *a, const char *name)
{
	list_each (t, &a->tunnels, struct tunnel, node) {
		if (str_eq(t->def->name, name))
			return t;
	}
	return NULL;
}

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from ? from : "");
}

static void register_tunnel(struct agent *a, struct tunnel *t)
{
	struct hello_register rq = {
		.proto = (enum hello_proto)t->def->proto, .remote_port = t->def->remote_port};

	rq.request = t->request = ++a->next_request;
	copy(rq.name, sizeof(rq.name), t->def->name);
	copy(rq.subdomain, sizeof(rq.subdomain), t->def->subdomain);
	copy(rq.hostname, sizeof(rq.hostname), t->def->hostname);
	copy(rq.host_header, sizeof(rq.host_header), t->def->host_header);
	uplink_register(&a->uplink, &rq);
}

void agent_want_uplink(struct agent *a)
{
	bool wanted = false;

	list_each (t, &a->tunnels, struct tunnel, node)
		wanted = wanted || t->wanted;
	if (wanted && !a->conf.server.url)
		return;
	uplink_want(&a->uplink, wanted);
}

void agent_up(struct agent *a, struct tunnel *t)
{
	t->wanted = true;
	if (t->state == TUNNEL_UP)
		return;
	if (!a->conf.server.url) {
		agent_set(a, t, TUNNEL_REFUSED, agent_no_server);
		return;
	}
	agent_set(a, t, TUNNEL_CONNECTING, NULL);
	if (uplink_is_up(&a->uplink)) {
		if (!t->request) /* else the answer is on its way */
			register_tunnel(a, t);
		return;
	}
	uplink_hurry(&a->uplink);
	agent_want_uplink(a);
}

void agent_down(struct agent *a, struct tunnel *t)
{
	t->wanted = false;
	t->request = 0;
	if (t->id)
		uplink_unregister(&a->uplink, t->id);
	origin_stop_all(t, CLOSE_UNREGISTERED);
	agent_set(a, t, TUNNEL_OFF, NULL);
	agent_want_uplink(a);
}

struct tunnel *agent_add(struct agent *a, struct client_conf_tunnel *def, bool adhoc)
{
	struct tunnel *t = tunnel_new(def, adhoc);

	list_add_tail(&a->tunnels, &t->node);
	if (t->wanted)
		agent_up(a, t);
	agent_changed(a);
	return t;
}

void agent_remove(struct agent *a, struct tunnel *t)
{
	agent_down(a, t);
	list_del(&t->node);
	tunnel_free(t);
}

/* --- what the uplink says -------------------------------------------------------------------- */

static struct agent *agent_of(struct uplink *u)
{
	return container_of(u, struct agent, uplink);
}

static void on_up(struct uplink *u, bool resumed)
{
	struct agent *a = agent_of(u);

	list_each (t, &a->tunnels, struct tunnel, node) {
		if (!t->wanted)
			continue;
		if (!resumed)
			t->id = 0;
		if (t->state != TUNNEL_REFUSED || t->retry)
			register_tunnel(a, t);
	}
	agent_changed(a);
}

static void on_down(struct uplink *u)
{
	struct agent *a = agent_of(u);
	enum tunnel_state state = u->state == UPLINK_REFUSED ? TUNNEL_REFUSED : TUNNEL_WAITING;

	list_each (t, &a->tunnels, struct tunnel, node) {
		if (!t->wanted ||
			(t->state == TUNNEL_REFUSED && !t->retry && state != TUNNEL_REFUSED))
			continue;
		t->request = 0;
		t->retry = true;
		/* a tunnel keeps its number: a resumed session's streams still name it */
		uint32_t id = t->id;

		if (state == TUNNEL_REFUSED)
			tunnel_follow(t, state, u->error); /* told once, for all of them */
		else
			tunnel_set(t, t->state == TUNNEL_CONNECTING ? TUNNEL_CONNECTING : state,
				u->error);
		t->id = id;
	}
	agent_changed(a);
}

static void on_registered(struct uplink *u, const struct hello_registered *r)
{
	struct agent *a = agent_of(u);

	list_each (t, &a->tunnels, struct tunnel, node) {
		char error[sizeof(t->error)];

		if (t->request != r->request || !t->wanted)
			continue;
		t->request = 0;
		t->retry = r->retry;
		if (r->granted) {
			copy(t->url, sizeof(t->url), r->url);
			agent_set(a, t, TUNNEL_UP, NULL);
			t->id = r->tunnel;
			return;
		}
		(void)snprintf(error, sizeof(error), "%s", r->message[0] ? r->message : r->error);
		agent_set(a, t, TUNNEL_REFUSED, error);
		if (r->retry && !timer_is_active(&a->again))
			timer_start(&a->again, AGAIN_MS);
		return;
	}
	if (r->granted)
		uplink_unregister(u, r->tunnel); /* taken down meanwhile */
}

static void on_gone(struct uplink *u, const struct frame_reason *r)
{
	struct agent *a = agent_of(u);
	const char *why = r->text[0] ? r->text : close_text(r->reason);

	list_each (t, &a->tunnels, struct tunnel, node) {
		if (!t->id || t->id != r->value)
			continue;
		t->retry = r->reason != CLOSE_TAKEN_OVER && r->reason != CLOSE_KEY_REVOKED;
		if (r->reason == CLOSE_TAKEN_OVER)
			tunnel_taken(t, why);
		else if (r->reason == CLOSE_LINK_LOST)
			/* v1: each tunnel has its own connection, and one is lost alone */
			tunnel_set(t, TUNNEL_WAITING, why);
		else
			tunnel_set(t, TUNNEL_REFUSED, why);
		agent_changed(a);
		if (t->retry && !timer_is_active(&a->again))
			timer_start(&a->again, AGAIN_MS);
		return;
	}
}

static void on_again(struct timer *timer)
{
	struct agent *a = container_of(timer, struct agent, again);

	list_each (t, &a->tunnels, struct tunnel, node) {
		if (t->wanted && (t->state == TUNNEL_REFUSED || t->state == TUNNEL_WAITING) &&
			t->retry && !t->request && uplink_is_up(&a->uplink))
			register_tunnel(a, t);
	}
}

static void on_opened(struct uplink *u, struct stream *st, const struct frame_open *open)
{
	struct agent *a = agent_of(u);

	list_each (t, &a->tunnels, struct tunnel, node) {
		if (t->id && t->id == open->tunnel) {
			origin_start(a, t, st, open);
			return;
		}
	}
	stream_reset(st, CLOSE_NO_TUNNEL, "this client has no such tunnel");
}

static const struct uplink_ops uplink_ops = {
	.up = on_up,
	.down = on_down,
	.registered = on_registered,
	.gone = on_gone,
	.opened = on_opened,
};

/* --- stopping -------------------------------------------------------------------------------- */

static void on_drain(struct timer *t)
{
	struct agent *a = container_of(t, struct agent, drain);
	const struct session *s = uplink_session_of(&a->uplink);

	if (s && session_stream_count(s) > 0 && loop_now(a->loop) < a->drain_until) {
		timer_start(&a->drain, 50);
	} else if (s && !s->closed && session_is_live(s)) {
		uplink_close(&a->uplink, CLOSE_SHUTDOWN);
		timer_start(&a->drain, LAST_WORDS_MS);
	} else {
		loop_stop(a->loop);
	}
}

/* Will it be up again when this program is started again? Then its name is kept for it, and its
 * visitors wait instead of being told that there is no such tunnel. */
static bool comes_back(const struct agent *a, const struct tunnel *t)
{
	return a->conf_path && t->def->autostart && !t->adhoc;
}

/* Streams that the server opened before it had read our GOAWAY are still served. */
static uint64_t goodbye_ms(const struct agent *a)
{
	const struct session *s = uplink_session_of(&a->uplink);

	if (!s || !session_is_live(s))
		return 1;
	return MIN(GOODBYE_MIN_MS + 2 * (uint64_t)session_rtt_us(s) / 1000,
		MIN((uint64_t)GOODBYE_MAX_MS, a->conf.drain + 1));
}

void agent_stop(struct agent *a)
{
	if (a->draining) {
		loop_stop(a->loop);
		return;
	}
	a->draining = true;
	health_rest(&a->health);
	notify_stopping();
	notify_extend_timeout_ms((unsigned int)a->conf.drain + 5000);
	a->drain_until = loop_now(a->loop) + a->conf.drain;
	list_each (t, &a->tunnels, struct tunnel, node) {
		t->wanted = false;
		if (t->id && !comes_back(a, t))
			uplink_unregister(&a->uplink, t->id);
	}
	uplink_drain(&a->uplink);
	timer_start(&a->drain, goodbye_ms(a));
	agent_changed(a);
}

static void on_term(struct sig *s)
{
	agent_stop(container_of(s, struct agent, term));
}

static void on_interrupt(struct sig *s)
{
	agent_stop(container_of(s, struct agent, interrupt));
}

static void on_hangup(struct sig *s)
{
	struct agent *a = container_of(s, struct agent, hangup);
	static const struct reload_difference nobody_asks;
	struct conf_report report;

	if (!a->conf_path)
		return;
	report_init(&report);
	reload_run(a, &report, &nobody_asks, /* dry= */ false);
	report_deinit(&report);
}

/* --- life ------------------------------------------------------------------------------------ */

static char *control_path(const struct agent *a, bool user)
{
	const char *run = getenv("RUNTIME_DIRECTORY"), *xdg = getenv("XDG_RUNTIME_DIR");

	if (a->conf.control_socket)
		return mem_strdup(a->conf.control_socket);
	if (user && xdg) {
		CLEANUP(mem_cleanup) char *dir = mem_printf("%s/tunnelto", xdg);

		(void)mkdir(dir, 0700);
		return mem_printf("%s/control", dir);
	}
	return run ? mem_printf("%s/control", run) : mem_strdup(PATHS_CLIENT_SOCKET);
}

static int open_control(struct agent *a, const char *path, struct err *err)
{
	return ctl_server_open(&a->ctl, path, listen_fds_take("control"), err);
}

/* Read what the configuration may name again, write where the state is. */
static void confine(const struct agent *a, const char *control, const char *state)
{
	struct landlock l;

	if (!landlock_begin(&l))
		log_debug("this kernel has no Landlock, ignoring");
	landlock_allow_system(&l);
	landlock_allow_beside(&l, a->conf_path, LANDLOCK_READ);
	landlock_allow_beside(&l, a->conf.server.key_file, LANDLOCK_READ);
	landlock_allow_beside(&l, a->conf.server.ca_file, LANDLOCK_READ);
	list_each (t, &a->conf.tunnels, struct client_conf_tunnel, node)
		landlock_allow_beside(&l, t->tls.ca_file, LANDLOCK_READ);
	landlock_allow(&l, state, LANDLOCK_WRITE);
	landlock_allow_beside(&l, control, LANDLOCK_WRITE);
	(void)landlock_enforce(&l);
}

static void init(struct agent *a, struct loop *loop, const char *conf_path)
{
	a->loop = loop;
	a->conf_path = conf_path;
	list_init(&a->tunnels);
	list_init(&a->waiters);
	status_verb_init(a);
	loop_task_init(&a->changed, on_changed);
	timer_init(&a->again, loop, on_again);
	timer_init(&a->drain, loop, on_drain);
	timer_init(&a->status, loop, on_status);
	ctl_events_init(&a->events, loop);
	ctl_events_install(&a->events);
	(void)limits_raise_nofile();
	reload_apply_log(a);
	inspector_init(&a->inspector, &a->conf.inspector);
	inspect_body_init(&a->inspected, loop);
	a->gates.max = a->conf.webhooks.memory;
}

/* Its token is kept in the directory; NULL: one of this run. */
static void open_dashboard(struct agent *a, const char *dir)
{
	char token[DASHBOARD_TOKEN_SIZE];

	_Static_assert(sizeof(token) == STATE_ID_SIZE, "a token is an id of the state directory");
	state_id(dir, "dashboard-token", /* secret= */ true, token);
	dashboard_init(&a->dashboard, a->loop, a->ws, &a->ctl, token);
	mem_wipe(token, sizeof(token));
}

int agent_open(struct agent *a, struct loop *loop, const char *conf_path, bool user,
	struct err *err)
{
	CLEANUP(mem_cleanup) char *control = NULL, *state = state_dir(user);
	int r = 0;

	init(a, loop, conf_path);
	control = control_path(a, user);
	a->resolver = resolver_new(loop);
	a->ws = a->resolver ? ws_loop_new(loop, WS_SITE_HEAD_MAX, err) : NULL;
	if (!a->resolver)
		return err_set(err, -ENOMEM, "c-ares cannot start");
	if (!a->ws)
		return -ENOSYS;
	uplink_init(&a->uplink, loop, a->resolver, a->ws, &uplink_ops);
	a->uplink.conf = &a->conf;
	state_id(conf_path ? state : NULL, "instance", /* secret= */ false, a->uplink.instance);
	/* without a socket no group is asked for, which a static program cannot */
	ctl_server_init(&a->ctl, loop, &client_verbs_interface, "tunneltod",
		conf_path ? "tunnelto" : NULL);
	a->with_ctl = true;
	open_dashboard(a, conf_path ? state : NULL);
	r = reload_uplink(a, err);
	if (r == 0 && conf_path)
		r = open_control(a, control, err);
	if (r < 0)
		return r;
	listen_fds_close_rest();
	dashboard_apply(&a->dashboard, &a->conf.dashboard);
	agent_changed(a);
	if (conf_path)
		confine(a, control, state);
	sig_start(&a->term, loop, SIGTERM, on_term);
	sig_start(&a->interrupt, loop, SIGINT, on_interrupt);
	sig_start(&a->hangup, loop, SIGHUP, on_hangup);
	reload_tunnels(a);
	notify_ready();
	on_status(&a->status);
	health_start(&a->health, a);
	return 0;
}

void agent_close(struct agent *a)
{
	sig_stop(&a->term);
	sig_stop(&a->interrupt);
	sig_stop(&a->hangup);
	health_stop(&a->health);
	if (a->with_ctl)
		ctl_server_close(&a->ctl);
	dashboard_close(&a->dashboard);
	if (a->uplink.loop)
		uplink_deinit(&a->uplink);
	list_each_safe (t, &a->tunnels, struct tunnel, node) {
		origin_stop_all(t, CLOSE_SHUTDOWN);
		list_del(&t->node);
		tunnel_free(t);
	}
	replay_stop_all(&a->replays);
	inspect_body_deinit(&a->inspected);
	inspector_deinit(&a->inspector);
	loop_task_cancel(&a->changed);
	timer_stop(&a->again);
	timer_stop(&a->drain);
	timer_stop(&a->status);
	status_verb_deinit(a);
	ws_loop_free(a->ws);
	resolver_free(a->resolver);
	ctl_events_deinit(&a->events);
	client_conf_deinit(&a->conf);
}
