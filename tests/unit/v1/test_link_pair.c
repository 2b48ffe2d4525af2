/* SPDX-License-Identifier: MIT */
/* Two sessions joined in memory: what passes, what is held, and how each side ends. */

#include "../session_pair.h"

#include "v1/link_pair.h"

#define MIB (1024 * 1024ULL)

static struct link_pair *pair;

static int setup(void **state)
{
	(void)loop_setup(state);
	end_init(&client, false);
	end_init(&server, true);
	link_pair_limit(&client.session.limits);
	link_pair_limit(&server.session.limits);
	pair = link_pair_new(&loop);
	session_attach(&client.session, &pair->near.link, clock_ms());
	session_attach(&server.session, &pair->far.link, clock_ms());
	session_greeted(&client.session, client.session.limits.window, clock_ms());
	session_greeted(&server.session, server.session.limits.window, clock_ms());
	return 0;
}

static int teardown(void **state)
{
	end_deinit(&client);
	end_deinit(&server);
	return loop_teardown(state);
}

static struct stream *open_stream(void)
{
	static const struct frame_open open = {.tunnel = 1};
	struct stream *st = session_open(&server.session, &open);

	assert_non_null(st);
	stream_bind(st, &server.party.user, &party_ops);
	return st;
}

static void bytes_pass_both_ways(void **state)
{
	server.party.to_send = client.party.to_send = 20 * MIB;
	server.party.end_after = client.party.end_after = true;
	(void)open_stream();
	party_pump(&server.party);
	until(client.party.user.stream);
	party_pump(&client.party);
	until(server.party.ended && client.party.ended);
	assert_int_equal(server.party.received, 20 * MIB);
	assert_int_equal(client.party.received, 20 * MIB);
	assert_string_equal(session_data_kind(&server.session), "v1");
}

static void a_held_end_stays_in_its_rings_and_nobody_is_taken_for_dead(void **state)
{
	const uint64_t window = session_limits_default.window;
	uint64_t before;

	server.party.to_send = 20 * MIB;
	server.party.end_after = true;
	(void)open_stream();
	party_pump(&server.party);
	until(client.party.received > MIB);
	link_pair_hold(&pair->far, true);
	before = client.party.received;
	for (int i = 0; i < 100; i++)
		turn();
	assert_int_equal(client.party.received, before);
	/* long after a link without a byte would be dead */
	session_tick(&client.session, clock_ms() + 3600000);
	session_tick(&server.session, clock_ms() + 3600000);
	assert_int_equal(client.closed + server.closed, 0);
	assert_true(server.party.sent < before + 2 * window + 64 * 1024 + 1);
	link_pair_hold(&pair->far, false);
	until(client.party.ended);
	assert_int_equal(client.party.received, 20 * MIB);
}

static void the_end_of_one_is_the_end_of_the_other_with_its_reason(void **state)
{
	(void)open_stream();
	party_pump(&server.party);
	server.party.to_send = 10;
	party_pump(&server.party);
	until(client.party.received == 10);
	session_close(&server.session, CLOSE_KEY_REVOKED, "gone");
	assert_int_equal(client.closed, 0); /* never inside a call of the other side */
	until(client.closed);
	assert_int_equal(client.goaway, CLOSE_KEY_REVOKED);
	assert_int_equal(client.why, CLOSE_LINK_LOST);
	assert_int_equal(client.detached, 0);
	assert_true(client.party.was_reset && server.party.was_reset);
}

static void a_held_end_s_last_words_still_pass(void **state)
{
	link_pair_hold(&pair->far, true);
	session_close(&server.session, CLOSE_TAKEN_OVER, "by another");
	until(client.closed);
	assert_int_equal(client.goaway, CLOSE_TAKEN_OVER);
}

static void both_may_end_in_one_turn(void **state)
{
	session_close(&server.session, CLOSE_DONE, "");
	session_close(&client.session, CLOSE_DONE, "");
	turn();
	turn(); /* the pair is gone: a sanitizer would tell */
	assert_int_equal(client.closed, 1);
	assert_int_equal(server.closed, 1);
}

static struct stream_user_ops closing_ops;

static void close_own_session(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	session_close(u->stream->session, CLOSE_INTERNAL, "in the middle");
}

static void close_other_session(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	stream_consumed(u->stream, n);
	session_close(&server.session, CLOSE_INTERNAL, "in the middle");
}

static void on_open_to_close(struct stream *st)
{
	stream_bind(st, &client.party.user, &closing_ops);
}

static void end_inside_data(void (*data)(struct stream_user *u, const uint8_t *bytes, size_t n))
{
	closing_ops = party_ops;
	closing_ops.data = data;
	client.on_open = on_open_to_close;
	server.party.to_send = MIB;
	(void)open_stream();
	party_pump(&server.party);
	until(client.closed && server.closed);
}

static void either_may_end_inside_a_call(void **state)
{
	end_inside_data(close_own_session);
}

static void the_other_may_be_ended_inside_a_call(void **state)
{
	end_inside_data(close_other_session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_pass_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_held_end_stays_in_its_rings_and_nobody_is_taken_for_dead, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_end_of_one_is_the_end_of_the_other_with_its_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(a_held_end_s_last_words_still_pass, setup,
			teardown),
		cmocka_unit_test_setup_teardown(both_may_end_in_one_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(either_may_end_inside_a_call, setup, teardown),
		cmocka_unit_test_setup_teardown(the_other_may_be_ended_inside_a_call, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
