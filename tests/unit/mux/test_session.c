/* SPDX-License-Identifier: MIT */
/* What two sessions owe each other, and what a peer that breaks the rules gets. */
#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "pair.h"

#define KIB 1024U
#define MIB (1024U * 1024)

static int setup(void **state)
{
	static struct pair p;

	pair_init(&p, NULL);
	pair_connect(&p);
	pair_settle(&p);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	pair_deinit(*state);
	return 0;
}

static size_t frame(uint8_t *out, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
	size_t n)
{
	frame_encode_header(out, type, flags, (uint16_t)n, id);
	if (n > 0)
		memcpy(out + FRAME_HEADER_SIZE, payload, n);
	return FRAME_HEADER_SIZE + n;
}

static void expect_closed(const struct end *e, enum close_reason why)
{
	assert_true(e->closed);
	assert_string_equal(close_word(e->why), close_word(why));
}

/* --- streams --------------------------------------------------------------------------------- */

static void bytes_and_ends_arrive_in_both_directions(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *b;

	assert_int_equal(user_write(a, 1000), 1000);
	user_end(a);
	pair_settle(p);
	b = p->client.last;
	assert_int_equal(b->id, a->id);
	assert_int_equal(p->client.open.tunnel, 7);
	assert_string_equal(p->client.open.visitor, "192.0.2.1:5000");
	assert_true(p->client.open.tls);
	assert_int_equal(b->got, 1000);
	assert_true(b->got_end);
	assert_int_equal(user_write(b, 70 * KIB), 70 * KIB); /* half-closed, the other half lives */
	pair_settle(p);
	assert_int_equal(a->got, 70 * KIB);
	assert_false(a->got_end);
	user_end(b);
	pair_settle(p);
	assert_true(a->got_end && stream_is_ended(a->u.stream) && stream_is_ended(b->u.stream));
	user_release(a);
	user_release(b);
	pair_settle(p);
	assert_int_equal(session_stream_count(&p->server.session), 0);
	assert_int_equal(session_stream_count(&p->client.session), 0);
}

static void bytes_cut_anywhere_mean_the_same(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->client);

	for (p->chunk = 1; p->chunk < 40; p->chunk += 3) {
		assert_int_equal(user_write(a, 20 * KIB), 20 * KIB);
		pair_settle(p);
		assert_int_equal(p->server.last->got, a->sent);
	}
}

static void a_released_stream_flushes_in_the_background(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *b;

	pair_settle(p);
	b = p->client.last;
	user_end(b);
	pair_settle(p);
	(void)user_write(a, 200 * KIB);
	user_end(a);
	user_release(a);
	assert_int_equal(session_stream_count(&p->server.session), 1);
	pair_settle(p);
	assert_int_equal(b->got, 200 * KIB);
	assert_true(b->got_end);
	assert_int_equal(session_stream_count(&p->server.session), 0);
	assert_int_equal(p->server.session.stats.memory, 0);
}

static void a_release_before_the_end_is_a_reset_and_never_an_end(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	(void)user_write(a, 10);
	pair_settle(p);
	user_release(a);
	pair_settle(p);
	assert_true(p->client.last->was_reset);
	assert_false(p->client.last->got_end);
	assert_int_equal(p->client.last->why, CLOSE_VISITOR_GONE);
}

static void a_reset_carries_its_reason_and_words(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	user_reset(p->client.last, CLOSE_ORIGIN_REFUSED);
	pair_settle(p);
	assert_true(a->was_reset);
	assert_int_equal(a->why, CLOSE_ORIGIN_REFUSED);
	assert_string_equal(a->text, "enough");
	assert_int_equal(session_stream_count(&p->server.session), 0);
}

static void a_stream_reset_before_it_was_told_leaves_no_trace(void **state)
{
	struct pair *p = *state;

	user_reset(user_open(&p->server), CLOSE_VISITOR_GONE);
	pair_settle(p);
	assert_int_equal(p->client.opens, 0);
	assert_false(p->client.closed);
}

static void a_refused_stream_is_reset(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	p->client.refuse = true;
	(void)user_write(a, 100 * KIB);
	user_end(a);
	pair_settle(p);
	assert_int_equal(a->why, CLOSE_NO_TUNNEL);
	assert_false(p->server.closed || p->client.closed);
}

static void no_more_streams_than_agreed(void **state)
{
	struct pair *p = *state;
	struct user *a;

	p->client.session.limits.max_streams = 2;
	(void)user_open(&p->server);
	(void)user_open(&p->server);
	a = user_open(&p->server);
	pair_settle(p);
	assert_int_equal(a->why, CLOSE_LIMIT);
	assert_int_equal(p->client.opens, 2);
	assert_null(user_open(&p->client));
}

static void goaway_drains(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	session_goaway(&p->server.session, CLOSE_SHUTDOWN, 1500, "back soon");
	pair_settle(p);
	assert_int_equal(p->client.goaway.value, 1500);
	assert_int_equal(p->client.goaway.reason, CLOSE_SHUTDOWN);
	assert_string_equal(p->client.goaway.text, "back soon");
	assert_null(user_open(&p->server));
	assert_null(user_open(&p->client));
	assert_int_equal(user_write(a, 1000), 1000);
	pair_settle(p);
	assert_int_equal(p->client.last->got, 1000);
}

static void a_stream_that_crossed_a_goaway_is_served(void **state)
{
	struct pair *p = *state;
	struct user *crossing = user_open(&p->server);

	session_goaway(&p->client.session, CLOSE_SHUTDOWN, 0, "");
	pair_settle(p);
	assert_int_equal(p->client.opens, 1);
	assert_int_equal(user_write(crossing, 1000), 1000);
	pair_settle(p);
	assert_int_equal(p->client.last->got, 1000);
	assert_null(user_open(&p->server));
}

/* Its own GOAWAY is a session's frame: it goes first, perhaps over another link. */
static void a_stream_that_its_own_sides_goaway_has_overtaken_is_served(void **state)
{
	struct pair *p = *state;
	struct user *before;

	pair_lane(p);
	pair_settle(p);
	before = user_open(&p->server);
	assert_int_equal(user_write(before, 1000), 1000);
	session_goaway(&p->server.session, CLOSE_SHUTDOWN, 0, "");
	assert_true(half_move(pair_half(p, &p->server, LINK_RANK_WEBSOCKET), 1000));
	assert_int_equal(p->client.goaways, 1);
	assert_int_equal(p->client.opens, 0);
	pair_settle(p);
	assert_false(before->was_reset);
	assert_int_equal(p->client.last->got, 1000);
	assert_null(user_open(&p->server));
	assert_null(user_open(&p->client));
}

/* --- bounds ---------------------------------------------------------------------------------- */

static void an_idle_stream_holds_no_ring_and_is_small(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	assert_true(sizeof(struct stream) <= 280);
	(void)user_write(a, 50 * KIB);
	assert_true(p->server.session.stats.memory >= 50 * KIB);
	pair_pass(p, 1000);
	assert_int_equal(p->client.last->got, 50 * KIB);
	assert_int_equal(p->server.session.stats.memory, 0);
	assert_null(a->u.stream->ring.data);
}

static void a_slow_reader_stops_its_own_writer_and_nobody_else(void **state)
{
	struct pair *p = *state;
	struct user *slow = user_open(&p->server), *fast = user_open(&p->server);
	struct user *sleeper;

	p->client.lazy = true;
	pair_settle(p);
	sleeper = user_of(&p->client, slow->id);
	user_of(&p->client, fast->id)->lazy = false;
	for (int i = 0; i < 50; i++) {
		(void)user_write(slow, MIB);
		(void)user_write(fast, MIB);
		pair_settle(p);
	}
	assert_int_equal(sleeper->got, 256 * KIB);
	assert_true(slow->sent <= (256 + 64) * KIB);
	assert_true(fast->sent > 10 * MIB);
	assert_int_equal(slow->writable, 0);
	user_consume(sleeper, 256 * KIB);
	pair_settle(p);
	assert_int_equal(slow->writable, 1);
	assert_true(sleeper->got == slow->sent);
}

static void a_consumer_announces_by_quarters_and_not_per_call(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);
	uint64_t limit;

	p->client.lazy = true;
	(void)user_write(a, 256 * KIB);
	pair_settle(p);
	limit = a->u.stream->limit;
	for (int i = 0; i < 63; i++)
		user_consume(p->client.last, KIB);
	pair_settle(p);
	assert_int_equal(a->u.stream->limit, limit);
	user_consume(p->client.last, KIB);
	pair_settle(p);
	assert_int_equal(a->u.stream->limit, limit + 64 * KIB);
	/* little things are acknowledged a little later */
	user_consume(p->client.last, KIB);
	pair_pass(p, 1000);
	assert_int_equal(a->u.stream->limit, limit + 65 * KIB);
}

static void a_fast_reader_far_away_gets_a_larger_window(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);
	struct stream *st;

	pair_settle(p);
	st = p->client.last->u.stream;
	p->client.base->link.rtt_us = 100 * 1000;
	for (int i = 0; i < 400; i++) {
		p->now += 10;
		(void)user_write(a, 4 * MIB);
		pair_settle(p);
	}
	assert_true(st->window.size > MIB);
	assert_true(st->window.size <= 16 * MIB);
	assert_true(p->client.session.stats.memory <= p->client.session.limits.memory);
	assert_int_equal(p->client.last->got, a->sent);
}

static void large_rings_are_given_back_a_while_after_the_work(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);
	const uint8_t *data = NULL;

	pair_settle(p);
	p->client.base->link.rtt_us = 100 * 1000;
	for (int i = 0; i < 500; i++) {
		(void)user_write(a, 4 * MIB);
		pair_pass(p, 10);
		if (i == 300)
			data = a->u.stream->ring.data;
	}
	/* used all the time: if it was given back meanwhile, it would have to grow again */
	assert_true(a->u.stream->ring.cap >= 256 * KIB);
	assert_ptr_equal(a->u.stream->ring.data, data);
	pair_pass(p, 3000);
	assert_int_equal(p->server.session.stats.memory, 0);
	assert_null(a->u.stream->ring.data);
	assert_int_equal(p->client.last->got, a->sent);
}

static void a_link_that_takes_nothing_is_not_written_for(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);
	uint64_t before;

	pair_settle(p);
	p->client.base->link.rtt_us = 100 * 1000;
	for (int i = 0; i < 400; i++) {
		p->now += 10;
		(void)user_write(a, 4 * MIB);
		pair_settle(p);
	}
	assert_true(a->u.stream->limit - a->u.stream->sent > 2 * MIB);
	before = a->sent;
	a->writable = 0;
	assert_int_equal(user_write(a, 4 * MIB), 512 * KIB);
	assert_int_equal(user_write(a, 1), 0);
	assert_int_equal(a->writable, 0);
	/* as soon as half of it has left, not when it has arrived */
	while (a->u.stream->sent - before < 256 * KIB)
		assert_true(half_move(p->server.base, 1));
	assert_int_equal(a->writable, 1);
	assert_true(user_write(a, MIB) >= 256 * KIB);
	pair_settle(p);
	assert_int_equal(p->client.last->got, a->sent);
}

static void used_up_memory_leaves_every_stream_a_little(void **state)
{
	struct pair *p = *state;
	struct user *u[20];
	size_t most = 0;

	p->server.session.limits.memory = MIB;
	p->client.lazy = true;
	for (int i = 0; i < 20; i++) {
		u[i] = user_open(&p->server);
		assert_true(user_write(u[i], 10 * MIB) > 0);
		pair_settle(p);
		most = MAX(most, p->server.session.stats.memory);
	}
	assert_true(most < 2 * MIB);
	for (int turn = 0; turn < 2000 && u[19]->sent < MIB; turn++) {
		user_consume(user_of(&p->client, u[19]->id), MIB);
		pair_pass(p, 300);
		(void)user_write(u[19], MIB);
	}
	assert_true(u[19]->sent >= MIB); /* lean, but it moves */
}

static void room_that_was_told_is_there(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);
	uint8_t bytes[60000] = {0};

	p->garbage = true;
	p->server.session.limits.memory = 64 * KIB;
	assert_int_equal(stream_write(a->u.stream, bytes, 30000), 30000);
	pair_pass(p, 300);
	/* these lie around the ring's wrap, and use up the memory */
	assert_true(stream_room(a->u.stream) >= sizeof(bytes));
	assert_int_equal(stream_write(a->u.stream, bytes, sizeof(bytes)), sizeof(bytes));
	pair_pass(p, 300);
	assert_int_equal(p->client.last->got, 90000);
}

static void what_rings_keep_for_nothing_makes_nobody_lean(void **state)
{
	struct pair *p = *state;
	struct user *chatty[8], *a = user_open(&p->server);
	struct session *s = &p->server.session;

	for (size_t i = 0; i < ARRAY_SIZE(chatty); i++)
		chatty[i] = user_open(&p->server);
	pair_settle(p);
	s->limits.memory = ARRAY_SIZE(chatty) * 128 * KIB + 1;
	for (size_t i = 0; i < ARRAY_SIZE(chatty); i++)
		assert_int_equal(user_write(chatty[i], 100 * KIB), 100 * KIB);
	pair_pass(p, 300);
	for (size_t i = 0; i < ARRAY_SIZE(chatty); i++)
		assert_int_equal(ring_len(&chatty[i]->u.stream->ring), 0);
	assert_int_equal(user_write(a, 200 * KIB), 200 * KIB);
	assert_true(s->stats.memory < s->limits.memory);
	pair_settle(p);
	assert_int_equal(user_of(&p->client, a->id)->got, a->sent);
}

static void lean_streams_do_not_wait_for_the_clock(void **state)
{
	struct pair *p = *state;
	struct user *u[20], *swift;

	p->client.lazy = true;
	p->server.session.limits.memory = MIB;
	for (size_t i = 0; i < 20; i++) {
		u[i] = user_open(&p->server);
		pair_settle(p);
		(void)user_write(u[i], MIB);
	}
	assert_true(p->server.session.stats.memory >= MIB);
	p->client.lazy = false;
	swift = user_open(&p->server);
	pair_settle(p);
	for (int i = 0; i < 200 && swift->sent < MIB; i++) {
		(void)user_write(swift, MIB - swift->sent);
		pair_settle(p);
	}
	assert_int_equal(user_of(&p->client, swift->id)->got,
		MIB); /* and not a millisecond passed */
}

static void bulk_streams_take_turns(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *b = user_open(&p->server);

	pair_settle(p);
	(void)user_write(a, 256 * KIB);
	(void)user_write(b, 256 * KIB);
	(void)pair_move(p, 128 * KIB);
	assert_in_range(user_of(&p->client, a->id)->got, 40 * KIB, 80 * KIB);
	assert_in_range(user_of(&p->client, b->id)->got, 40 * KIB, 80 * KIB);
}

static void an_answer_that_is_short_overtakes_bulk(void **state)
{
	struct pair *p = *state;
	struct user *bulk[4], *brief;

	for (size_t i = 0; i < 4; i++)
		bulk[i] = user_open(&p->server);
	brief = user_open(&p->server);
	pair_settle(p);
	for (size_t i = 0; i < 4; i++)
		(void)user_write(bulk[i], 256 * KIB);
	(void)user_write(brief, KIB);
	(void)pair_move(p, 20 * KIB);
	assert_int_equal(user_of(&p->client, brief->id)->got, KIB);
}

static void short_answers_leave_half_of_the_link_to_bulk(void **state)
{
	struct pair *p = *state;
	struct user *bulk = user_open(&p->server), *brief[32];

	for (size_t i = 0; i < 32; i++)
		brief[i] = user_open(&p->server);
	pair_settle(p);
	(void)user_write(bulk, 250 * KIB);
	for (int round = 0; round < 10; round++) {
		for (size_t i = 0; i < 32; i++)
			(void)user_write(brief[i], 4 * KIB);
		(void)pair_move(p, 64 * KIB);
	}
	assert_true(user_of(&p->client, bulk->id)->got > 100 * KIB);
}

/* The peer takes a lower id than it has seen for a repetition. */
static void streams_are_opened_in_order_whatever_they_bring(void **state)
{
	struct pair *p = *state;
	struct user *long_one = user_open(&p->server), *short_one;

	(void)user_write(long_one, 200 * KIB);
	short_one = user_open(&p->server);
	(void)user_write(short_one, 10);
	pair_settle(p);
	assert_int_equal(user_of(&p->client, short_one->id)->got, 10);
	assert_int_equal(user_of(&p->client, long_one->id)->got, 200 * KIB);
}

/* --- lanes ----------------------------------------------------------------------------------- */

static void data_moves_to_a_lane_without_overtaking(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	(void)user_write(a, 200 * KIB);
	(void)pair_move(p, 10 * KIB);
	pair_lane(p);
	for (int i = 0; i < 400; i++) {
		(void)user_write(a, KIB);
		(void)pair_move(p, 1500);
	}
	pair_settle(p);
	assert_string_equal(session_data_kind(&p->server.session), "lane");
	assert_string_equal(session_data_kind(&p->client.session), "lane");
	assert_int_equal(p->client.last->got, a->sent);
	assert_true(pair_half(p, &p->server, LINK_RANK_LANE)->link.bytes_tx > 100 * KIB);
}

static void a_lost_lane_costs_no_byte(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *opened, *gone;

	pair_lane(p);
	pair_settle(p);
	for (int round = 0; round < 5; round++) {
		(void)user_write(a, 200 * KIB);
		(void)pair_move(p, 30 * KIB);
		opened = user_open(&p->server);
		(void)user_write(opened, 10);
		gone = user_open(&p->server);
		(void)pair_move(p, 0); /* all pulled, nothing delivered */
		user_reset(gone, CLOSE_VISITOR_GONE);
		pair_cut(p, LINK_RANK_LANE);
		pair_settle(p);
		assert_string_equal(session_data_kind(&p->server.session), "websocket");
		assert_int_equal(user_of(&p->client, a->id)->got, a->sent);
		assert_int_equal(user_of(&p->client, opened->id)->got, 10);
		assert_null(user_of(&p->client, gone->id));
		pair_lane(p);
		pair_settle(p);
		assert_string_equal(session_data_kind(&p->server.session), "lane");
	}
	assert_false(p->client.closed || p->server.closed);
}

static void a_lane_that_one_side_lost_is_lost_for_both(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_lane(p);
	pair_settle(p);
	(void)user_write(a, 100 * KIB);
	pair_half(p, &p->server, LINK_RANK_LANE)->black = true;
	(void)pair_move(p, SIZE_MAX);
	half_lose(pair_half(p, &p->client, LINK_RANK_LANE));
	pair_settle(p);
	assert_null(pair_half(p, &p->server, LINK_RANK_LANE));
	assert_int_equal(p->client.last->got, 100 * KIB);
}

static void bytes_under_way_during_a_resumption_may_be_acknowledged(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	(void)user_write(a, 100 * KIB);
	(void)half_move(p->server.base, 0); /* pulled, on the WebSocket */
	pair_lane(p);
	pair_cut(p, LINK_RANK_LANE); /* both state what they have: the client has nothing yet */
	while (half_move(p->server.base, SIZE_MAX))
		;
	assert_int_equal(p->client.last->got, 100 * KIB);
	(void)half_move(p->client.base, SIZE_MAX); /* its statement, and at once a WINDOW */
	assert_false(p->server.closed);
	assert_true(a->u.stream->ring.start > 0);
	(void)user_write(a, 1000);
	user_end(a);
	pair_settle(p);
	assert_int_equal(p->client.last->got, 100 * KIB + 1000);
	assert_true(p->client.last->got_end);
}

static void a_lane_that_comes_during_a_handshake_waits_for_it(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	pair_cut(p, LINK_RANK_WEBSOCKET);
	pair_connect(p);
	pair_lane(p);
	(void)user_write(a, 100 * KIB);
	while (pair_move(p, 7))
		;
	assert_string_equal(session_data_kind(&p->server.session), "lane");
	assert_string_equal(session_data_kind(&p->client.session), "lane");
	assert_int_equal(p->client.last->got, 100 * KIB);
}

/* --- resumption ------------------------------------------------------------------------------ */

static void the_visitor_sees_a_pause_and_not_a_reset(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *parked;

	(void)user_write(a, 200 * KIB);
	(void)pair_move(p, 50 * KIB);
	pair_cut(p, LINK_RANK_WEBSOCKET);
	assert_true(p->server.detached && p->client.detached);
	assert_false(session_is_live(&p->server.session));
	parked = user_open(&p->server);
	(void)user_write(parked, 77);
	pair_pass(p, 20 * 1000);
	pair_connect(p);
	pair_settle(p);
	assert_true(session_is_live(&p->server.session));
	assert_int_equal(user_of(&p->client, a->id)->got, 200 * KIB);
	assert_int_equal(user_of(&p->client, parked->id)->got, 77);
	assert_false(a->was_reset);
}

static void grace_ends(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	pair_cut(p, LINK_RANK_WEBSOCKET);
	pair_pass(p, 29900);
	assert_false(p->server.closed);
	pair_pass(p, 200);
	expect_closed(&p->server, CLOSE_LINK_LOST);
	expect_closed(&p->client, CLOSE_LINK_LOST);
	assert_true(a->was_reset && !a->got_end);
	assert_int_equal(a->why, CLOSE_LINK_LOST);
}

static void without_grace_a_lost_link_is_the_end(void **state)
{
	struct pair *p = *state;

	p->server.session.limits.grace_ms = 0;
	pair_cut(p, LINK_RANK_WEBSOCKET);
	expect_closed(&p->server, CLOSE_LINK_LOST);
}

static void a_new_link_replaces_one_that_only_seems_alive(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	(void)user_write(a, 100 * KIB);
	pair_half(p, &p->server, LINK_RANK_WEBSOCKET)->black = true;
	(void)pair_move(p, SIZE_MAX);
	half_lose(pair_half(p, &p->client, LINK_RANK_WEBSOCKET));
	pair_connect(p);
	/* nothing of a stream leaves before the handshake, though there is something */
	(void)user_write(a, 1000);
	(void)half_move(p->server.base, SIZE_MAX);
	assert_false(p->client.closed);
	pair_settle(p);
	assert_false(p->server.detached);
	assert_int_equal(p->client.last->got, 100 * KIB + 1000);
}

static void a_stream_reset_while_detached_is_over_at_both_ends(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *b = user_open(&p->client);

	pair_settle(p);
	pair_cut(p, LINK_RANK_WEBSOCKET);
	user_reset(a, CLOSE_VISITOR_GONE);
	user_reset(b, CLOSE_ORIGIN_RESET);
	pair_connect(p);
	pair_settle(p);
	assert_true(p->client.last->was_reset || user_of(&p->client, a->id)->was_reset);
	assert_true(user_of(&p->server, b->id)->was_reset);
	assert_int_equal(session_stream_count(&p->client.session), 0);
	assert_int_equal(session_stream_count(&p->server.session), 0);
}

static void a_finished_stream_is_not_reset_because_its_last_word_was_lost(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *b;

	pair_settle(p);
	b = p->client.last;
	(void)user_write(b, 100 * KIB);
	user_end(b);
	user_end(a);
	a->lazy = true; /* its visitor is slow */
	pair_settle(p);
	assert_true(a->got_end && b->got_end);
	user_release(b);
	pair_settle(p);
	/* now as if a's acknowledgement of b's end, and b's of a's, were told and lost */
	pair_cut(p, LINK_RANK_WEBSOCKET);
	pair_connect(p);
	pair_settle(p);
	assert_false(a->was_reset);
	user_consume(a, 100 * KIB);
	user_release(a);
	pair_settle(p);
	assert_int_equal(session_stream_count(&p->server.session), 0);
	assert_int_equal(session_stream_count(&p->client.session), 0);
}

/* All but the last WINDOW arrived: the client has finished, the server does not know. */
static void a_lost_last_window_finishes_the_stream_all_the_same(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server), *b;

	pair_settle(p);
	b = p->client.last;
	a->lazy = true;
	(void)user_write(b, 10);
	user_end(b);
	pair_settle(p);
	user_end(a);
	b->release_in_end = true;
	pair_half(p, &p->client, LINK_RANK_WEBSOCKET)->black = true;
	pair_settle(p);
	assert_true(b->released);
	assert_int_equal(session_stream_count(&p->client.session), 0);
	pair_cut(p, LINK_RANK_WEBSOCKET);
	pair_connect(p);
	pair_settle(p);
	assert_false(a->was_reset);
	assert_true(a->u.stream->end_acked);
	user_consume(a, 10);
	user_release(a);
	pair_settle(p);
	assert_int_equal(session_stream_count(&p->server.session), 0);
}

static void thousands_of_streams_resume(void **state)
{
	struct pair *p = *state;

	for (int i = 0; i < 2500; i++)
		(void)user_write(user_open(&p->server), 10);
	pair_settle(p);
	pair_cut(p, LINK_RANK_WEBSOCKET);
	list_each (u, &p->server.users, struct user, node)
		(void)user_write(u, 20);
	pair_connect(p);
	pair_settle(p);
	list_each (u, &p->client.users, struct user, node)
		assert_int_equal(u->got, 30);
	assert_int_equal(session_stream_count(&p->client.session), 2500);
}

/* --- time ------------------------------------------------------------------------------------ */

static void an_idle_session_wakes_once_per_ping(void **state)
{
	struct pair *p = *state;
	unsigned int before;

	pair_pass(p, 10 * 1000);
	before = p->client.deadlines;
	pair_pass(p, 100 * 1000);
	assert_in_range(p->client.deadlines - before, 15, 45);
	assert_true(session_is_live(&p->client.session));
}

static void a_silent_link_is_dead_after_15_seconds_idle_and_5_busy(void **state)
{
	struct pair *p = *state;

	pair_pass(p, 60 * 1000);
	assert_true(session_is_live(&p->server.session));
	pair_half(p, &p->client, LINK_RANK_WEBSOCKET)->black = true;
	pair_pass(p, 9000);
	assert_false(p->server.detached);
	pair_pass(p, 6500);
	assert_true(p->server.detached);
	assert_int_equal(p->server.why, CLOSE_TIMEOUT);
	pair_connect(p);
	pair_settle(p);
	p->server.detached = false;
	(void)user_open(&p->server);
	pair_settle(p);
	pair_half(p, &p->client, LINK_RANK_WEBSOCKET)->black = true;
	pair_pass(p, 4900);
	assert_false(p->server.detached);
	pair_pass(p, 200);
	assert_true(p->server.detached);
}

/* What wakes a server with many quiet sessions: their PINGs are due at common moments. */
/* It would begin from nothing on the lane, and the WebSocket has found its speed. */
static void bulk_stays_where_it_is_on_a_long_path_until_it_has_arrived(void **state)
{
	struct pair *p = *state;
	struct user *u = user_open(&p->server);

	p->server.session.data_link->rtt_min_us = 100 * 1000;
	p->client.session.data_link->rtt_min_us = 100 * 1000;
	p->client.lazy = true;
	assert_int_equal(user_write(u, 200 * 1024), 200 * 1024);
	pair_settle(p);
	pair_lane(p);
	pair_pass(p, 2000);
	assert_string_equal(session_data_kind(&p->server.session), "websocket");
	assert_string_equal(session_data_kind(&p->client.session), "lane");
	user_consume(p->client.last, 200 * 1024);
	pair_pass(p, 1000);
	assert_string_equal(session_data_kind(&p->server.session), "lane");
	assert_int_equal(p->server.session.move_at, 0);
	assert_int_equal(user_write(u, 100), 100);
	pair_settle(p);
	assert_int_equal(p->client.last->got, 200 * 1024 + 100);
}

static void bulk_moves_at_once_on_a_short_path(void **state)
{
	struct pair *p = *state;
	struct user *u = user_open(&p->server);

	p->client.lazy = true;
	assert_int_equal(user_write(u, 200 * 1024), 200 * 1024);
	pair_settle(p);
	pair_lane(p);
	pair_settle(p);
	assert_string_equal(session_data_kind(&p->server.session), "lane");
}

static void quiet_sessions_are_looked_at_together(void **state)
{
	struct pair *p = *state;
	clock_ms_t grain = session_limits_default.ping_ms / 8;

	for (int i = 0; i < 40; i++) {
		pair_pass(p, 1237);
		assert_int_equal(p->server.session.deadline_at % grain, 0);
		assert_int_equal(p->client.session.deadline_at % grain, 0);
	}
	assert_false(p->server.detached || p->client.detached);
}

static void a_quiet_link_is_not_dead_because_a_visitor_comes(void **state)
{
	struct pair *p = *state;

	pair_pass(p, 20 * 1000);
	p->now += 6999; /* nobody had anything to say; the PING is almost due */
	(void)user_open(&p->server);
	p->now += 1;
	session_tick(&p->server.session, p->now);
	session_tick(&p->client.session, p->now);
	assert_false(p->server.detached || p->client.detached);
	(void)user_open(&p->client);
	p->now += 1;
	session_tick(&p->server.session, p->now);
	session_tick(&p->client.session, p->now);
	pair_settle(p);
	assert_false(p->server.detached || p->client.detached);
}

static void a_dead_lane_is_not_the_end(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_lane(p);
	pair_settle(p);
	pair_half(p, &p->server, LINK_RANK_LANE)->black = true;
	pair_half(p, &p->client, LINK_RANK_LANE)->black = true;
	(void)user_write(a, 100 * KIB);
	pair_pass(p, 6000);
	assert_string_equal(session_data_kind(&p->server.session), "websocket");
	assert_int_equal(p->client.last->got, 100 * KIB);
	assert_false(p->server.detached || p->client.detached);
}

/* --- closing --------------------------------------------------------------------------------- */

static void a_close_resets_streams_and_tells_the_peer_why(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	pair_settle(p);
	session_close(&p->server.session, CLOSE_KEY_REVOKED, "go");
	assert_int_equal(a->why, CLOSE_KEY_REVOKED);
	expect_closed(&p->server, CLOSE_KEY_REVOKED);
	pair_settle(p);
	assert_int_equal(p->client.goaway.reason, CLOSE_KEY_REVOKED);
	assert_string_equal(p->client.goaway.text, "go");
	assert_true(p->client.detached); /* the link ended behind the words */
	assert_null(user_open(&p->server));
}

static void reset_all_others(struct user *u)
{
	list_each (other, &u->end->users, struct user, node) {
		if (other->u.stream)
			user_reset(other, CLOSE_INTERNAL);
	}
}

static void close_session(struct user *u)
{
	session_close(&u->end->session, CLOSE_SHUTDOWN, "from inside");
}

static void write_and_open(struct user *u)
{
	if (u->end->session.closed)
		return;
	(void)user_write(user_open(&u->end->pair->server), 10);
}

static void callbacks_may_end_everything(void **state)
{
	static void (*const acts[])(struct user * u) = {reset_all_others, close_session};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		struct pair p;

		pair_init(&p, NULL);
		pair_connect(&p);
		pair_settle(&p);
		for (int k = 0; k < 10; k++)
			(void)user_write(user_open(&p.server), 100 * KIB);
		(void)pair_move(&p, 1024);
		list_each (u, &p.client.users, struct user, node)
			u->on_data = acts[i];
		list_each (u, &p.server.users, struct user, node)
			u->on_reset = write_and_open;
		pair_settle(&p);
		assert_true(i == 0 || p.client.closed);
		pair_deinit(&p);
	}
}

/* --- peers that break the rules -------------------------------------------------------------- */

static const struct {
	const char *what;
	uint8_t type, flags;
	uint32_t id;
	const char *payload;
	size_t n;
	enum close_reason why;
} wrongs[] = {
	/* the injected one always is the client's peer: a server, with stream 1 open and 9 bytes
	   sent */
	{"unknown type", 0x40, 0, 0, "", 0, CLOSE_PROTOCOL},
	{"wrong direction", FRAME_HELLO, 0, 0, "{}", 2, CLOSE_PROTOCOL},
	{"wrong length", FRAME_PING, 0, 0, "1234567", 7, CLOSE_PROTOCOL},
	{"stream id on a session's frame", FRAME_PING, 0, 1, "12345678", 8, CLOSE_PROTOCOL},
	{"no stream id", FRAME_DATA, 0, 0, "\0\0\0\0\0\0\0\0", 8, CLOSE_PROTOCOL},
	{"OPEN with our parity", FRAME_OPEN, 0, 2, "\0\0\0\1", 4, CLOSE_PROTOCOL},
	{"OPEN that cannot be read", FRAME_OPEN, 0, 3, "\0\0\0\1\1\5ab", 8, CLOSE_PROTOCOL},
	{"DATA never opened", FRAME_DATA, 0, 99, "\0\0\0\0\0\0\0\0x", 9, CLOSE_PROTOCOL},
	{"DATA of ours never opened", FRAME_DATA, 0, 98, "\0\0\0\0\0\0\0\0x", 9, CLOSE_PROTOCOL},
	{"RESET of ours never opened", FRAME_RESET, 0, 98, "\0\1", 2, CLOSE_PROTOCOL},
	{"DATA leaves a gap", FRAME_DATA, 0, 1, "\0\0\0\0\0\0\0\x0ax", 9, CLOSE_PROTOCOL},
	{"DATA of ours that waits", FRAME_DATA, 0, 2, "\0\0\0\0\0\0\0\0x", 9, CLOSE_PROTOCOL},
	{"ack of what was never sent", FRAME_WINDOW, 0, 1,
		"\0\0\0\0\0\0\1\0"
		"\0\0\0\0\0\0\0\1",
		16, CLOSE_PROTOCOL},
	{"a limit beyond all windows", FRAME_WINDOW, 0, 1,
		"\0\0\0\0\1\0\0\1"
		"\0\0\0\0\0\0\0\0",
		16, CLOSE_PROTOCOL},
	{"RESUME that is no list", FRAME_RESUME, 1, 0, "0123456789", 10, CLOSE_PROTOCOL},
	{"RESUME of ours never opened", FRAME_RESUME, 1, 0,
		"\0\0\0\x62"
		"\0\0\0\0\0\0\0\0"
		"\0\0\0\0\0\0\0\0",
		20, CLOSE_PROTOCOL},
};

static void every_breach_has_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		uint8_t bytes[64];
		struct pair p;

		pair_init(&p, NULL);
		pair_connect(&p);
		pair_settle(&p);
		(void)user_write(user_open(&p.server), 9);
		pair_settle(&p);
		(void)user_open(&p.client); /* stream 2; OPEN not sent yet */
		(void)pair_inject(&p, &p.client, bytes,
			frame(bytes, wrongs[i].type, wrongs[i].flags, wrongs[i].id,
				wrongs[i].payload, wrongs[i].n));
		if (!p.client.closed || p.client.why != wrongs[i].why)
			fail_msg("%s: %d %s", wrongs[i].what, p.client.closed,
				close_word(p.client.why));
		pair_deinit(&p);
	}
}

static const struct {
	uint8_t type, flags;
	uint32_t id;
	const char *payload;
	size_t n;
} harmless[] = {
	{0x80, 0xff, 7, "whatever", 8}, {0xff, 0, 0, "", 0},
	{FRAME_PONG, 0, 0, "\0\0\0\0\0\0\0\1", 8},
	{FRAME_PONG, 0, 0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
	{FRAME_RESET, 0, 99, "\0\1", 2},               /* its OPEN was lost */
	{FRAME_DATA, 0, 1, "\0\0\0\0\0\0\0\0abc", 11}, /* a repetition, whatever is in it */
	{FRAME_DATA, 0, 1, "\0\0\0\0\0\0\0\x09", 8},   /* nothing */
	{FRAME_WINDOW, 0, 1,
		"\0\0\0\0\0\0\0\0"
		"\0\0\0\0\0\0\0\0",
		16},
	{FRAME_OPEN, 0, 1, "\0\0\0\1", 4}, /* again */
};

static void what_may_come_late_or_later_versions_say_is_harmless(void **state)
{
	struct pair *p = *state;
	struct user *a = user_open(&p->server);

	(void)user_write(a, 9);
	pair_settle(p);
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		uint8_t bytes[64];

		(void)pair_inject(p, &p->client, bytes,
			frame(bytes, harmless[i].type, harmless[i].flags, harmless[i].id,
				harmless[i].payload, harmless[i].n));
		pair_settle(p);
		assert_false(p->client.closed || p->server.closed);
	}
	assert_int_equal(p->client.last->got, 9);
	assert_int_equal(p->client.opens, 1);
	(void)user_write(a, 100);
	pair_settle(p);
	assert_int_equal(p->client.last->got, 109);
}

static void credit_is_enforced(void **state)
{
	struct pair *p = *state;
	uint8_t bytes[FRAME_HEADER_SIZE + 8 + FRAME_MAX_DATA] = {0};

	p->client.lazy = true;
	(void)user_open(&p->server);
	pair_settle(p);
	p->client.last->u.stream->window.granted = 100;
	frame_encode_header(bytes, FRAME_DATA, 0, 8 + 101, 1);
	assert_int_equal(pair_inject(p, &p->client, bytes, FRAME_HEADER_SIZE + 8 + 101), -ENOTCONN);
	expect_closed(&p->client, CLOSE_FLOW_CONTROL);
	pair_settle(p);
	assert_int_equal(p->server.goaway.reason, CLOSE_FLOW_CONTROL);
}

static void a_flood_of_pings_costs_no_memory(void **state)
{
	struct pair *p = *state;
	uint8_t bytes[16];
	size_t n = frame(bytes, FRAME_PING, 0, 0, "12345678", 8);

	for (int i = 0; i < 10000; i++)
		assert_int_equal(pair_inject(p, &p->client, bytes, n), 0);
	assert_true(buf_len(&p->client.base->link.control) <= LINK_CONTROL_MAX);
	pair_settle(p);
	assert_true(session_is_live(&p->server.session));
}

static void a_peer_that_does_not_read_is_closed_with_limit(void **state)
{
	struct pair *p = *state;
	uint8_t text[1000] = {0};

	for (int i = 0; i < 2000 && !p->server.closed; i++)
		session_send(&p->server.session, FRAME_REGISTERED, 0, text, sizeof(text));
	expect_closed(&p->server, CLOSE_LIMIT);
}

/* Each RESUME is answered with a list of all streams. */
static void a_peer_that_resumes_again_and_again_and_does_not_read_is_closed_with_limit(void **state)
{
	enum { STREAMS = 2000, ENTRY = 20, PER_FRAME = FRAME_MAX_RESUME / ENTRY };
	struct pair *p = *state;
	uint8_t bytes[FRAME_HEADER_SIZE + FRAME_MAX_RESUME] = {0};

	for (int i = 0; i < STREAMS; i++)
		(void)user_open(&p->server);
	pair_settle(p);
	for (int round = 0; round < 100 && !p->server.closed; round++) {
		for (uint32_t i = 0; i < STREAMS && !p->server.closed; i += PER_FRAME) {
			uint32_t n = MIN((uint32_t)PER_FRAME, STREAMS - i);

			for (uint32_t k = 0; k < n; k++) {
				uint32_t id = 2 * (i + k) + 1;

				bytes[FRAME_HEADER_SIZE + ENTRY * k + 2] = (uint8_t)(id >> 8);
				bytes[FRAME_HEADER_SIZE + ENTRY * k + 3] = (uint8_t)id;
			}
			frame_encode_header(bytes, FRAME_RESUME,
				i + n == STREAMS ? FRAME_FLAG_LAST : 0, (uint16_t)(n * ENTRY), 0);
			(void)pair_inject(p, &p->server, bytes, FRAME_HEADER_SIZE + n * ENTRY);
		}
	}
	expect_closed(&p->server, CLOSE_LIMIT);
}

static void stream_frames_before_the_handshake_are_a_breach(void **state)
{
	struct pair p;
	uint8_t bytes[64];

	(void)state;
	pair_init(&p, NULL);
	pair_connect(&p);
	(void)pair_inject(&p, &p.server, bytes, frame(bytes, FRAME_OPEN, 0, 2, "\0\0\0\1", 4));
	expect_closed(&p.server, CLOSE_PROTOCOL);
	pair_deinit(&p);
}

static void a_lane_carries_no_session_frames(void **state)
{
	struct pair *p = *state;
	uint8_t bytes[64];

	pair_lane(p);
	pair_settle(p);
	(void)link_input(&pair_half(p, &p->server, LINK_RANK_LANE)->link, bytes,
		frame(bytes, FRAME_LANE_ASK, 0, 0, "", 0), p->now);
	expect_closed(&p->server, CLOSE_PROTOCOL);
}

#define LAW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAW(bytes_and_ends_arrive_in_both_directions),
		LAW(bytes_cut_anywhere_mean_the_same),
		LAW(a_released_stream_flushes_in_the_background),
		LAW(a_release_before_the_end_is_a_reset_and_never_an_end),
		LAW(a_reset_carries_its_reason_and_words),
		LAW(a_stream_reset_before_it_was_told_leaves_no_trace),
		LAW(a_refused_stream_is_reset),
		LAW(no_more_streams_than_agreed),
		LAW(goaway_drains),
		LAW(a_stream_that_crossed_a_goaway_is_served),
		LAW(a_stream_that_its_own_sides_goaway_has_overtaken_is_served),
		LAW(an_idle_stream_holds_no_ring_and_is_small),
		LAW(a_slow_reader_stops_its_own_writer_and_nobody_else),
		LAW(a_consumer_announces_by_quarters_and_not_per_call),
		LAW(a_fast_reader_far_away_gets_a_larger_window),
		LAW(large_rings_are_given_back_a_while_after_the_work),
		LAW(a_link_that_takes_nothing_is_not_written_for),
		LAW(used_up_memory_leaves_every_stream_a_little),
		LAW(room_that_was_told_is_there),
		LAW(what_rings_keep_for_nothing_makes_nobody_lean),
		LAW(lean_streams_do_not_wait_for_the_clock),
		LAW(bulk_streams_take_turns),
		LAW(an_answer_that_is_short_overtakes_bulk),
		LAW(short_answers_leave_half_of_the_link_to_bulk),
		LAW(streams_are_opened_in_order_whatever_they_bring),
		LAW(data_moves_to_a_lane_without_overtaking),
		LAW(a_lost_lane_costs_no_byte),
		LAW(a_lane_that_one_side_lost_is_lost_for_both),
		LAW(bytes_under_way_during_a_resumption_may_be_acknowledged),
		LAW(a_lane_that_comes_during_a_handshake_waits_for_it),
		LAW(the_visitor_sees_a_pause_and_not_a_reset),
		LAW(grace_ends),
		LAW(without_grace_a_lost_link_is_the_end),
		LAW(a_new_link_replaces_one_that_only_seems_alive),
		LAW(a_stream_reset_while_detached_is_over_at_both_ends),
		LAW(a_finished_stream_is_not_reset_because_its_last_word_was_lost),
		LAW(a_lost_last_window_finishes_the_stream_all_the_same),
		LAW(thousands_of_streams_resume),
		LAW(an_idle_session_wakes_once_per_ping),
		LAW(a_silent_link_is_dead_after_15_seconds_idle_and_5_busy),
		LAW(bulk_stays_where_it_is_on_a_long_path_until_it_has_arrived),
		LAW(bulk_moves_at_once_on_a_short_path),
		LAW(quiet_sessions_are_looked_at_together),
		LAW(a_quiet_link_is_not_dead_because_a_visitor_comes),
		LAW(a_dead_lane_is_not_the_end),
		LAW(a_close_resets_streams_and_tells_the_peer_why),
		LAW(every_breach_has_its_name),
		LAW(callbacks_may_end_everything),
		LAW(what_may_come_late_or_later_versions_say_is_harmless),
		LAW(credit_is_enforced),
		LAW(a_flood_of_pings_costs_no_memory),
		LAW(a_peer_that_does_not_read_is_closed_with_limit),
		LAW(a_peer_that_resumes_again_and_again_and_does_not_read_is_closed_with_limit),
		LAW(stream_frames_before_the_handshake_are_a_breach),
		LAW(a_lane_carries_no_session_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
