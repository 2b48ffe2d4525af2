/* SPDX-License-Identifier: MIT */
/*
 * registrar: from REGISTER to a tunnel.
 *
 * A name that the server chooses is an HMAC of owner and label under the server's own secret: the
 * same client gets the same name again, on every restart of either, and nobody can foresee it.
 */
#include "server/registrar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "crypt/hmac.h"
#include "proto/hello.h"
#include "server/admit.h"
#include "server/edge_tcp.h"
#include "server/hub.h"
#include "server/peer.h"
#include "server/tunnel.h"

#define ASSIGNED_LEN 10
/* Other owners may sit on a chosen name or port: so many are tried. */
#define ASSIGN_TRIES 8
#define PORT_TRIES   200

static void refuse(struct hello_registered *a, enum hello_refusal why, const char *text)
{
	a->granted = false;
	a->retry = hello_refusal_retry(why);
	(void)snprintf(a->error, sizeof(a->error), "%s", hello_refusal_word(why));
	(void)snprintf(a->message, sizeof(a->message), "%s", text ? text : hello_refusal_text(why));
}

static void digest_of(const struct peer *p, const char *label, unsigned int try,
	uint8_t ret[static HMAC_LEN])
{
	CLEANUP(mem_cleanup) char *text = mem_printf("%s/%s/%u", p->owner, label, try);

	hmac_sha256(ret, p->hub->name_secret, sizeof(p->hub->name_secret), text, strlen(text));
}

static void assigned_label(const struct peer *p, const char *label, unsigned int try,
	char ret[static ASSIGNED_LEN + 1])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t digest[HMAC_LEN];

	digest_of(p, label, try, digest);
	for (size_t i = 0; i < ASSIGNED_LEN; i++)
		ret[i] = letters[digest[i] % 32];
	ret[ASSIGNED_LEN] = '\0';
}

/* --- the tunnel ------------------------------------------------------------------------------ */

static struct tunnel *new_tunnel(struct peer *p, const struct hello_register *rq)
{
	struct tunnel *t = mem_new(struct tunnel);

	t->refs = 1;
	t->peer = p;
	t->id = ++p->next_tunnel;
	t->proto = rq->proto;
	memcpy(t->name, rq->name, sizeof(t->name));
	t->host_header = rq->host_header[0] ? mem_strdup(rq->host_header) : NULL;
	t->key_id = mem_strdup(p->key_id);
	t->owner = mem_strdup(p->owner);
	t->generation = p->generation;
	t->since = clock_ms();
	list_init(&t->peer_node);
	return t;
}

static void publish(struct tunnel *t)
{
	struct peer *p = t->peer;

	t->url = hub_url(p->hub, t);
	list_add_tail(&p->tunnels, &t->peer_node);
	p->n_tunnels++;
	p->hub->n_tunnels++;
	names_add(&p->hub->names, t);
	if (hub_may_log(p->hub, p))
		log_with(LOG_LV_NOTICE, "tunnel up", {"TUNNEL", t->name}, {"URL", t->url},
			{"KEY_ID", t->key_id}, {"SESSION", p->id});
	hub_changed(p->hub);
}

static void answer_with(struct hello_registered *a, const struct tunnel *t)
{
	a->granted = true;
	a->tunnel = t->id;
	a->port = t->port;
	(void)snprintf(a->url, sizeof(a->url), "%s", t->url);
	(void)snprintf(a->hostname, sizeof(a->hostname), "%s", t->hostname ? t->hostname : "");
}

/* Judge the holder of a name or port. True: it is free now. */
static bool make_way(struct peer *p, struct tunnel *holder, struct hello_registered *a)
{
	switch (names_judge(holder, p->owner, p->generation)) {
	case NAMES_OK:
		return true;
	case NAMES_TAKEN_OVER:
		peer_drop_tunnel(holder, CLOSE_TAKEN_OVER,
			"a newer client of the same key has taken the name over");
		return true;
	case NAMES_SUPERSEDED:
		refuse(a, HELLO_REFUSAL_SUPERSEDED, NULL);
		return false;
	case NAMES_TAKEN:
		refuse(a, HELLO_REFUSAL_TAKEN, NULL);
		return false;
	}
	return false;
}

/* Has the owner, over all its sessions, room for one more? @holder is about to make way. */
static bool has_room(const struct peer *p, const struct tunnel *holder, struct hello_registered *a)
{
	const struct hub *h = p->hub;
	uint32_t mine = 0, freed = holder && str_eq(holder->owner, p->owner) ? 1 : 0;

	list_each (other, &h->peers, struct peer, node)
		mine += str_eq(other->owner, p->owner) ? other->n_tunnels : 0;
	if (mine - freed >= hub_rights_of(h, p).max_tunnels)
		refuse(a, HELLO_REFUSAL_TOO_MANY, NULL);
	else if (h->n_tunnels - freed >= h->conf.limits.tunnels)
		refuse(a, HELLO_REFUSAL_SERVER_FULL, NULL);
	else
		return true;
	return false;
}

/* --- http ------------------------------------------------------------------------------------ */

/* The name to be had, into @host; an assigned one that another owner sits on is replaced by the
 * next. */
static bool choose_host(struct peer *p, const struct hello_register *rq,
	char host[static HOSTNAME_MAX], struct hello_registered *a)
{
	struct admit_rights rights = hub_rights_of(p->hub, p);
	bool chosen = rq->subdomain[0] || rq->hostname[0];

	for (unsigned int try = 0; try < ASSIGN_TRIES; try++) {
		char label[ASSIGNED_LEN + 1];
		struct tunnel *holder;
		int refusal;

		assigned_label(p, rq->name, try, label);
		refusal = admit_host(host, &p->hub->conf, &rights, rq, label);
		holder = refusal < 0 ? names_find_host(&p->hub->names, host) : NULL;
		if (refusal < 0 &&
			(chosen || names_judge(holder, p->owner, p->generation) != NAMES_TAKEN))
			return true;
		if (refusal >= 0 && (chosen || refusal != HELLO_REFUSAL_RESERVED)) {
			refuse(a, (enum hello_refusal)refusal, NULL);
			return false;
		}
	}
	refuse(a, HELLO_REFUSAL_TAKEN, NULL);
	return false;
}

static void register_http(struct peer *p, const struct hello_register *rq,
	struct hello_registered *a)
{
	char host[HOSTNAME_MAX];
	struct tunnel *holder, *t;

	if (!choose_host(p, rq, host, a))
		return;
	holder = names_find_host(&p->hub->names, host);
	if (holder && holder->peer == p && str_eq(holder->name, rq->name)) {
		answer_with(a, holder); /* asked again after a resumption */
		return;
	}
	if (!has_room(p, holder, a) || !make_way(p, holder, a))
		return;
	t = new_tunnel(p, rq);
	t->hostname = mem_strdup(host);
	publish(t);
	answer_with(a, t);
}

/* --- tcp ------------------------------------------------------------------------------------- */

static bool open_port(struct tunnel *t, uint16_t port, struct err *err)
{
	const struct server_conf *c = &t->peer->hub->conf;
	struct addr a;

	if (addr_parse_ip(&a, c->tcp.listen, port) < 0) {
		(void)err_set(err, -1, "'%s' is not an address", c->tcp.listen);
		return false;
	}
	t->port = port;
	t->edge = edge_tcp_open(t->peer->hub->loop, &a, t, err);
	if (!t->edge)
		return false;
	t->edge->admit = hub_admit_tcp;
	return true;
}

static struct tunnel *find_own(const struct peer *p, const struct hello_register *rq)
{
	list_each (t, &p->tunnels, struct tunnel, peer_node) {
		if (t->proto == HELLO_PROTO_TCP && str_eq(t->name, rq->name) &&
			(!rq->remote_port || rq->remote_port == t->port))
			return t;
	}
	return NULL;
}

static bool register_port(struct peer *p, struct tunnel *t, uint16_t port, bool chosen,
	struct hello_registered *a)
{
	struct tunnel *holder = names_find_port(&p->hub->names, port);
	struct err err = {0};

	if (holder && !chosen && names_judge(holder, p->owner, p->generation) != NAMES_TAKEN_OVER)
		return false;
	/* not chosen: a port of this owner is another tunnel's, unless it is the same label's */
	if (holder && !chosen && !str_eq(holder->name, t->name))
		return false;
	if (!make_way(p, holder, a))
		return false;
	if (open_port(t, port, &err))
		return true;
	refuse(a, HELLO_REFUSAL_PORT_TAKEN, err.text);
	return false;
}

static void register_tcp(struct peer *p, const struct hello_register *rq,
	struct hello_registered *a)
{
	struct admit_rights rights = hub_rights_of(p->hub, p);
	struct tunnel *t = find_own(p, rq), *holder;
	struct conf_port_range range;
	uint8_t digest[HMAC_LEN];
	unsigned int n, first;
	int refusal;

	if (t) {
		answer_with(a, t);
		return;
	}
	refusal = admit_ports(&range, &p->hub->conf, &rights, rq);
	if (refusal >= 0) {
		refuse(a, (enum hello_refusal)refusal, NULL);
		return;
	}
	n = range.high - range.low + 1U;
	digest_of(p, rq->name, 0, digest);
	first = (unsigned int)(digest[0] << 16 | digest[1] << 8 | digest[2]) % n;
	holder = names_find_port(&p->hub->names, (uint16_t)(range.low + first));
	if (holder && !rq->remote_port && !str_eq(holder->name, rq->name))
		holder = NULL; /* it stays, another port is taken */
	if (!has_room(p, holder, a))
		return;
	refuse(a, HELLO_REFUSAL_NO_PORT, NULL);
	t = new_tunnel(p, rq);
	for (unsigned int i = 0; i < MIN(n, (unsigned int)PORT_TRIES); i++) {
		uint16_t port = (uint16_t)(range.low + (first + i) % n);

		if (!register_port(p, t, port, rq->remote_port != 0, a))
			continue;
		memset(a->error, 0, sizeof(a->error));
		memset(a->message, 0, sizeof(a->message));
		a->retry = false;
		publish(t);
		answer_with(a, t);
		return;
	}
	t->peer = NULL;
	tunnel_unref(t);
}

/* --- entry ----------------------------------------------------------------------------------- */

void registrar_register(struct peer *p, const struct hello_register *rq, struct hello_registered *a)
{
	struct hub *h = p->hub;

	if (h->draining)
		refuse(a, HELLO_REFUSAL_SHUTTING_DOWN, NULL);
	else if (rq->proto == HELLO_PROTO_HTTP)
		register_http(p, rq, a);
	else
		register_tcp(p, rq, a);
	if (a->error[0] && log_limit_pass(&p->refusals, loop_now(h->loop), 10) && hub_may_log(h, p))
		log_with(LOG_LV_NOTICE, a->message, {"TUNNEL", rq->name}, {"REFUSED", a->error},
			{"KEY_ID", p->key_id}, {"SESSION", p->id}, MESSAGE_FIELD(NAME_REFUSED));
}
