/* SPDX-License-Identifier: MIT */
/*
 * peer: a client as the server sees it.
 *
 *   upgraded ── HELLO in time ──> greeted ── REGISTER* ──> tunnels ── closed ──> freed
 *
 * A HELLO that names a living session and its secret moves the new link there; the peer that was
 * made for the link is then empty and ends.
 */
#include "server/peer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/rand.h"
#include "base/str.h"
#include "crypt/digest.h"
#include "crypt/hmac.h"
#include "server/hub.h"
#include "server/registrar.h"
#include "server/tunnel.h"
#include "v1/link_pair.h"

#define HELLO_MS 10000

/* Who ended it does not want the name any more, or may not have it. Otherwise the owner is expected
 * back, as a client of the Rust tunnelto is within 5 s. */
static bool is_final(enum close_reason why)
{
	return why == CLOSE_DONE || why == CLOSE_UNREGISTERED || why == CLOSE_KEY_REVOKED ||
	       why == CLOSE_NOT_ALLOWED;
}

static void note(struct peer *p, enum log_level level, const char *message, const char *why)
{
	char from[ADDR_TEXT_MAX];

	if (!hub_may_log(p->hub, p))
		return;
	addr_format_ip(&p->address, from);
	log_with(level, message, {"SESSION", p->greeted ? p->id : NULL}, {"KEY_ID", p->key_id},
		{"PEER", from}, {"CLOSE_REASON", why});
}

/* --- ends ------------------------------------------------------------------------------------ */

static void tell_gone(struct peer *p, uint32_t id, enum close_reason why, const char *text)
{
	struct frame_reason r = {.value = id, .reason = (uint16_t)why};
	uint8_t payload[6 + FRAME_MAX_TEXT];

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	session_send(&p->session, FRAME_GONE, 0, payload,
		frame_reason_encode(payload, sizeof(payload), FRAME_GONE, &r));
}

void peer_drop_tunnel(struct tunnel *t, enum close_reason why, const char *text)
{
	struct peer *p = t->peer;
	uint32_t id = t->id;
	/* the grace counts from when the client was last there */
	clock_ms_t now = clock_ms(), last = p->session.detached_at ? p->session.detached_at : now,
		   until = last + p->hub->conf.timeouts.grace;

	if (hub_may_log(p->hub, p))
		log_with(LOG_LV_NOTICE, "tunnel down", {"TUNNEL", t->name}, {"URL", t->url},
			{"KEY_ID", t->key_id}, {"SESSION", p->id},
			{"CLOSE_REASON", close_word(why)});
	list_del(&t->peer_node);
	p->n_tunnels--;
	p->hub->n_tunnels--;
	t->peer = NULL;
	if (!is_final(why) && until > now)
		kept_add(p->hub, t, until);
	else
		kept_free_name(p->hub, t);
	names_file_changed(&p->hub->names_file);
	hub_changed(p->hub);
	/* last: a client that does not read ends by being told, with all its tunnels */
	if (!p->over && why != CLOSE_UNREGISTERED)
		tell_gone(p, id, why, text);
}

static void free_peer(struct grave *g)
{
	struct peer *p = container_of(g, struct peer, grave);

	session_deinit(&p->session);
	mem_wipe(p->secret, sizeof(p->secret));
	mem_wipe(p->last_secret, sizeof(p->last_secret));
	mem_wipe(p->instance, sizeof(p->instance));
	mem_wipe(p->tokens, sizeof(p->tokens));
	free(p->key_id);
	free(p->key_name);
	free(p->key_hash);
	free(p->owner);
	free(p);
}

/* Everything but the session itself, which may be in the middle of a call. */
static void bury(struct peer *p, enum close_reason why)
{
	if (p->over)
		return;
	p->over = true;
	timer_stop(&p->tick);
	timer_stop(&p->hello);
	while (!list_is_empty(&p->tunnels))
		peer_drop_tunnel(list_entry(p->tunnels.next, struct tunnel, peer_node), why, "");
	list_del(&p->node);
	p->hub->n_peers--;
	loop_bury(p->hub->loop, &p->grave, free_peer);
	hub_changed(p->hub);
}

void peer_end(struct peer *p, enum close_reason why, const char *text)
{
	if (!p->over)
		session_close(&p->session, why, text);
}

/* --- handshake ------------------------------------------------------------------------------- */

static void send_json(struct peer *p, uint8_t type, const uint8_t *json, size_t n)
{
	session_send(&p->session, type, 0, json, n);
}

static void send_welcome(struct peer *p, bool resumed)
{
	const struct session_limits *l = &p->session.limits;
	struct hello_welcome w = {
		.version = HELLO_VERSION,
		.software = "tunnelto-server/" PACKAGE_VERSION,
		.resumed = resumed,
		.grace_ms = l->grace_ms,
		.window = l->window,
		.max_streams = l->max_streams,
		.max_tunnels = hub_rights_of(p->hub, p).max_tunnels,
		.lanes = true,
	};
	uint8_t json[FRAME_MAX_JSON];

	memcpy(w.session, p->id, sizeof(w.session));
	memcpy(w.secret, p->secret, sizeof(w.secret));
	send_json(p, FRAME_WELCOME, json, hello_welcome_encode(json, sizeof(json), &w));
	mem_wipe(&w, sizeof(w));
	mem_wipe(json, sizeof(json));
}

static void random_hex(char *to, size_t n_bytes)
{
	uint8_t bytes[32];

	assert(n_bytes <= sizeof(bytes));
	rand_bytes(bytes, n_bytes);
	parse_format_hex(to, bytes, n_bytes);
	mem_wipe(bytes, sizeof(bytes));
}

/* A key owns its names; an anonymous client is told from others by a hash of what only it knows. */
static char *owner_of(const struct peer *p, const char *instance)
{
	char hex[DIGEST_HEX_SIZE];

	if (!p->anonymous)
		return mem_strdup(p->key_id);
	digest_sha256_hex(hex, instance, strlen(instance));
	return mem_printf(HUB_ANONYMOUS "%s", hex);
}

static bool secret_is(const char *ours, const char *theirs)
{
	return strlen(ours) == HELLO_SECRET_SIZE - 1 && strlen(theirs) == HELLO_SECRET_SIZE - 1 &&
	       hmac_equal(ours, theirs, HELLO_SECRET_SIZE - 1);
}

/* Each resumption makes a new secret. The one before stays good as long as the WELCOME with the new
 * one may have been lost. */
static bool secret_fits(const struct peer *old, const char *secret)
{
	return secret_is(old->secret, secret) ||
	       (!old->session.peer_resumed && secret_is(old->last_secret, secret));
}

/* The living session that HELLO names, if the secret and the owner are right. */
static struct peer *find_resumable(struct peer *p, const struct hello *h, const char *owner)
{
	struct peer *old = h->session[0] ? hub_find_peer(p->hub, h->session) : NULL;

	if (!old || old == p || old->over || !str_eq(old->owner, owner))
		return NULL;
	return secret_fits(old, h->secret) ? old : NULL;
}

static void resume(struct peer *p, struct peer *old, struct link *l, const struct hello *h)
{
	clock_ms_t now = clock_ms();

	session_release_link(l);
	session_attach(&old->session, l, now);
	old->address = p->address;
	memcpy(old->last_secret, h->secret, sizeof(old->last_secret));
	random_hex(old->secret, 32);
	send_welcome(old, /* resumed= */ true);
	session_resume(&old->session, now);
	note(old, LOG_LV_INFO, "session resumed", NULL);
	parking_look(&p->hub->parking);
	bury(p, CLOSE_DONE); /* it has no link, no stream and no tunnel any more */
}

/* A session whose program was started again since cannot be taken up any more: what it carried
 * ends now instead of at the end of its grace. */
static void end_predecessors(struct peer *p)
{
	struct list *at = p->hub->peers.next;

	while (at != &p->hub->peers) {
		struct peer *old = list_entry(at, struct peer, node);

		at = at->next;
		if (old == p || !old->greeted || old->session.base_link ||
			old->generation >= p->generation || !str_eq(old->owner, p->owner) ||
			!str_eq(old->instance, p->instance))
			continue;
		peer_end(old, CLOSE_LINK_LOST, "the client was started again");
		at = p->hub->peers.next; /* ending one may have ended others */
	}
}

static void greet(struct peer *p, const struct hello *h)
{
	random_hex(p->id, 16);
	random_hex(p->secret, 32);
	memcpy(p->instance, h->instance, sizeof(p->instance));
	p->generation = h->generation;
	(void)snprintf(p->software, sizeof(p->software), "%s", h->software);
	p->greeted = true;
	send_welcome(p, /* resumed= */ false);
	session_greeted(&p->session, h->window, clock_ms());
	note(p, LOG_LV_INFO, "client connected", NULL);
	end_predecessors(p);
	hub_changed(p->hub);
}

static void on_hello(struct peer *p, struct link *l, const struct frame *f)
{
	struct hello h;
	struct peer *old;
	struct err err;
	char *owner;

	if (p->greeted) {
		session_close(&p->session, CLOSE_PROTOCOL, "a second HELLO");
		return;
	}
	if (hello_decode(&h, f->payload, f->length, &err) < 0) {
		session_close(&p->session, CLOSE_PROTOCOL, err.text);
		return;
	}
	if (h.version < HELLO_VERSION) {
		session_close(&p->session, CLOSE_PROTOCOL,
			"version 2 is the oldest that is spoken here");
		return;
	}
	timer_stop(&p->hello);
	owner = owner_of(p, h.instance);
	old = find_resumable(p, &h, owner);
	if (old) {
		free(owner);
		resume(p, old, l, &h);
	} else {
		p->owner = owner;
		greet(p, &h);
	}
	mem_wipe(&h, sizeof(h));
}

/* --- registrations --------------------------------------------------------------------------- */

static void on_register(struct peer *p, struct link *l, const struct frame *f)
{
	struct hello_registered answer;
	struct hello_register rq;
	uint8_t json[FRAME_MAX_JSON];
	struct err err;

	if (hello_register_decode(&rq, f->payload, f->length, &err) < 0) {
		session_close(&p->session, CLOSE_PROTOCOL, err.text);
		return;
	}
	memset(&answer, 0, sizeof(answer));
	answer.request = rq.request;
	registrar_register(p, &rq, &answer);
	if (!p->over)
		send_json(p, FRAME_REGISTERED, json,
			hello_registered_encode(json, sizeof(json), &answer));
}

static void on_unregister(struct peer *p, struct link *l, const struct frame *f)
{
	struct cursor c;
	uint32_t id;

	cursor_read_init(&c, f->payload, f->length);
	id = cursor_u32(&c);
	list_each_safe (t, &p->tunnels, struct tunnel, peer_node) {
		if (t->id == id)
			peer_drop_tunnel(t, CLOSE_UNREGISTERED, "");
	}
}

/* --- lanes ----------------------------------------------------------------------------------- */

static void on_lane_ask(struct peer *p, struct link *l, const struct frame *f)
{
	struct hello_grant g = {.expires_ms = PEER_TOKEN_MS};
	clock_ms_t now = clock_ms();
	uint8_t json[FRAME_MAX_JSON];

	for (size_t i = 0; i < PEER_TOKENS_MAX && !g.token[0]; i++) {
		if (p->tokens[i].until > now)
			continue;
		random_hex(p->tokens[i].text, 32);
		p->tokens[i].until = now + PEER_TOKEN_MS;
		memcpy(g.token, p->tokens[i].text, sizeof(g.token));
	}
	if (!g.token[0])
		(void)snprintf(g.message, sizeof(g.message), "too many tokens are unused");
	send_json(p, FRAME_LANE_GRANT, json, hello_grant_encode(json, sizeof(json), &g));
	mem_wipe(&g, sizeof(g));
	mem_wipe(json, sizeof(json));
}

bool peer_claim_token(struct peer *p, const char *token)
{
	clock_ms_t now = clock_ms();

	for (size_t i = 0; i < PEER_TOKENS_MAX; i++) {
		bool same = strlen(token) == HELLO_SECRET_SIZE - 1 &&
			    hmac_equal(token, p->tokens[i].text, HELLO_SECRET_SIZE - 1);

		if (!same || p->tokens[i].until <= now)
			continue;
		p->tokens[i].until = 0;
		mem_wipe(p->tokens[i].text, sizeof(p->tokens[i].text));
		return true;
	}
	return false;
}

/* --- session events -------------------------------------------------------------------------- */

static struct peer *peer_of(struct session *s)
{
	return container_of(s, struct peer, session);
}

size_t peer_stream_count(const struct peer *p)
{
	return session_stream_count(&p->session) - probe_is_answering(&p->echo);
}

typedef void peer_frame_f(struct peer *p, struct link *l, const struct frame *f);

static void on_goaway(struct peer *p, struct link *l, const struct frame *f)
{
	struct frame_reason r;

	if (frame_reason_decode(&r, f) < 0) {
		session_close(&p->session, CLOSE_PROTOCOL, "GOAWAY cannot be read");
		return;
	}
	/* its open streams finish, new visitors are parked; it will not take the session up again
	 */
	p->leaving = true;
	p->leave_why = r.reason < CLOSE_COUNT ? (enum close_reason)r.reason : CLOSE_INTERNAL;
	edge_http_release(&p->hub->edge, &p->session);
}

static peer_frame_f *const on_frame[FRAME_TYPE_MAX] = {
	[FRAME_HELLO] = on_hello,
	[FRAME_REGISTER] = on_register,
	[FRAME_UNREGISTER] = on_unregister,
	[FRAME_LANE_ASK] = on_lane_ask,
	[FRAME_GOAWAY] = on_goaway,
};

static void session_frame(struct session *s, struct link *l, const struct frame *f)
{
	struct peer *p = peer_of(s);

	if (!p->greeted && f->type != FRAME_HELLO)
		session_close(s, CLOSE_PROTOCOL, "HELLO is expected first");
	else
		on_frame[f->type](p, l, f);
}

static void session_opened(struct session *s, struct stream *st, const struct frame_open *open)
{
	if (probe_is_meant(open))
		probe_answer(&peer_of(s)->echo, st);
	else
		stream_reset(st, CLOSE_NO_TUNNEL, "servers take no streams");
}

static void session_detached(struct session *s, enum close_reason why)
{
	struct peer *p = peer_of(s);

	if (p->leaving) {
		session_close(s, p->leave_why, "");
		return;
	}
	note(p, LOG_LV_INFO, "client's connection lost, waiting for it to come back",
		close_word(why));
}

static void session_closed(struct session *s, enum close_reason why, const char *text)
{
	struct peer *p = peer_of(s);
	char message[FRAME_MAX_TEXT + 64];

	(void)snprintf(message, sizeof(message), "client gone: %s", *text ? text : close_text(why));
	note(p, why == CLOSE_DONE || why == CLOSE_LINK_LOST ? LOG_LV_INFO : LOG_LV_NOTICE, message,
		close_word(why));
	bury(p, why);
}

static void session_deadline(struct session *s, clock_ms_t at)
{
	timer_start_at(&peer_of(s)->tick, at);
}

static const struct session_ops session_ops = {
	.frame = session_frame,
	.opened = session_opened,
	.detached = session_detached,
	.closed = session_closed,
	.deadline = session_deadline,
};

static void on_tick(struct timer *t)
{
	session_tick(&container_of(t, struct peer, tick)->session, clock_ms());
}

static void on_hello_timeout(struct timer *t)
{
	peer_end(container_of(t, struct peer, hello), CLOSE_TIMEOUT, "no HELLO in time");
}

struct peer *peer_accept(struct hub *h, struct link *l, const struct server_conf_key *key,
	const struct addr *from)
{
	struct session_limits limits = hub_session_limits(h);
	struct peer *p = mem_new(struct peer);

	p->hub = h;
	p->address = *from;
	p->anonymous = key == NULL;
	p->key_id = mem_strdup(key ? keys_id(key) : "anonymous");
	p->key_name = mem_strdup(key ? key->name : NULL);
	p->key_hash = mem_strdup(key ? key->hash : NULL);
	p->since = clock_ms();
	list_init(&p->tunnels);
	list_add_tail(&h->peers, &p->node);
	h->n_peers++;
	timer_init(&p->tick, h->loop, on_tick);
	timer_init(&p->hello, h->loop, on_hello_timeout);
	timer_start(&p->hello, HELLO_MS);
	session_init(&p->session, &session_ops, &limits, /* is_server= */ true, p->since);
	session_attach(&p->session, l, p->since);
	return p;
}

struct peer *peer_accept_v1(struct hub *h, struct link *l, const struct server_conf_key *key,
	const struct addr *from)
{
	struct peer *p = peer_accept(h, l, key, from);

	p->v1 = true;
	link_pair_limit(&p->session.limits);
	return p;
}
