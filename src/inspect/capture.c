/* SPDX-License-Identifier: MIT */
/*
 * capture: what is kept of the visitors' requests, within its bounds.
 *
 * Every byte that an exchange holds is charged to it and to the whole; when the whole is above its
 * bound the oldest exchange goes, also one that is still open: whoever feeds it holds a reference
 * to an empty struct from then on, and what it adds is dropped. An exchange alone above the bound
 * keeps what fits. So adding never fails, never waits, and costs at most one copy. The place of
 * each in the index is charged to it, too.
 */
#include "inspect/capture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define BODY_FIRST    512 /* a small body needs no second allocation */
#define MESSAGE_FIRST 64

void capture_init(struct capture *c, const struct capture_limits *limits)
{
	memset(c, 0, sizeof(*c));
	list_init(&c->exchanges);
	list_init(&c->recent);
	list_init(&c->watches);
	idmap_init(&c->by_id);
	c->limits = *limits;
	ws_inflate_budget_init(&c->inflating);
}

void capture_deinit(struct capture *c)
{
	struct capture_limits none = {0};

	capture_set_limits(c, &none);
	assert(c->bytes == 0);
}

/* --- bounds ---------------------------------------------------------------------------------- */

static void give_back(struct exchange *e, size_t n)
{
	e->bytes -= n;
	e->capture->bytes -= n;
}

static void free_message(struct exchange *e, struct exchange_message *m)
{
	if (m)
		give_back(e, sizeof(*m) + m->cap);
	free(m);
}

static void drop_message(struct exchange *e, struct exchange_message *m)
{
	list_del(&m->node);
	e->n_kept_messages--;
	free_message(e, m);
}

/* Out of the capture, and empty; the struct stays for those who hold it. */
static void evict(struct exchange *e)
{
	struct capture *c = e->capture;

	capture_announce(e, CAPTURE_GONE);
	list_each_safe (m, &e->messages, struct exchange_message, node)
		drop_message(e, m);
	for (int i = 0; i < 2; i++) {
		free_message(e, TAKE_PTR(e->coming[i]));
		free(e->part[i].head);
		free(e->part[i].body);
		e->part[i] = (struct exchange_part){0};
	}
	mem_replace(&e->method, NULL);
	mem_replace(&e->target, NULL);
	mem_replace(&e->error, NULL);
	mem_replace(&e->verify_provider, NULL);
	mem_replace(&e->verify_why, NULL);
	c->bytes -= e->bytes;
	c->n--;
	c->dropped++;
	(void)idmap_del(&c->by_id, (uint32_t)e->id);
	idmap_trim(&c->by_id);
	e->bytes = 0;
	e->capture = NULL;
	list_del(&e->recent);
	list_del(&e->node);
	exchange_unref(e);
}

static void evict_above(struct capture *c, const struct exchange *but)
{
	while (c->n > c->limits.requests || c->bytes > c->limits.bytes) {
		struct list *first = list_first(&c->exchanges);
		struct exchange *e = first ? list_entry(first, struct exchange, node) : NULL;

		if (!e || e == but)
			return;
		evict(e);
	}
}

void capture_set_limits(struct capture *c, const struct capture_limits *limits)
{
	c->limits = *limits;
	evict_above(c, NULL);
	mem_trim(); /* not many turns of the loop may follow in which it would trim by itself */
}

/* Make room for @n more bytes of @e: how many of them it gets. */
static size_t charge(struct exchange *e, size_t n)
{
	struct capture *c = e->capture;
	size_t room = c->limits.bytes - MIN(c->limits.bytes, e->bytes);

	n = MIN(n, room);
	e->bytes += n;
	c->bytes += n;
	evict_above(c, e);
	/* older ones are gone, and newer ones leave no room: they were here first */
	if (c->bytes > c->limits.bytes) {
		size_t over = MIN(n, c->bytes - c->limits.bytes);

		e->bytes -= over;
		c->bytes -= over;
		n -= over;
	}
	return n;
}

/* --- putting in ------------------------------------------------------------------------------ */

struct exchange *capture_begin(struct capture *c, const char *tunnel, const char *visitor, bool tls)
{
	struct exchange *e;

	if (c->limits.requests == 0 || c->limits.bytes < CAPTURE_EXCHANGE_BYTES)
		return NULL;
	e = idmap_get(&c->by_id, (uint32_t)(c->last_id + 1));
	if (e)
		evict(e); /* 2^32 requests ago */
	e = mem_new(struct exchange);
	e->capture = c;
	e->refs = 2; /* the capture's and the caller's */
	e->id = ++c->last_id;
	e->tunnel = mem_strdup(tunnel);
	e->method = mem_strdup("");
	e->target = mem_strdup("");
	e->tls = tls;
	memcpy(e->visitor, visitor, strnlen(visitor, sizeof(e->visitor) - 1));
	e->wall_ms = clock_wall_ms();
	e->began_us = clock_us();
	e->first_byte_us = e->total_us = -1;
	list_init(&e->messages);
	list_init(&e->recent);
	list_add_tail(&c->exchanges, &e->node);
	c->n++;
	c->seen++;
	e->bytes = CAPTURE_EXCHANGE_BYTES;
	c->bytes += CAPTURE_EXCHANGE_BYTES;
	idmap_set(&c->by_id, (uint32_t)e->id, e);
	evict_above(c, e);
	return e;
}

void capture_set_request(struct exchange *e, struct http_span method, struct http_span target,
	unsigned int minor)
{
	if (!e->capture || charge(e, method.n + target.n) < method.n + target.n)
		return; /* what was charged leaves with the exchange */
	free(e->method);
	free(e->target);
	e->method = mem_strndup(method.at, method.n);
	e->target = mem_strndup(target.at, target.n);
	e->minor = minor;
}

void capture_set_head(struct exchange *e, enum exchange_side side, const char *head, size_t n)
{
	struct exchange_part *p = &e->part[side];

	if (!e->capture)
		return;
	give_back(e, p->head_len);
	free(p->head);
	p->head = NULL;
	p->head_len = 0;
	if (charge(e, n) < n)
		return; /* half a head says nothing; what was charged leaves with the exchange */
	p->head = mem_strndup(head, n);
	p->head_len = n;
}

/* Memory for a body of @cap bytes, as far as it fits. */
static void reserve(struct exchange *e, struct exchange_part *p, size_t cap)
{
	cap = p->cap + charge(e, cap - p->cap);
	if (cap > p->cap)
		p->body = mem_realloc(p->body, cap);
	p->cap = cap;
}

/* Give back what a body that has ended does not need. */
static void trim(struct exchange *e, struct exchange_part *p)
{
	size_t spare = p->cap - p->kept;

	if (spare == 0 || !e->capture)
		return;
	if (p->kept == 0)
		free(TAKE_PTR(p->body));
	else
		p->body = mem_realloc(p->body, p->kept);
	p->cap = p->kept;
	give_back(e, spare);
}

void capture_expect_body(struct exchange *e, enum exchange_side side, uint64_t length)
{
	struct exchange_part *p = &e->part[side];

	if (e->capture && p->cap == 0)
		reserve(e, p, (size_t)MIN(length, (uint64_t)e->capture->limits.body));
}

void capture_count_body(struct exchange *e, enum exchange_side side, size_t n)
{
	e->part[side].size += n;
}

void capture_add_body(struct exchange *e, enum exchange_side side, const void *bytes, size_t n)
{
	struct exchange_part *p = &e->part[side];
	bool whole = p->kept == p->size;
	size_t fits, max;

	if (!e->capture)
		return;
	p->size += n;
	if (!whole || n == 0)
		return;                             /* a gap would make the rest worthless */
	max = MAX(e->capture->limits.body, p->cap); /* it may have been lowered */
	if (p->kept + n > p->cap && p->cap < max)
		reserve(e, p, MIN(MAX(p->kept + n, MAX(p->cap * 2, (size_t)BODY_FIRST)), max));
	fits = MIN(n, p->cap - p->kept);
	if (fits == 0)
		return;
	memcpy(p->body + p->kept, bytes, fits);
	p->kept += fits;
}

/* --- messages -------------------------------------------------------------------------------- */

/* The one that is coming, begun if need be; NULL: it cannot be kept. */
static struct exchange_message *coming(struct exchange *e, enum exchange_side from)
{
	struct exchange_message *m = e->coming[from];
	size_t n;

	if (m || e->lost[from] || e->capture->limits.messages == 0)
		return m;
	n = charge(e, sizeof(*m));
	if (n < sizeof(*m)) {
		give_back(e, n);
		e->lost[from] = true;
		return NULL;
	}
	m = e->coming[from] = mem_new(struct exchange_message);
	m->from = from;
	return m;
}

/* Memory for @cap bytes of it, as far as it fits. */
static struct exchange_message *reserve_message(struct exchange *e, struct exchange_message *m,
	size_t cap)
{
	cap = m->cap + charge(e, cap - m->cap);
	if (cap > m->cap)
		m = mem_realloc(m, sizeof(*m) + cap);
	m->cap = cap;
	return m;
}

void capture_grow_message(struct exchange *e, enum exchange_side from, const void *bytes, size_t n)
{
	struct exchange_message *m = e->capture ? coming(e, from) : NULL;
	bool whole;
	size_t max;

	if (!m)
		return;
	whole = m->kept == m->size;
	m->size += n;
	if (!bytes || !whole)
		return;
	max = MAX(e->capture->limits.body, m->cap);
	if (m->kept + n > m->cap && m->cap < max)
		m = reserve_message(e, m,
			MIN(MAX(m->kept + n, MAX(m->cap * 2, (size_t)MESSAGE_FIRST)), max));
	n = MIN(n, m->cap - m->kept);
	if (n > 0)
		memcpy(m->bytes + m->kept, bytes, n);
	m->kept += n;
	e->coming[from] = m;
}

void capture_drop_message(struct exchange *e, enum exchange_side from)
{
	if (e->capture)
		free_message(e, TAKE_PTR(e->coming[from]));
	e->lost[from] = false;
}

void capture_finish_message(struct exchange *e, enum exchange_side from,
	enum exchange_message_kind kind)
{
	struct exchange_message *m = e->capture ? coming(e, from) : NULL;

	if (!e->capture)
		return;
	e->lost[from] = false;
	e->coming[from] = NULL;
	e->n_messages++;
	while (e->n_kept_messages > 0 && e->n_kept_messages >= e->capture->limits.messages)
		drop_message(e, list_entry(e->messages.next, struct exchange_message, node));
	if (!m || e->capture->limits.messages == 0) {
		free_message(e, m);
		return;
	}
	give_back(e, m->cap - m->kept);
	m = mem_realloc(m, sizeof(*m) + m->kept);
	m->cap = m->kept;
	m->kind = kind;
	m->wall_ms = clock_wall_ms();
	list_add_tail(&e->messages, &m->node);
	e->n_kept_messages++;
}

void capture_add_message(struct exchange *e, enum exchange_side from,
	enum exchange_message_kind kind, const void *bytes, size_t kept, uint64_t size)
{
	/* it may come in the middle of another one */
	struct exchange_message *other = TAKE_PTR(e->coming[from]);
	bool lost = e->lost[from];

	e->lost[from] = false;
	capture_grow_message(e, from, bytes, kept);
	if (e->coming[from])
		e->coming[from]->size = size;
	capture_finish_message(e, from, kind);
	e->coming[from] = other;
	e->lost[from] = lost;
}

/* --- ends ------------------------------------------------------------------------------------ */

void capture_end(struct exchange *e, const char *error)
{
	if (!e->capture || e->state != EXCHANGE_OPEN)
		return;
	e->state = error ? EXCHANGE_FAILED : EXCHANGE_DONE;
	mem_replace(&e->error, error);
	trim(e, &e->part[EXCHANGE_REQUEST]);
	trim(e, &e->part[EXCHANGE_RESPONSE]);
	capture_drop_message(e, EXCHANGE_REQUEST);
	capture_drop_message(e, EXCHANGE_RESPONSE);
	e->total_us = (int64_t)(clock_us() - e->began_us);
	capture_announce(e, CAPTURE_ENDED);
}

/* --- looking --------------------------------------------------------------------------------- */

struct exchange *capture_find(const struct capture *c, uint64_t id)
{
	struct exchange *e = idmap_get(&c->by_id, (uint32_t)id);

	return e && e->id == id ? e : NULL;
}

size_t capture_clear(struct capture *c, const char *tunnel)
{
	size_t n = 0;

	list_each_safe (e, &c->exchanges, struct exchange, node) {
		if (e->state == EXCHANGE_OPEN || (tunnel && strcmp(e->tunnel, tunnel) != 0))
			continue;
		evict(e);
		n++;
	}
	mem_trim();
	return n;
}

void capture_watch(struct capture *c, struct capture_watch *w, capture_changed_f *changed)
{
	w->changed = changed;
	list_add_tail(&c->watches, &w->node);
}

void capture_unwatch(struct capture *c, struct capture_watch *w)
{
	if (c->next_watch == &w->node)
		c->next_watch = w->node.next;
	if (w->node.next)
		list_del(&w->node);
}

void capture_announce(struct exchange *e, enum capture_event ev)
{
	struct capture *c = e->capture;

	if (!c)
		return;
	e->change = ++c->changes;
	list_del(&e->recent);
	list_add_tail(&c->recent, &e->recent);
	for (struct list *n = c->watches.next; n != &c->watches; n = c->next_watch) {
		struct capture_watch *w = list_entry(n, struct capture_watch, node);

		c->next_watch = n->next;
		w->changed(w, e, ev);
	}
	c->next_watch = NULL;
}
