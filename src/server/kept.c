/* SPDX-License-Identifier: MIT */
/*
 * kept: names live through gaps.
 *
 *   served ── session ended ──> kept ──┬── the owner registers it again ──> served
 *                                      └── grace is over, key revoked ──> free
 *
 * A daemon that crashed, or that is restarted, comes back in a second. Until then its names lead to
 * tunnels without a session, whose visitors are parked, whose ports stay open, and which nobody
 * else may claim. An owner has no more of them, together with those that are served, than its key
 * allows: a name that is kept is a courtesy and makes way for one that is asked for.
 */
#include "server/kept.h"

#include <assert.h>

#include "base/log.h"
#include "base/str.h"
#include "server/edge_tcp.h"
#include "server/hub.h"
#include "server/names_file.h"
#include "server/tunnel.h"

static bool is_strangers(const struct tunnel *t)
{
	return str_has_prefix(t->owner, HUB_ANONYMOUS);
}

static void arm(struct kept *k)
{
	clock_ms_t next = 0;

	list_each (t, &k->list, struct tunnel, kept_node)
		next = next ? MIN(next, t->kept_until) : t->kept_until;
	if (next)
		timer_start_at(&k->expiry, next);
	else
		timer_stop(&k->expiry);
}

static void on_expiry(struct timer *timer)
{
	struct kept *k = container_of(timer, struct kept, expiry);
	struct hub *h = container_of(k, struct hub, kept);
	clock_ms_t now = clock_ms();

	list_each_safe (t, &k->list, struct tunnel, kept_node) {
		if (t->kept_until <= now)
			kept_end(h, t);
	}
	arm(k);
}

void kept_init(struct kept *k, struct loop *loop)
{
	list_init(&k->list);
	k->n = 0;
	timer_init(&k->expiry, loop, on_expiry);
}

void kept_deinit(struct kept *k)
{
	struct hub *h = container_of(k, struct hub, kept);

	while (!list_is_empty(&k->list))
		kept_end(h, list_entry(k->list.next, struct tunnel, kept_node));
	timer_stop(&k->expiry);
}

void kept_free_name(struct hub *h, struct tunnel *t)
{
	assert(!t->peer && !t->kept_until);
	names_remove(&h->names, t);
	if (t->edge)
		edge_tcp_close(TAKE_PTR(t->edge));
	parking_look(&h->parking);
	tunnel_unref(t);
}

void kept_add(struct hub *h, struct tunnel *t, clock_ms_t until)
{
	assert(!t->peer && !t->kept_until && until > 0);
	t->kept_until = until;
	list_add_tail(&h->kept.list, &t->kept_node);
	h->kept.n++;
	if (!timer_is_active(&h->kept.expiry) || until < h->kept.expiry.at)
		timer_start_at(&h->kept.expiry, until);
}

void kept_take(struct hub *h, struct tunnel *t)
{
	assert(t->kept_until);
	list_del(&t->kept_node);
	t->kept_until = 0;
	h->kept.n--;
}

void kept_end(struct hub *h, struct tunnel *t)
{
	kept_take(h, t);
	if (!is_strangers(t) || log_limit_pass(&h->strangers, loop_now(h->loop), 20))
		log_with(LOG_LV_INFO, "name free", {"TUNNEL", t->name}, {"URL", t->url},
			{"KEY_ID", t->key_id});
	names_file_changed(&h->names_file);
	kept_free_name(h, t);
}

void kept_enforce_keys(struct hub *h)
{
	list_each_safe (t, &h->kept.list, struct tunnel, kept_node) {
		if (!hub_is_owner_good(h, t->owner))
			kept_end(h, t);
	}
}

uint32_t kept_count(const struct hub *h, const char *owner)
{
	uint32_t n = 0;

	list_each (t, &h->kept.list, struct tunnel, kept_node)
		n += str_eq(t->owner, owner) ? 1 : 0;
	return n;
}

void kept_trim(struct hub *h, const char *owner, const struct tunnel *except, uint32_t n)
{
	/* strangers can have as many names as they like to come for: theirs go first */
	for (int strangers = owner ? 0 : 1; strangers >= 0; strangers--) {
		list_each_safe (t, &h->kept.list, struct tunnel, kept_node) {
			if (n == 0)
				return;
			if (t == except || (owner && !str_eq(t->owner, owner)) ||
				(strangers && !is_strangers(t)))
				continue;
			kept_end(h, t);
			n--;
		}
	}
}

struct tunnel *kept_find(const struct hub *h, const char *owner, enum hello_proto proto,
	const char *label)
{
	list_each (t, &h->kept.list, struct tunnel, kept_node) {
		if (t->proto == proto && str_eq(t->owner, owner) && str_eq(t->name, label))
			return t;
	}
	return NULL;
}
