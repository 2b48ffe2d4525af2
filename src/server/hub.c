/* SPDX-License-Identifier: MIT */
/*
 * hub: the server as one object.
 *
 *   hub ⊃ fronts (listeners) ; edge_http ⊃ visitors ; peers ⊃ session, tunnels ⊃ edge_tcp ;
 *         keys ; names ; ctl ⊃ calls
 *
 * Listeners hand connections to the edge, to libwebsockets or to lanes (front.c); peers register
 * tunnels (registrar.c); the edge asks the hub for a name's tunnel. Names point at tunnels, never
 * own them.
 *
 * Not here: the files of the state directory (hub_state.c), what else may be opened once the server
 * runs (hub_confine.c).
 */
#include "server/hub.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "mux/session.h"
#include "server/access_log.h"
#include "server/drain.h"
#include "server/edge_tcp.h"
#include "server/front.h"
#include "server/front_set.h"
#include "server/hub_confine.h"
#include "server/hub_state.h"
#include "server/peer.h"
#include "server/reload.h"
#include "server/server_verbs.h"
#include "server/tunnel.h"
#include "server/v1_client.h"
#include "sys/limits.h"
#include "sys/listen_fds.h"
#include "sys/notify.h"
#include "ws/ws_loop.h"
#include "ws/ws_server.h"

/* Of a silent link, see hub_session_limits(). */
#define PING_MS 10000
/* STATUS= is told at most this often. */
#define STATUS_MS 1000

/* --- what others ask ------------------------------------------------------------------------- */

struct peer *hub_find_peer(const struct hub *h, const char *session_id)
{
	list_each (p, &h->peers, struct peer, node) {
		if (p->greeted && str_eq(p->id, session_id))
			return p;
	}
	return NULL;
}

struct admit_rights hub_rights_of(const struct hub *h, const struct peer *p)
{
	static const struct str_list nothing;
	struct admit_rights rights = {.allow = &nothing};
	const struct server_conf_key *key = p->anonymous ? NULL : keys_find(&h->keys, p->key_id);

	if (p->anonymous)
		admit_rights_of_anonymous(&rights, &h->conf);
	else if (key && !key->revoked)
		admit_rights_of_key(&rights, key);
	return rights;
}

struct session_limits hub_session_limits(const struct hub *h)
{
	struct session_limits l = session_limits_default;

	/* later than clients do: one of the two is enough on a quiet link */
	l.ping_ms = PING_MS;

	l.window = (uint32_t)h->conf.limits.window;
	l.memory = h->conf.limits.session_memory;
	l.max_streams = h->conf.limits.streams;
	l.grace_ms = (uint32_t)h->conf.timeouts.grace;
	return l;
}

const struct front *hub_first_public(const struct hub *h)
{
	list_each (f, &h->fronts, struct front, node) {
		if (f->role == FRONT_PUBLIC)
			return f;
	}
	return NULL;
}

/* Where TLS that is passed through comes in: any public listener, but best one for TLS. */
static uint16_t port_for_tls(const struct hub *h)
{
	const struct front *first = hub_first_public(h);

	list_each (f, &h->fronts, struct front, node) {
		if (f->role == FRONT_PUBLIC && f->uses_tls)
			return addr_port(&f->listener.local);
	}
	return first ? addr_port(&first->listener.local) : 0;
}

char *hub_url(const struct hub *h, const struct tunnel *t)
{
	const struct front *f = hub_first_public(h);
	bool tls = h->conf.public_scheme == SERVER_CONF_SCHEME_HTTPS ||
		   (h->conf.public_scheme == SERVER_CONF_SCHEME_AUTO && f && f->uses_tls);
	uint16_t port = h->conf.public_port ? h->conf.public_port
			: f                 ? addr_port(&f->listener.local)
					    : 0;
	const char *host = h->conf.tcp.host;

	if (t->proto == HELLO_PROTO_TCP) {
		if (!host)
			host = h->conf.allowed_hosts.n ? h->conf.allowed_hosts.items[0]
						       : "localhost";
		return mem_printf("tcp://%s:%u", host, t->port);
	}
	if (t->proto == HELLO_PROTO_TLS) {
		port = tls && h->conf.public_port ? h->conf.public_port : port_for_tls(h);
		tls = true;
	}
	if (port == 0 || port == (tls ? 443 : 80))
		return mem_printf("%s://%s/", tls ? "https" : "http", t->hostname);
	return mem_printf("%s://%s:%u/", tls ? "https" : "http", t->hostname, port);
}

/* Whoever has shown a key, or needs none, counts. A v1 client has not before its hello: those that
 * have not said it yet are few, take nobody else's place, and leave when the places are taken. */
static bool is_full(const struct hub *h, bool v1)
{
	uint32_t waiting = v1 ? h->n_v1_waiting : 0;

	return h->n_peers + waiting >= h->conf.limits.sessions || waiting >= V1_CLIENT_WAITING_MAX;
}

int hub_check(struct hub *h, const struct ws_request *rq, const char **ret_text)
{
	char from[ADDR_TEXT_MAX];

	if (!admit_address(&h->conf, &rq->peer)) {
		*ret_text = "this address is blocked\n";
		return 403;
	}
	if (h->draining || is_full(h, rq->v1)) {
		*ret_text = "the server takes no clients now\n";
		return 503;
	}
	if (rq->v1 && h->conf.v1)
		return 0; /* its key comes in its first message */
	if (!rq->v2) {
		*ret_text = "subprotocol tunnelto.v2 is expected\n";
		return 426;
	}
	if (rq->bearer[0] ? keys_find_secret(&h->keys, rq->bearer) != NULL : h->conf.anonymous)
		return 0;
	addr_format_ip(&rq->peer, from);
	if (log_limit_pass(&h->refusals, loop_now(h->loop), 10))
		log_with(LOG_LV_NOTICE,
			rq->bearer[0] ? "client refused: unknown or revoked key"
				      : "client refused: no key",
			{"PEER", from}, MESSAGE_FIELD(CLIENT_REFUSED));
	*ret_text = rq->bearer[0] ? "unknown or revoked key\n" : "a key is needed\n";
	return 401;
}

static bool may_have_lane(const struct session *s)
{
	size_t n = 0;

	list_each (l, &s->links, struct link, node)
		n += l != s->base_link;
	return session_is_live(s) && n < PEER_LANES_MAX;
}

struct session *hub_claim_lane(struct hub *h, const char *token)
{
	list_each (p, &h->peers, struct peer, node) {
		if (!p->over && peer_claim_token(p, token))
			return may_have_lane(&p->session) ? &p->session : NULL;
	}
	return NULL;
}

bool hub_may_log(struct hub *h, const struct peer *p)
{
	return !p->anonymous || log_limit_pass(&h->strangers, loop_now(h->loop), 20);
}

bool hub_is_owner_good(const struct hub *h, const char *owner)
{
	const struct server_conf_key *key;

	if (strncmp(owner, HUB_ANONYMOUS, strlen(HUB_ANONYMOUS)) == 0)
		return h->conf.anonymous;
	key = keys_find(&h->keys, owner);
	return key && !key->revoked;
}

static bool on_admit_tcp(const struct edge_tcp *e, const struct addr *peer)
{
	return admit_address(&container_of(e->guests.parking, struct hub, parking)->conf, peer);
}

struct edge_tcp *hub_open_port(struct hub *h, struct tunnel *t, struct err *err)
{
	struct edge_tcp *e;
	struct addr a;

	if (addr_parse_ip(&a, h->conf.tcp.listen, t->port) < 0) {
		(void)err_set(err, -1, "'%s' is not an address", h->conf.tcp.listen);
		return NULL;
	}
	e = edge_tcp_open(h->loop, &h->parking, &a, t, err);
	if (e)
		e->admit = on_admit_tcp;
	return e;
}

static struct tunnel *on_route(struct edge_http *e, const char *host)
{
	struct tunnel *t = names_find_host(&container_of(e, struct hub, edge)->names, host);

	/* what is passed through is nobody's to open */
	return t && t->proto == HELLO_PROTO_HTTP ? t : NULL;
}

static bool on_admit(struct edge_http *e, const struct addr *peer)
{
	return admit_address(&container_of(e, struct hub, edge)->conf, peer);
}

static bool on_trusts(struct edge_http *e, const struct addr *peer)
{
	return admit_trusts(&container_of(e, struct hub, edge)->conf, peer);
}

static bool on_own_host(struct edge_http *e, const char *host)
{
	return str_list_has(&container_of(e, struct hub, edge)->conf.allowed_hosts, host);
}

static const struct edge_http_ops edge_ops = {
	.route = on_route,
	.admit = on_admit,
	.trusts = on_trusts,
	.is_own_host = on_own_host,
};

/* --- status ---------------------------------------------------------------------------------- */

void hub_status_text(const struct hub *h, char *to, size_t size)
{
	size_t streams = 0;
	char waiting[48] = "";

	if (h->parking.n > 0)
		(void)snprintf(waiting, sizeof(waiting), ", %u visitors parked", h->parking.n);
	list_each (p, &h->peers, struct peer, node)
		streams += peer_stream_count(p);
	if (!h->conf.anonymous && keys_count(&h->keys) == 0)
		(void)snprintf(to, size,
			"no keys: nobody may connect (tunnelctl server key add NAME)");
	else
		(void)snprintf(to, size, "%s%u clients, %u tunnels, %zu streams%s%s",
			h->draining ? "stopping; " : "", h->n_peers, h->n_tunnels, streams, waiting,
			h->has_mistakes ? "; the configuration has mistakes, the one before is in "
					  "force"
					: "");
}

static void on_status(struct timer *t)
{
	struct hub *h = container_of(t, struct hub, status);
	char text[sizeof(h->told)];

	hub_status_text(h, text, sizeof(text));
	if (str_eq(text, h->told))
		return;
	memcpy(h->told, text, sizeof(text));
	notify_status("%s", text);
}

void hub_changed(struct hub *h)
{
	if (!timer_is_active(&h->status))
		timer_start(&h->status, STATUS_MS);
}

static void on_parking(struct parking *k)
{
	hub_changed(container_of(k, struct hub, parking));
}

/* --- keys and configuration ------------------------------------------------------------------ */

unsigned int hub_enforce_keys(struct hub *h)
{
	unsigned int n = 0;
	struct list *at = h->peers.next;

	while (at != &h->peers) {
		struct peer *p = list_entry(at, struct peer, node);
		bool fine = p->anonymous ? h->conf.anonymous
					 : keys_is_valid(&h->keys, p->key_id, p->key_hash);

		at = at->next;
		if (fine)
			continue;
		peer_end(p, CLOSE_KEY_REVOKED, "the key was revoked");
		n++;
		at = h->peers.next; /* ending one may have ended others */
	}
	kept_enforce_keys(h);
	hub_changed(h);
	return n;
}

void hub_apply_conf(struct hub *h)
{
	h->edge.limits = (struct edge_http_limits){
		.head_max = (uint32_t)h->conf.limits.head,
		.head_timeout_ms = (uint32_t)h->conf.timeouts.head,
		.idle_timeout_ms = (uint32_t)h->conf.timeouts.idle,
		.response_timeout_ms = (uint32_t)h->conf.timeouts.response,
		.body_timeout_ms = (uint32_t)h->conf.timeouts.body,
		.body_progress = (uint32_t)h->conf.limits.body_progress,
		.connections_max = h->conf.limits.visitors,
	};
	h->parking.limits = (struct parking_limits){
		.visitors = h->conf.limits.parked,
		.bytes = h->conf.limits.parked_bytes,
		.wait_ms = (uint32_t)h->conf.timeouts.park,
	};
	h->passed.max = h->conf.limits.visitors;
	log_set_level(h->verbose ? LOG_LV_DEBUG : log_level_at(h->conf.log.level));
	access_log_set(h->conf.log.access);
	keys_configure(&h->keys, &h->conf.keys);
}

/* --- stopping -------------------------------------------------------------------------------- */

static void on_term(struct sig *s)
{
	drain_start(container_of(s, struct hub, term));
}

static void on_interrupt(struct sig *s)
{
	drain_start(container_of(s, struct hub, interrupt));
}

static void on_hangup(struct sig *s)
{
	struct hub *h = container_of(s, struct hub, hangup);
	static const struct reload_difference nothing;
	struct conf_report report;

	report_init(&report);
	reload_run(h, &report, &nothing, /* dry= */ false);
	report_deinit(&report);
}

/* --- life ------------------------------------------------------------------------------------ */

/* The first configuration is applied as every later one. */
static int open_fronts(struct hub *h, struct err *err)
{
	struct conf_report report;
	struct front_set_plan *plan;
	int r = -EINVAL;

	if (front_set_take_passed(h, err) < 0)
		return r;
	report_init(&report);
	plan = front_set_plan(h, &h->conf, &report);
	if (plan) {
		front_set_apply(plan);
		r = 0;
	} else {
		r = report.error ? report.error : r;
		(void)err_set(err, r, "%s", report_get(&report, 0)->why);
	}
	report_deinit(&report);
	return r;
}

static void tell_listeners(const struct hub *h)
{
	list_each (f, &h->fronts, struct front, node) {
		char where[ADDR_TEXT_MAX];

		addr_format(&f->listener.local, where);
		log_with(LOG_LV_NOTICE, "listening", {"ROLE", front_role_name(f)},
			{"ADDRESS", where}, {"TLS", f->uses_tls ? "yes" : "no"});
	}
	if (!h->conf.anonymous && keys_count(&h->keys) == 0)
		message_log(LOG_LV_WARNING, NO_KEYS,
			"no keys: nobody may connect; make one with 'tunnelctl server key add "
			"NAME --allow GLOBS'");
}

static int open_sockets(struct hub *h, struct err *err)
{
	if (open_fronts(h, err) < 0)
		return -EINVAL;
	ctl_server_init(&h->ctl, h->loop, &server_verbs_interface, "tunnelto-server", "tunnelto");
	return ctl_server_open(&h->ctl, h->conf.control_socket, listen_fds_take("varlink"), err);
}

int hub_open(struct hub *h, struct loop *loop, const char *conf_path, struct err *err)
{
	h->loop = loop;
	h->conf_path = conf_path;
	list_init(&h->peers);
	list_init(&h->v1_clients);
	list_init(&h->fronts);
	list_init(&h->retired);
	list_init(&h->ctl.connections);
	listener_init(&h->ctl.listener);
	names_init(&h->names);
	names_file_init(&h->names_file, loop);
	kept_init(&h->kept, loop);
	parking_init(&h->parking, loop, on_parking);
	guests_init(&h->passed, loop, &h->parking, GUESTS_MAX, /* left= */ NULL);
	list_init(&h->keys.configured);
	list_init(&h->keys.kept);
	timer_init(&h->status, loop, on_status);
	ctl_events_init(&h->events, loop);
	ctl_events_install(&h->events);
	(void)limits_raise_nofile();
	edge_http_init(&h->edge, loop, &edge_http_limits_default, &edge_ops);
	h->edge.parking = &h->parking;
	if (hub_state_open(h, err) < 0)
		return -EINVAL;
	hub_apply_conf(h);
	h->ws = ws_loop_new(loop, /* head_max= */ 0, err);
	if (!h->ws || open_sockets(h, err) < 0)
		return -EINVAL;
	names_file_load(h);
	listen_fds_close_rest();
	hub_confine(h);
	sig_start(&h->term, loop, SIGTERM, on_term);
	sig_start(&h->interrupt, loop, SIGINT, on_interrupt);
	sig_start(&h->hangup, loop, SIGHUP, on_hangup);
	tell_listeners(h);
	notify_ready();
	on_status(&h->status);
	health_start(&h->health, h);
	return 0;
}

void hub_close(struct hub *h)
{
	sig_stop(&h->term);
	sig_stop(&h->interrupt);
	sig_stop(&h->hangup);
	health_stop(&h->health);
	names_file_finish(&h->names_file);
	parking_close(&h->parking);
	edge_http_deinit(&h->edge);
	guests_abort(&h->passed);
	while (!list_is_empty(&h->peers))
		peer_end(list_entry(h->peers.next, struct peer, node), CLOSE_SHUTDOWN,
			"the server is stopping");
	v1_client_close_all(h);
	kept_deinit(&h->kept);
	ctl_server_close(&h->ctl);
	front_set_close(h);
	timer_stop(&h->status);
	timer_stop(&h->drain);
	ws_loop_free(h->ws);
	ctl_events_deinit(&h->events);
	names_deinit(&h->names);
	keys_deinit(&h->keys);
	server_conf_deinit(&h->conf);
	mem_wipe(h->name_secret, sizeof(h->name_secret));
}
