/* SPDX-License-Identifier: MIT */
/*
 * soak: random acts on a pair of sessions.
 *
 * Streams are opened, written, ended, reset and released at both ends; lanes come and go;
 * WebSockets are lost by one end, by both, or turn silent; sessions resume; users that are told of
 * room act at once, in the middle of whatever the session does. The law at the end: who waits for
 * room was told of it; a stream that neither user reset brought every byte and both ends; nobody
 * closed the session; nothing is left, no stream and no byte of memory.
 */
#include "soak.h"

#include "base/macros.h"
#include "pair.h"

#define STREAMS_MAX 200

struct soak {
	struct pair pair;
	struct soak_dice *dice;
	bool over; /* no more acts */
};

static uint32_t roll(struct soak *k, uint32_t below)
{
	return k->dice->roll(k->dice) % below;
}

static struct end *any_end(struct soak *k)
{
	return roll(k, 2) ? &k->pair.server : &k->pair.client;
}

/* A user that still has its stream, or NULL. */
static struct user *any_user(struct soak *k)
{
	struct end *e = any_end(k);
	uint32_t n = roll(k, 16);
	struct user *found = NULL;

	list_each (u, &e->users, struct user, node) {
		if (!u->u.stream)
			continue;
		found = u;
		if (n-- == 0)
			break;
	}
	return found;
}

/* --- acts of users --------------------------------------------------------------------------- */

static void act_open(struct soak *k)
{
	struct end *e = any_end(k);
	struct user *u = NULL;

	if (session_stream_count(&e->session) < STREAMS_MAX)
		u = user_open(e);
	if (u && roll(k, 2))
		(void)user_write(u, roll(k, 5000));
}

static void act_write(struct soak *k)
{
	struct user *u = any_user(k);

	if (u && !u->ended)
		(void)user_write(u, roll(k, 8) ? roll(k, 3000) : roll(k, 400000));
}

static void act_end(struct soak *k)
{
	struct user *u = any_user(k);

	if (u && !u->ended)
		user_end(u);
}

static void act_consume(struct soak *k)
{
	struct user *u = any_user(k);

	if (u)
		user_consume(u, roll(k, 3) ? 1U << 30 : roll(k, 5000));
}

static void act_lazy(struct soak *k)
{
	struct user *u = any_user(k);

	if (u)
		u->lazy = true;
	any_end(k)->lazy = roll(k, 2);
}

static void act_reset(struct soak *k)
{
	struct user *u = any_user(k);

	if (u && roll(k, 3) == 0)
		user_reset(u, CLOSE_VISITOR_GONE);
}

static void act_release(struct soak *k)
{
	struct user *u = any_user(k);

	if (u && stream_is_ended(u->u.stream))
		user_release(u);
	else if (u)
		u->release_in_end = u->ended;
}

/* What a user does that is told of room: often the session is in the middle of a pull then. */
static void on_writable(struct user *u)
{
	struct soak *k = container_of(u->end->pair, struct soak, pair);

	if (k->over)
		return;
	switch (roll(k, 8)) {
	case 1:
	case 2:
	case 3:
		if (!u->ended)
			(void)user_write(u, roll(k, 400000));
		break;
	case 4:
		act_write(k);
		act_end(k);
		break;
	case 5:
		act_reset(k);
		act_release(k);
		break;
	case 6:
		user_reset(u, CLOSE_VISITOR_GONE);
		act_open(k);
		break;
	default:
		break;
	}
}

/* --- acts of the network --------------------------------------------------------------------- */

static void act_move(struct soak *k)
{
	(void)pair_move(&k->pair, 1 + roll(k, 20000));
}

static void act_trickle(struct soak *k)
{
	for (uint32_t n = roll(k, 30); n > 0; n--)
		(void)pair_move(&k->pair, 1 + roll(k, 50));
}

static void act_settle(struct soak *k)
{
	pair_settle(&k->pair);
}

static void act_lane(struct soak *k)
{
	struct pair *p = &k->pair;

	if (session_is_live(&p->server.session) && session_is_live(&p->client.session) &&
		!p->client.base->dead && p->client.base->other == p->server.base)
		pair_lane(p);
}

static void lose(struct soak *k, unsigned int rank)
{
	struct half *h = pair_half(&k->pair, any_end(k), rank);

	if (!h)
		return;
	switch (roll(k, 4)) {
	case 0:
		pair_cut(&k->pair, rank);
		break;
	case 1: /* one end notices, the other does not yet */
		h->other->black = true;
		half_lose(h);
		break;
	case 2: /* nobody does, until time passes */
		h->black = h->other->black = true;
		break;
	default: /* bytes of one direction still arrive, those of the other are lost */
		h->black = true;
	}
}

static void act_lose_lane(struct soak *k)
{
	lose(k, LINK_RANK_LANE);
}

static void act_lose_base(struct soak *k)
{
	if (roll(k, 3) == 0)
		lose(k, LINK_RANK_WEBSOCKET);
}

/* The client connects again when it has noticed. */
static void act_connect(struct soak *k)
{
	if (!k->pair.client.session.base_link)
		pair_connect(&k->pair);
}

static void act_time(struct soak *k)
{
	pair_pass(&k->pair, roll(k, 700));
	act_connect(k);
}

static void act_long_time(struct soak *k)
{
	if (roll(k, 8))
		return;
	pair_pass(&k->pair, 6000);
	act_connect(k);
}

typedef void act_f(struct soak *k);

static act_f *const acts[] = {
	act_open,
	act_open,
	act_write,
	act_write,
	act_write,
	act_write,
	act_end,
	act_consume,
	act_consume,
	act_lazy,
	act_reset,
	act_release,
	act_release,
	act_move,
	act_move,
	act_move,
	act_move,
	act_trickle,
	act_settle,
	act_lane,
	act_lose_lane,
	act_time,
	act_connect,
	act_settle,
	act_lose_base,
	act_long_time,
	act_move,
};

/* --- the end --------------------------------------------------------------------------------- */

static bool finish_users(struct end *e)
{
	bool left = false;

	list_each (u, &e->users, struct user, node) {
		if (!u->u.stream)
			continue;
		left = true;
		u->lazy = false;
		user_consume(u, u->unconsumed);
		if (!u->ended)
			user_end(u);
		if (u->u.stream && stream_is_ended(u->u.stream))
			user_release(u);
	}
	return left;
}

/* Everybody takes what is there. True: somebody waits for room all the same. */
static bool consume_all(struct end *e)
{
	bool waits = false;

	list_each (u, &e->users, struct user, node) {
		u->lazy = false;
		user_consume(u, u->unconsumed);
		waits = waits || (u->u.stream && !u->ended && u->waits);
	}
	return waits;
}

static void check_room(struct pair *p)
{
	unsigned int turns = 0;

	while ((int)consume_all(&p->client) | (int)consume_all(&p->server)) {
		CHECK(++turns < 100);
		pair_pass(p, 250);
	}
}

static void finish(struct soak *k)
{
	struct pair *p = &k->pair;

	k->over = true;

	for (int i = 0; i < 20 && !(session_is_live(&p->server.session) &&
					  session_is_live(&p->client.session));
		i++) {
		act_connect(k);
		pair_pass(p, 6000);
	}
	/* black links that nobody has noticed yet die of silence */
	pair_pass(p, 16000);
	act_connect(k);
	pair_settle(p);
	p->client.lazy = p->server.lazy = false;
	check_room(p);
	for (int i = 0; i < 20; i++) {
		bool left = finish_users(&p->client);

		left |= finish_users(&p->server);
		pair_pass(p, 250);
		if (!left)
			break;
	}
}

static void check_users(struct end *e, struct end *other)
{
	list_each (u, &e->users, struct user, node) {
		struct user *partner = user_of(other, u->id);
		bool given_up = u->did_reset || (partner && partner->did_reset);

		CHECK(!u->u.stream);
		CHECK(!u->was_reset || given_up);
		if (given_up)
			continue;
		CHECK(partner);
		CHECK(u->got_end && u->got == partner->sent);
	}
}

void soak_run(struct soak_dice *d, unsigned int steps)
{
	static struct soak k;
	struct session_limits limits = session_limits_default;

	limits.window = 16384U << d->roll(d) % 7;
	limits.memory = 1024 * 1024 << d->roll(d) % 4;
	k.dice = d;
	k.over = false;
	pair_init(&k.pair, &limits);
	k.pair.client.on_writable = k.pair.server.on_writable = on_writable;
	pair_connect(&k.pair);
	pair_settle(&k.pair);
	for (unsigned int i = 0; i < steps; i++)
		acts[roll(&k, ARRAY_SIZE(acts))](&k);
	finish(&k);
	CHECK(!k.pair.client.closed && !k.pair.server.closed);
	CHECK(session_stream_count(&k.pair.client.session) == 0);
	CHECK(session_stream_count(&k.pair.server.session) == 0);
	CHECK(k.pair.client.session.stats.memory == 0 && k.pair.server.session.stats.memory == 0);
	check_users(&k.pair.client, &k.pair.server);
	check_users(&k.pair.server, &k.pair.client);
	pair_deinit(&k.pair);
}
