/* SPDX-License-Identifier: MIT */
/*
 * pair: the world around mux for its tests: links without sockets, time without a clock.
 *
 * It keeps the contract of mux/link.h to the letter: it pulls only when it was woken, and frees a
 * link long after. Users send a pattern that depends on stream, direction and offset, and check
 * every byte they receive against it.
 */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define OUT_MAX (256 * 1024)

void pair_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
	abort();
}

static uint8_t pattern(uint32_t id, bool from_server, uint64_t offset)
{
	uint64_t x = (offset + 1) * 0x9e3779b97f4a7c15ULL ^ (uint64_t)id << 32;

	return (uint8_t)((x >> 40) + (from_server ? 97 : 0));
}

/* --- links ----------------------------------------------------------------------------------- */

static void half_wake(struct link *l)
{
	container_of(l, struct half, link)->woken = true;
}

static void half_close(struct link *l, enum close_reason why, const char *text)
{
	struct half *h = container_of(l, struct half, link);

	(void)text;
	CHECK(!l->session && !h->let_go);
	h->let_go = h->woken = true;
	h->why = why;
}

static const struct link_ops websocket = {"websocket", half_wake, half_close};
static const struct link_ops lane = {"lane", half_wake, half_close};

static struct half *half_new(struct pair *p, unsigned int rank)
{
	struct half *h = mem_new(struct half);

	link_init(&h->link, rank == LINK_RANK_LANE ? &lane : &websocket, rank);
	h->pair = p;
	list_init(&h->node);
	list_add_tail(&p->halves, &h->node);
	buf_init(&h->out, 2 * OUT_MAX);
	return h;
}

static struct half *half_pair(struct pair *p, unsigned int rank)
{
	struct half *a = half_new(p, rank), *b = half_new(p, rank);

	a->other = b;
	b->other = a;
	return a;
}

void half_lose(struct half *h)
{
	h->dead = true;
	buf_clear(&h->out);
	link_lost(&h->link, CLOSE_LINK_LOST, h->pair->now);
}

static void half_pull(struct half *h)
{
	while (h->woken && !h->dead && buf_len(&h->out) < OUT_MAX) {
		/* exactly as big as promised, so that a sanitizer sees one byte too far */
		uint8_t *bytes = mem_alloc(FRAME_MAX_SIZE + 1000);
		size_t n = link_pull(&h->link, bytes, FRAME_MAX_SIZE + 1000, h->pair->now);

		CHECK(n <= FRAME_MAX_SIZE + 1000);
		CHECK(buf_add(&h->out, bytes, n) == n);
		free(bytes);
		if (n == 0)
			h->woken = false;
	}
}

bool half_move(struct half *h, size_t max)
{
	size_t n;
	uint8_t *bytes;

	if (h->dead)
		return false;
	half_pull(h);
	n = MIN(buf_len(&h->out), MIN(max, h->pair->chunk));
	if (n == 0 && h->let_go && buf_len(&h->out) == 0) {
		h->dead = true;
		if (!h->other->dead && !h->black)
			half_lose(h->other);
		return true;
	}
	if (n == 0)
		return false;
	bytes = mem_dup(buf_data(&h->out), n);
	buf_consume(&h->out, n);
	if (!h->black && !h->other->dead && h->other->link.session)
		(void)link_input(&h->other->link, bytes, n, h->pair->now);
	free(bytes);
	return true;
}

struct half *pair_half(struct pair *p, struct end *e, unsigned int rank)
{
	list_each (h, &p->halves, struct half, node) {
		if (h->link.session == &e->session && h->link.rank == rank && !h->dead)
			return h;
	}
	return NULL;
}

/* --- sessions -------------------------------------------------------------------------------- */

static void handshake(struct end *e, const struct frame *f)
{
	struct session *s = &e->session;
	bool again = s->greeted;

	if (f->type == FRAME_HELLO)
		session_send(s, FRAME_WELCOME, 0, "{}", 2);
	if (again)
		session_resume(s, e->pair->now);
	else
		session_greeted(s, s->limits.window, e->pair->now);
}

static void on_frame(struct session *s, struct link *l, const struct frame *f)
{
	struct end *e = container_of(s, struct end, session);

	e->frames++;
	if (e->on_frame)
		e->on_frame(e, l, f);
	else if (f->type == FRAME_HELLO || f->type == FRAME_WELCOME)
		handshake(e, f);
	else if (f->type == FRAME_GOAWAY) {
		e->goaways++;
		(void)!frame_reason_decode(&e->goaway, f);
	}
}

static void on_data(struct stream_user *su, const uint8_t *bytes, size_t n)
{
	struct user *u = container_of(su, struct user, u);
	int differs = 0;

	CHECK(!u->got_end && n > 0);
	for (size_t i = 0; i < n; i++)
		differs |= bytes[i] ^ pattern(u->id, !u->from_server, u->got + i);
	CHECK(!differs || u->end->pair->garbage);
	u->got += n;
	if (u->lazy)
		u->unconsumed += n;
	else
		stream_consumed(su->stream, n);
	if (u->on_data)
		u->on_data(u);
}

static void on_end(struct stream_user *su)
{
	struct user *u = container_of(su, struct user, u);

	CHECK(!u->got_end);
	u->got_end = true;
	if (u->release_in_end)
		user_release(u);
}

static void on_reset(struct stream_user *su, enum close_reason why, const char *text)
{
	struct user *u = container_of(su, struct user, u);

	CHECK(!su->stream && !u->was_reset);
	u->was_reset = true;
	u->why = why;
	(void)snprintf(u->text, sizeof(u->text), "%s", text);
	if (u->on_reset)
		u->on_reset(u);
}

static void on_writable(struct stream_user *su)
{
	struct user *u = container_of(su, struct user, u);

	CHECK(stream_room(su->stream) > 0);
	u->writable++;
	u->waits = false;
	if (u->end->on_writable)
		u->end->on_writable(u);
}

static const struct stream_user_ops user_ops = {on_data, on_end, on_reset, on_writable};

static struct user *user_new(struct end *e, struct stream *st)
{
	struct user *u = mem_new(struct user);

	u->end = e;
	u->id = st->id;
	u->from_server = e->session.is_server;
	u->lazy = e->lazy;
	list_init(&u->node);
	list_add_tail(&e->users, &u->node);
	stream_bind(st, &u->u, &user_ops);
	e->last = u;
	return u;
}

static void on_opened(struct session *s, struct stream *st, const struct frame_open *open)
{
	struct end *e = container_of(s, struct end, session);

	e->opens++;
	e->open = *open;
	if (e->on_opened)
		e->on_opened(e, st);
	else if (e->refuse)
		stream_reset(st, CLOSE_NO_TUNNEL, "no");
	else
		(void)user_new(e, st);
}

static void on_detached(struct session *s, enum close_reason why)
{
	struct end *e = container_of(s, struct end, session);

	e->detached = true;
	e->why = why;
}

static void on_closed(struct session *s, enum close_reason why, const char *text)
{
	struct end *e = container_of(s, struct end, session);

	CHECK(!e->closed);
	e->closed = true;
	e->why = why;
	(void)snprintf(e->text, sizeof(e->text), "%s", text);
}

static void on_deadline(struct session *s, clock_ms_t at)
{
	struct end *e = container_of(s, struct end, session);

	e->deadline = at;
	e->deadlines++;
}

static const struct session_ops session_ops = {
	.frame = on_frame,
	.opened = on_opened,
	.detached = on_detached,
	.closed = on_closed,
	.deadline = on_deadline,
};

static void end_init(struct end *e, struct pair *p, const struct session_limits *limits,
	bool is_server)
{
	e->pair = p;
	list_init(&e->users);
	session_init(&e->session, &session_ops, limits, is_server, p->now);
}

static void end_deinit(struct end *e)
{
	struct list *n;

	session_deinit(&e->session);
	CHECK(e->session.stats.memory == 0);
	while ((n = list_pop(&e->users)))
		free(list_entry(n, struct user, node));
}

void pair_init(struct pair *p, const struct session_limits *limits)
{
	memset(p, 0, sizeof(*p));
	list_init(&p->halves);
	p->now = 1000;
	p->chunk = SIZE_MAX;
	limits = limits ? limits : &session_limits_default;
	end_init(&p->client, p, limits, /* is_server= */ false);
	end_init(&p->server, p, limits, /* is_server= */ true);
}

void pair_deinit(struct pair *p)
{
	struct list *n;

	end_deinit(&p->client);
	end_deinit(&p->server);
	while ((n = list_pop(&p->halves))) {
		struct half *h = list_entry(n, struct half, node);

		link_deinit(&h->link);
		buf_deinit(&h->out);
		free(h);
	}
}

void pair_connect(struct pair *p)
{
	struct half *h = half_pair(p, LINK_RANK_WEBSOCKET);

	p->client.base = h;
	p->server.base = h->other;
	session_attach(&p->client.session, &h->link, p->now);
	session_attach(&p->server.session, &h->other->link, p->now);
	session_send(&p->client.session, FRAME_HELLO, 0, "{}", 2);
}

void pair_lane(struct pair *p)
{
	struct half *h = half_pair(p, LINK_RANK_LANE);

	session_attach(&p->server.session, &h->other->link, p->now);
	session_attach(&p->client.session, &h->link, p->now);
}

bool pair_move(struct pair *p, size_t max)
{
	bool moved = false;

	list_each (h, &p->halves, struct half, node)
		moved |= half_move(h, max);
	return moved;
}

void pair_settle(struct pair *p)
{
	unsigned int turns = 0;

	while (pair_move(p, SIZE_MAX))
		CHECK(++turns < 10 * 1000 * 1000);
}

static void tick(struct end *e)
{
	if (e->closed || !e->deadline || e->deadline > e->pair->now)
		return;
	e->deadline = 0;
	session_tick(&e->session, e->pair->now);
}

static clock_ms_t sooner(const struct end *e, clock_ms_t until)
{
	return !e->closed && e->deadline ? MIN(until, MAX(e->deadline, e->pair->now)) : until;
}

void pair_pass(struct pair *p, clock_ms_t ms)
{
	clock_ms_t until = p->now + ms;

	for (unsigned int turns = 0; p->now < until; turns++) {
		CHECK(turns < 10 * 1000);
		pair_settle(p);
		p->now = sooner(&p->client, sooner(&p->server, until));
		tick(&p->client);
		tick(&p->server);
	}
	pair_settle(p);
}

void pair_cut(struct pair *p, unsigned int rank)
{
	list_each (h, &p->halves, struct half, node) {
		if (h->link.rank == rank && !h->dead)
			half_lose(h);
	}
}

int pair_inject(struct pair *p, struct end *e, const void *bytes, size_t n)
{
	uint8_t *copy = mem_dup(bytes, n);
	int r = link_input(&e->base->link, copy, n, p->now);

	free(copy);
	return r;
}

/* --- users ----------------------------------------------------------------------------------- */

struct user *user_open(struct end *e)
{
	struct frame_open open = {.tunnel = 7, .visitor = "192.0.2.1:5000", .tls = true};
	struct stream *st = session_open(&e->session, &open);

	return st ? user_new(e, st) : NULL;
}

struct user *user_of(struct end *e, uint32_t id)
{
	list_each (u, &e->users, struct user, node) {
		if (u->id == id)
			return u;
	}
	return NULL;
}

size_t user_write(struct user *u, size_t n)
{
	uint8_t bytes[4096];
	size_t done = 0, part, took;

	do {
		part = MIN(n - done, sizeof(bytes));
		for (size_t i = 0; i < part; i++)
			bytes[i] = pattern(u->id, u->from_server, u->sent + i);
		took = stream_write(u->u.stream, bytes, part);
		u->sent += took;
		done += took;
	} while (took == part && done < n);
	u->waits = done < n;
	return done;
}

void user_end(struct user *u)
{
	u->ended = true;
	stream_end(u->u.stream);
}

void user_consume(struct user *u, uint64_t n)
{
	n = MIN(n, u->unconsumed);
	u->unconsumed -= n;
	if (u->u.stream && n > 0)
		stream_consumed(u->u.stream, (size_t)n);
}

void user_reset(struct user *u, enum close_reason why)
{
	u->did_reset = true;
	stream_reset(u->u.stream, why, "enough");
	CHECK(!u->u.stream);
}

void user_release(struct user *u)
{
	if (!stream_is_ended(u->u.stream))
		u->did_reset = true;
	u->released = true;
	stream_release(u->u.stream, CLOSE_VISITOR_GONE);
	CHECK(!u->u.stream);
}
