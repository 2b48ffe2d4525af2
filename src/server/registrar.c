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

/* What one session says of it; a tunnel that was kept is given new words. */
static void describe(struct tunnel *t, const struct peer *p, const struct hello_register *rq)
{
	memcpy(t->name, rq->name, sizeof(t->name));
	mem_replace(&t->host_header, rq->host_header[0] ? rq->host_header : NULL);
	mem_replace(&t->key_id, p->key_id);
	t->generation = p->generation;
	t->since = clock_ms();
}

static void publish(struct tunnel *t, struct peer *p, const struct hello_register *rq)
{
	describe(t, p, rq);
	t->peer = p;
	t->id = ++p->next_tunnel;
	free(t->url);
	t->url = hub_url(p->hub, t);
	list_add_tail(&p->tunnels, &t->peer_node);
	p->n_tunnels++;
	p->hub->n_tunnels++;
	names_add(&p->hub->names, t);
	names_file_changed(&p->hub->names_file);
	parking_look(&p->hub->parking);
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

/* The owner's newer client is here. A session without a connection that is left without a tunnel
 * has nothing to come back for. */
static void evict(struct tunnel *holder)
{
	struct peer *old = holder->peer;

	peer_drop_tunnel(holder, CLOSE_TAKEN_OVER,
		"a newer client of the same key has taken the name over");
	if (old->n_tunnels == 0 && !old->session.base_link)
		peer_end(old, CLOSE_TAKEN_OVER, "");
}

/* Would the holder of a name or port make way for @p? */
static bool may_claim(const struct peer *p, const struct tunnel *holder, struct hello_registered *a)
{
	switch (names_judge(holder, p->owner, p->generation)) {
	case NAMES_OK:
	case NAMES_TAKEN_OVER:
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

/* True: the name or port is free, or the holder is @p's to go on with: it is in no list then, and
 * the reference is the caller's. */
static bool make_way(struct peer *p, struct tunnel *holder, struct hello_registered *a)
{
	if (!may_claim(p, holder, a))
		return false;
	if (!holder)
		return true;
	if (!holder->peer) {
		kept_take(p->hub, holder);
		return true;
	}
	/* without a grace nothing is kept: the hold is ours */
	(void)tunnel_ref(holder);
	evict(holder);
	if (holder->kept_until) {
		kept_take(p->hub, holder);
		tunnel_unref(holder);
	}
	if (!p->over)
		return true;
	/* it was its own, and being told has ended it */
	kept_free_name(p->hub, holder);
	return false;
}

/* Has the owner, over all its sessions, room for one more? @holder is about to make way. */
static bool has_room(struct peer *p, const struct tunnel *holder, struct hello_registered *a)
{
	struct hub *h = p->hub;
	bool own = holder && str_eq(holder->owner, p->owner);
	uint32_t mine = 0, freed = own && holder->peer ? 1 : 0, kept_freed = own && !holder->peer;
	uint32_t max = hub_rights_of(h, p).max_tunnels, all = h->n_tunnels - freed;

	list_each (other, &h->peers, struct peer, node)
		mine += str_eq(other->owner, p->owner) ? other->n_tunnels : 0;
	mine -= freed;
	if (mine >= max) {
		refuse(a, HELLO_REFUSAL_TOO_MANY, NULL);
		return false;
	}
	if (all >= h->conf.limits.tunnels) {
		refuse(a, HELLO_REFUSAL_SERVER_FULL, NULL);
		return false;
	}
	/* what is only kept makes way */
	mine += kept_count(h, p->owner) - kept_freed;
	kept_trim(h, p->owner, holder, mine >= max ? mine - max + 1 : 0);
	all += h->kept.n - kept_freed;
	kept_trim(h, NULL, holder,
		all >= h->conf.limits.tunnels ? all - h->conf.limits.tunnels + 1 : 0);
	return true;
}

/* --- http and tls ---------------------------------------------------------------------------- */

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

static void register_host(struct peer *p, const struct hello_register *rq,
	struct hello_registered *a)
{
	char host[HOSTNAME_MAX];
	struct tunnel *holder, *t;

	if (!choose_host(p, rq, host, a))
		return;
	holder = names_find_host(&p->hub->names, host);
	if (holder && holder->peer == p && holder->proto == rq->proto &&
		str_eq(holder->name, rq->name)) {
		answer_with(a, holder); /* asked again after a resumption */
		return;
	}
	if (!may_claim(p, holder, a) || !has_room(p, holder, a) || !make_way(p, holder, a))
		return;
	t = holder;
	if (t && t->proto != rq->proto) {
		/* whoever waits for it waits for something else */
		kept_free_name(p->hub, t);
		t = NULL;
	}
	if (!t) {
		t = tunnel_new(rq->proto, rq->name, p->owner);
		t->hostname = mem_strdup(host);
	}
	publish(t, p, rq);
	answer_with(a, t);
}

/* --- tcp ------------------------------------------------------------------------------------- */

static struct tunnel *find_own(const struct peer *p, const struct hello_register *rq)
{
	list_each (t, &p->tunnels, struct tunnel, peer_node) {
		if (t->proto == HELLO_PROTO_TCP && str_eq(t->name, rq->name) &&
			(!rq->remote_port || rq->remote_port == t->port))
			return t;
	}
	return NULL;
}

/* The tunnel at @port, its listener open; or NULL. */
static struct tunnel *claim_port(struct peer *p, const struct hello_register *rq, uint16_t port,
	struct hello_registered *a)
{
	struct tunnel *holder = names_find_port(&p->hub->names, port), *t;
	enum names_result r = names_judge(holder, p->owner, p->generation);
	struct err err = {0};

	/* not chosen: a port of this owner is another tunnel's, unless it is the same label's */
	if (holder && !rq->remote_port &&
		((r != NAMES_TAKEN_OVER && r != NAMES_OK) || !str_eq(holder->name, rq->name)))
		return NULL;
	if (!make_way(p, holder, a))
		return NULL;
	if (holder && holder->edge)
		return holder; /* its listener goes on */
	t = holder ? holder : tunnel_new(rq->proto, rq->name, p->owner);
	t->port = port;
	t->edge = hub_open_port(p->hub, t, &err);
	if (t->edge)
		return t;
	refuse(a, HELLO_REFUSAL_PORT_TAKEN, err.text);
	tunnel_unref(t);
	return NULL;
}

/* Where to begin looking: what was kept, or a port that is always the same for the label. */
static uint16_t first_port(const struct peer *p, const struct hello_register *rq,
	const struct conf_port_range *range)
{
	const struct tunnel *kept = rq->remote_port
					    ? NULL
					    : kept_find(p->hub, p->owner, rq->proto, rq->name);
	uint8_t digest[HMAC_LEN];

	if (kept && kept->port >= range->low && kept->port <= range->high)
		return kept->port;
	digest_of(p, rq->name, 0, digest);
	return (uint16_t)(range->low +
			  (unsigned int)(digest[0] << 16 | digest[1] << 8 | digest[2]) %
				  (range->high - range->low + 1U));
}

static void register_tcp(struct peer *p, const struct hello_register *rq,
	struct hello_registered *a)
{
	struct admit_rights rights = hub_rights_of(p->hub, p);
	struct tunnel *t = find_own(p, rq), *holder;
	struct conf_port_range range;
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
	first = first_port(p, rq, &range) - range.low;
	holder = names_find_port(&p->hub->names, (uint16_t)(range.low + first));
	if (holder && !rq->remote_port && !str_eq(holder->name, rq->name))
		holder = NULL; /* it stays, another port is taken */
	if ((rq->remote_port && !may_claim(p, holder, a)) || !has_room(p, holder, a))
		return;
	refuse(a, HELLO_REFUSAL_NO_PORT, NULL);
	for (unsigned int i = 0; i < MIN(n, (unsigned int)PORT_TRIES) && !p->over; i++) {
		t = claim_port(p, rq, (uint16_t)(range.low + (first + i) % n), a);
		if (!t)
			continue;
		memset(a->error, 0, sizeof(a->error));
		memset(a->message, 0, sizeof(a->message));
		a->retry = false;
		publish(t, p, rq);
		answer_with(a, t);
		return;
	}
}

/* --- entry ----------------------------------------------------------------------------------- */

void registrar_register(struct peer *p, const struct hello_register *rq, struct hello_registered *a)
{
	struct hub *h = p->hub;

	if (h->draining)
		refuse(a, HELLO_REFUSAL_SHUTTING_DOWN, NULL);
	else if (rq->proto == HELLO_PROTO_TCP)
		register_tcp(p, rq, a);
	else
		register_host(p, rq, a);
	if (a->error[0] && log_limit_pass(&p->refusals, loop_now(h->loop), 10) && hub_may_log(h, p))
		log_with(LOG_LV_NOTICE, a->message, {"TUNNEL", rq->name}, {"REFUSED", a->error},
			{"KEY_ID", p->key_id}, {"SESSION", p->id}, MESSAGE_FIELD(NAME_REFUSED));
}
