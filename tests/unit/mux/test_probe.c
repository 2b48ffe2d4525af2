/* SPDX-License-Identifier: MIT */
/* What a probe shows, and what a client that abuses it gets. */
#include "../cm.h"

#include <string.h>

#include "mux/probe.h"
#include "pair.h"

static struct probe probe;
static struct probe_echo echo;
static unsigned int done;
static bool sound;

static void on_done(struct probe *p, bool is_sound)
{
	done++;
	sound = is_sound;
}

static void answer(struct end *e, struct stream *st)
{
	assert_true(probe_is_meant(&e->open));
	probe_answer(&echo, st);
}

static int setup(void **state)
{
	static struct pair p;

	memset(&probe, 0, sizeof(probe));
	memset(&echo, 0, sizeof(echo));
	done = 0;
	sound = false;
	pair_init(&p, NULL);
	pair_connect(&p);
	pair_settle(&p);
	p.server.on_opened = answer;
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	pair_deinit(*state);
	return 0;
}

static void its_bytes_come_back_and_nothing_is_left_of_it(void **state)
{
	struct pair *p = *state;

	for (unsigned int i = 1; i <= 3; i++) {
		assert_true(probe_start(&probe, &p->client.session, on_done));
		assert_true(probe_is_running(&probe));
		assert_int_equal(done, i - 1);
		pair_settle(p);
		assert_int_equal(done, i);
		assert_true(sound);
		assert_false(probe_is_running(&probe));
		assert_false(probe_is_answering(&echo));
	}
	pair_pass(p, 1000);
	assert_int_equal(session_stream_count(&p->client.session), 0);
	assert_int_equal(session_stream_count(&p->server.session), 0);
	assert_int_equal(p->client.session.stats.probe_bytes, 3 * 2 * PROBE_SIZE);
	assert_int_equal(p->client.session.stats.probe_bytes,
		p->client.session.stats.bytes_rx + p->client.session.stats.bytes_tx);
}

static void it_survives_its_link_and_is_over_with_its_session(void **state)
{
	struct pair *p = *state;

	assert_true(probe_start(&probe, &p->client.session, on_done));
	pair_cut(p, LINK_RANK_WEBSOCKET);
	assert_int_equal(done, 0);
	pair_connect(p);
	pair_settle(p);
	assert_int_equal(done, 1);
	assert_true(sound);
	assert_true(probe_start(&probe, &p->client.session, on_done));
	session_close(&p->client.session, CLOSE_LINK_LOST, "");
	assert_int_equal(done, 2);
	assert_false(probe_is_running(&probe));
	assert_false(probe_start(&probe, &p->client.session, on_done));
}

static void a_server_without_probes_has_answered_too(void **state)
{
	struct pair *p = *state;

	p->server.on_opened = NULL;
	p->server.refuse = true;
	assert_true(probe_start(&probe, &p->client.session, on_done));
	pair_settle(p);
	assert_int_equal(done, 1);
	assert_true(sound);
}

static void ignore_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
}

static void ignore_end(struct stream_user *u)
{
}

static void answer_nonsense(struct end *e, struct stream *st)
{
	static const struct stream_user_ops ops = {.data = ignore_data, .end = ignore_end};

	stream_bind(st, &echo.user, &ops);
	(void)stream_write(st, "0123456789abcdef", 16);
	stream_end(st);
}

static void other_bytes_are_no_answer(void **state)
{
	struct pair *p = *state;

	p->server.on_opened = answer_nonsense;
	assert_true(probe_start(&probe, &p->client.session, on_done));
	pair_settle(p);
	assert_int_equal(done, 1);
	assert_false(sound);
}

static void one_that_is_given_up_says_nothing(void **state)
{
	struct pair *p = *state;

	assert_true(probe_start(&probe, &p->client.session, on_done));
	probe_cancel(&probe);
	probe_cancel(&probe);
	pair_settle(p);
	assert_int_equal(done, 0);
	assert_int_equal(session_stream_count(&p->server.session), 0);
}

static void a_client_has_one_echo_of_few_bytes(void **state)
{
	struct pair *p = *state;
	struct user *first = user_open(&p->client), *second;

	pair_settle(p);
	assert_true(probe_is_answering(&echo));
	second = user_open(&p->client);
	pair_settle(p);
	assert_true(first->was_reset);
	assert_int_equal(first->why, CLOSE_LIMIT);
	assert_int_equal(user_write(second, PROBE_ECHO_MAX), PROBE_ECHO_MAX);
	pair_settle(p);
	assert_int_equal(second->got, PROBE_ECHO_MAX);
	assert_int_equal(user_write(second, 1), 1);
	pair_settle(p);
	assert_true(second->was_reset);
	assert_int_equal(second->why, CLOSE_LIMIT);
	assert_false(p->client.closed);
}

static void any_stream(struct end *e, struct stream *st)
{
	probe_answer(&echo, st);
}

static int setup_any(void **state)
{
	int r = setup(state);
	struct pair *p = *state;

	p->server.on_opened = any_stream;
	p->garbage = true; /* an echo is not the bytes that a user expects */
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_bytes_come_back_and_nothing_is_left_of_it,
			setup, teardown),
		cmocka_unit_test_setup_teardown(it_survives_its_link_and_is_over_with_its_session,
			setup, teardown),
		cmocka_unit_test_setup_teardown(a_server_without_probes_has_answered_too, setup,
			teardown),
		cmocka_unit_test_setup_teardown(other_bytes_are_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_given_up_says_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_has_one_echo_of_few_bytes, setup_any,
			teardown),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
