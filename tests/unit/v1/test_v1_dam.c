/* SPDX-License-Identifier: MIT */
/* What a peer without flow control sends to a stream that does not take it: kept in order, bounded,
 * and for how long. */

#include "../session_pair.h"

#include "v1/v1_dam.h"
#include "ws/ws_pipe.h"

#define KIB 1024
#define MIB (1024 * 1024ULL)

static struct ws_pipe_user user; /* without a pipe: nothing to pause */
static struct v1_dam dam;
static struct v1_pool pool, other;

static void on_writable(struct stream_user *u)
{
	v1_dam_pool_flush(&pool, u->stream, clock_ms());
}

static struct stream_user_ops ops;

/* The server writes into a stream that the client takes only when told. */
static int setup(void **state)
{
	static const struct frame_open open = {.tunnel = 1};
	struct stream *st;

	(void)loop_setup(state);
	pair_setup();
	ops = party_ops;
	ops.writable = on_writable;
	client.party.hold = true;
	st = session_open(&server.session, &open);
	assert_non_null(st);
	stream_bind(st, &server.party.user, &ops);
	v1_dam_init(&dam, &user, 1000);
	v1_dam_pool_init(&pool, &dam);
	v1_dam_pool_init(&other, &dam);
	return 0;
}

static int teardown(void **state)
{
	v1_dam_pool_deinit(&pool);
	v1_dam_pool_deinit(&other);
	assert_true(list_is_empty(&dam.pools));
	assert_int_equal(dam.total + dam.n_full, 0);
	end_deinit(&client);
	end_deinit(&server);
	return loop_teardown(state);
}

/* Write @n more bytes of the pattern; false when it was refused. */
static bool feed(uint64_t *offset, size_t n, clock_ms_t now)
{
	static uint8_t bytes[256 * KIB];

	pattern_fill(server.party.seed, *offset, bytes, n);
	*offset += n;
	return v1_dam_pool_write(&pool, server.party.user.stream, bytes, n, now);
}

static void nothing_is_kept_while_there_is_room(void **state)
{
	uint64_t offset = 0;

	client.party.hold = false;
	assert_true(feed(&offset, 100 * KIB, 1));
	assert_true(v1_dam_pool_is_empty(&pool));
	assert_false(dam.shut);
	until(client.party.received == offset);
}

static void what_has_no_room_is_kept_in_order_and_shuts_the_dam_when_it_is_much(void **state)
{
	uint64_t offset = 0;

	while (!dam.shut) {
		assert_true(feed(&offset, 64 * KIB, 1));
		assert_true(offset < 4 * MIB);
	}
	assert_true(pool.full);
	assert_true(buf_len(&pool.bytes) >= V1_DAM_POOL_MAX);
	assert_true(buf_len(&pool.bytes) < V1_DAM_POOL_MAX + 64 * KIB);
	/* what was on its way still comes, in order */
	assert_true(feed(&offset, 64 * KIB, 1));
	until(client.party.received > 0);
	party_release(&client.party);
	until(client.party.received == offset);
	assert_false(dam.shut);
	assert_true(v1_dam_pool_is_empty(&pool));
}

static void who_stands_in_the_way_for_too_long_is_told(void **state)
{
	uint64_t offset = 0;

	assert_true(feed(&offset, 256 * KIB, 1));
	assert_true(feed(&offset, 256 * KIB, 1));
	assert_null(v1_dam_overdue(&dam, 100000)); /* something is kept, but nobody waits */
	while (!dam.shut)
		assert_true(feed(&offset, 64 * KIB, 5000));
	assert_null(v1_dam_overdue(&dam, 5999));
	assert_ptr_equal(v1_dam_overdue(&dam, 6000), &pool);
}

static void a_trickle_is_not_enough(void **state)
{
	uint64_t offset = 0;

	while (!dam.shut)
		assert_true(feed(&offset, 64 * KIB, 5000));
	until(client.party.received > 0);
	/* a little room comes, after which it is still full */
	stream_consumed(client.party.user.stream, 128 * KIB);
	client.party.consumed += 128 * KIB;
	until(buf_len(&pool.bytes) < V1_DAM_POOL_MAX);
	assert_true(pool.full && dam.shut);
	assert_ptr_equal(v1_dam_overdue(&dam, 6000), &pool);
}

static void what_passes_every_bound_is_refused(void **state)
{
	uint64_t offset = 0;

	while (feed(&offset, 128 * KIB, 1))
		assert_true(offset < 4 * MIB);
	assert_true(buf_len(&pool.bytes) <= V1_DAM_POOL_MAX + 2 * WS_PIPE_MESSAGE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_kept_while_there_is_room, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_has_no_room_is_kept_in_order_and_shuts_the_dam_when_it_is_much, setup,
			teardown),
		cmocka_unit_test_setup_teardown(who_stands_in_the_way_for_too_long_is_told, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_trickle_is_not_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(what_passes_every_bound_is_refused, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
