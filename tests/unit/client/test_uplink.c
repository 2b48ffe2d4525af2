/* SPDX-License-Identifier: MIT */
/* test_uplink: the way to a server and back to it, every refusal, resumption, lanes. */

#include "fake_server.h"

static struct uplink uplink;
static struct client_conf conf;

static struct {
	unsigned int up, resumed, down, registered, gone, opened;
	struct stream *stream;
} seen;

static void on_up(struct uplink *u, bool resumed)
{
	seen.up++;
	seen.resumed += resumed;
}

static void on_down(struct uplink *u)
{
	seen.down++;
}

static void on_registered(struct uplink *u, const struct hello_registered *r)
{
	seen.registered++;
}

static void on_gone(struct uplink *u, const struct frame_reason *r)
{
	seen.gone++;
}

static void user_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	stream_consumed(u->stream, n);
}

static void user_event(struct stream_user *u)
{
}

static void user_reset(struct stream_user *u, enum close_reason why, const char *text)
{
}

static const struct stream_user_ops user_ops = {
	.data = user_data, .end = user_event, .reset = user_reset, .writable = user_event};
static struct stream_user users[32];

static void on_opened(struct uplink *u, struct stream *st, const struct frame_open *open)
{
	stream_bind(st, &users[seen.opened++], &user_ops);
	seen.stream = st;
}

static const struct uplink_ops ops = {.up = on_up,
	.down = on_down,
	.registered = on_registered,
	.gone = on_gone,
	.opened = on_opened};

static int setup(void **state)
{
	struct secret key = {0};

	assert_int_equal(loop_setup(state), 0);
	log_set_level(LOG_LV_ERR);
	memset(&seen, 0, sizeof(seen));
	memset(users, 0, sizeof(users));
	client_conf_init(&conf);
	bind_defaults(&client_conf_table, &conf);
	conf.reconnect.min = 10;
	conf.reconnect.max = 20;
	mem_replace(&conf.server.url, "http://t.example");
	uplink_init(&uplink, &loop, NULL, NULL, &ops);
	memset(uplink.instance, 'd', sizeof(uplink.instance) - 1);
	assert_int_equal(secret_set(&key, "the-key", 7), 0);
	uplink_configure(&uplink, &conf, conf.server.url, &key);
	return 0;
}

static int teardown(void **state)
{
	uplink_deinit(&uplink);
	turn();
	loop_teardown(state);
	fake_deinit();
	client_conf_deinit(&conf);
	return 0;
}

static void come_up(void)
{
	uplink_want(&uplink, true);
	fake_reach(false);
	assert_true(uplink_is_up(&uplink));
	fake_forget();
}

/* --- there ----------------------------------------------------------------------------------- */

static void nothing_is_done_while_no_tunnel_wants_it(void **state)
{
	turn();
	assert_int_equal(fake.lookups, 0);
	assert_string_equal(uplink_state_word(uplink.state), "idle");
}

static void the_way_is_resolve_connect_hello_welcome(void **state)
{
	uplink_want(&uplink, true);
	assert_string_equal(uplink_state_word(uplink.state), "connecting");
	fake_resolve(1);
	assert_string_equal(fake.where, "192.0.2.1:443");
	assert_string_equal(fake.bearer, "the-key");
	fake_accept();
	assert_int_equal(fake_count(FRAME_HELLO), 1);
	assert_int_equal(fake.hello.version, HELLO_VERSION);
	assert_string_equal(fake.hello.instance, uplink.instance);
	assert_string_equal(fake.hello.session, "");
	assert_int_equal(fake.hello.generation, uplink.generation);
	assert_false(uplink_is_up(&uplink));
	fake_welcome(false);
	assert_true(uplink_is_up(&uplink));
	assert_int_equal(seen.up, 1);
	assert_int_equal(seen.resumed, 0);
	assert_int_equal(uplink_session_of(&uplink)->limits.max_streams, 100);
}

static void every_address_is_tried_before_it_counts_as_failed(void **state)
{
	uplink_want(&uplink, true);
	fake_resolve(2);
	fake_fail(WS_CLIENT_FAULT_CONNECT, 0, "Connection refused");
	assert_int_equal(seen.down, 0);
	assert_string_equal(fake.where, "192.0.2.2:443");
	fake_fail(WS_CLIENT_FAULT_CONNECT, 0, "Connection refused");
	assert_int_equal(seen.down, 1);
	assert_int_equal(uplink.state, UPLINK_WAITING);
	assert_string_equal(uplink.error, "192.0.2.2:443: Connection refused");
}

static void the_name_is_asked_for_anew_at_every_attempt(void **state)
{
	uplink_want(&uplink, true);
	for (unsigned int i = 1; i < 5; i++) {
		until(fake.lookups == i);
		fake_resolve(0);
		assert_string_equal(uplink.error, "t.example: no such host");
		assert_int_equal(uplink.state, UPLINK_WAITING);
	}
	assert_int_equal(fake.attempts, 0);
}

static void a_refusal_says_what_a_person_has_to_do_and_is_asked_again_slowly(void **state)
{
	static const struct {
		int status;
		enum uplink_state state;
		const char *error;
	} table[] = {
		{401, UPLINK_REFUSED,
			"the server does not know this key, or it was revoked; 'tunnelctl server "
			"key add' on the server makes one"},
		{403, UPLINK_REFUSED, "the server has blocked this address"},
		{404, UPLINK_REFUSED,
			"that server speaks HTTP, but not tunnelto.v2 (is it the control port?)"},
		{426, UPLINK_REFUSED,
			"that server speaks HTTP, but not tunnelto.v2 (is it the control port?)"},
		{503, UPLINK_WAITING, "the server takes no clients now"},
		{500, UPLINK_WAITING, "words"},
	};

	uplink_want(&uplink, true);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		fake_resolve(2);
		fake_fail(WS_CLIENT_FAULT_STATUS, table[i].status, "words");
		assert_null(fake.attempt); /* the other address is the same server */
		assert_int_equal(uplink.state, table[i].state);
		assert_string_equal(uplink.error, table[i].error);
		assert_true(timer_is_active(&uplink.retry));
		if (table[i].state == UPLINK_REFUSED)
			assert_true(uplink.retry_at > clock_ms() + UPLINK_REFUSED_MS - 1000);
		uplink_hurry(&uplink);
		until(fake.lookup);
	}
}

static void without_a_key_the_refusal_says_so(void **state)
{
	struct secret none = {0};

	uplink_configure(&uplink, &conf, conf.server.url, &none);
	uplink_want(&uplink, true);
	fake_resolve(1);
	assert_string_equal(fake.bearer, "");
	fake_fail(WS_CLIENT_FAULT_STATUS, 401, "");
	assert_string_equal(uplink.error,
		"the server wants a key: give one with --key-file, TUNNELTO_KEY or "
		"server.key_file");
}

static void a_fault_of_tls_is_told_as_one(void **state)
{
	uplink_want(&uplink, true);
	fake_resolve(2);
	fake_fail(WS_CLIENT_FAULT_TLS, 0, "certificate has expired");
	assert_int_equal(uplink.state, UPLINK_WAITING);
	assert_string_equal(uplink.error, "TLS with 192.0.2.1:443: certificate has expired");
}

static void anything_before_welcome_ends_the_session(void **state)
{
	uplink_want(&uplink, true);
	fake_resolve(1);
	fake_accept();
	fake_registered(1, 1, NULL, false);
	assert_true(fake.let_go);
	assert_int_equal(seen.registered, 0);
	assert_int_equal(uplink.state, UPLINK_WAITING);
	assert_string_equal(uplink.error, "WELCOME is expected first");
}

static void a_second_welcome_ends_the_session(void **state)
{
	come_up();
	fake_welcome(false);
	assert_true(fake.let_go);
	assert_int_equal(seen.up, 1);
	assert_int_equal(seen.down, 1);
}

static void a_server_cannot_resume_what_nobody_asked_for(void **state)
{
	uplink_want(&uplink, true);
	fake_resolve(1);
	fake_accept();
	memset(fake.hello.session, 'e', sizeof(fake.hello.session) - 1);
	fake_welcome(true);
	assert_true(fake.let_go);
	assert_int_equal(seen.up, 0);
}

/* --- lost ------------------------------------------------------------------------------------ */

static void a_lost_link_is_followed_by_one_that_names_the_session(void **state)
{
	struct session *s;

	come_up();
	s = uplink_session_of(&uplink);
	fake_open(1, 1);
	assert_int_equal(seen.opened, 1);
	fake_lose();
	assert_int_equal(seen.down, 1);
	assert_int_equal(uplink.state, UPLINK_WAITING);
	assert_ptr_equal(uplink_session_of(&uplink), s);
	until(fake.lookup);
	fake_resolve(1);
	fake_accept();
	assert_int_equal(fake.hello.session[0], 'b');
	assert_int_equal(fake.hello.secret[0], 'c');
	fake_welcome(true);
	assert_int_equal(seen.resumed, 1);
	assert_true(uplink_is_up(&uplink));
	assert_ptr_equal(uplink_session_of(&uplink), s);
}

static void a_session_the_server_did_not_keep_is_replaced_on_the_same_link(void **state)
{
	struct session *s;

	come_up();
	s = uplink_session_of(&uplink);
	fake_open(1, 1);
	fake_lose();
	until(fake.lookup);
	fake_reach(false);
	assert_true(uplink_is_up(&uplink));
	assert_false(fake.let_go);
	assert_int_equal(seen.up, 2);
	assert_int_equal(seen.resumed, 0);
	assert_null(users[0].stream);
	assert_ptr_not_equal(uplink_session_of(&uplink), s);
	assert_int_equal(session_stream_count(uplink_session_of(&uplink)), 0);
}

static void pauses_grow_no_longer_than_the_longest(void **state)
{
	uplink_want(&uplink, true);
	for (unsigned int i = 0; i < 8; i++) {
		until(fake.lookup);
		fake_resolve(1);
		fake_fail(WS_CLIENT_FAULT_CONNECT, 0, "x");
		assert_true(uplink.retry_at <= clock_ms() + conf.reconnect.max);
	}
}

static void a_server_that_restarts_says_when_to_come_back(void **state)
{
	come_up();
	fake_send_reason(FRAME_GOAWAY, 100, CLOSE_SHUTDOWN, "restart");
	fake_send_reason(FRAME_GOAWAY, 0, CLOSE_SHUTDOWN, "now");
	assert_true(uplink_is_up(&uplink)); /* what is open may finish */
	fake_lose();
	assert_int_equal(uplink.state, UPLINK_WAITING);
	assert_true(uplink.retry_at >= clock_ms() + 90);
	until(fake.lookup);
	fake_resolve(1);
	fake_fail(WS_CLIENT_FAULT_CONNECT, 0, "not yet");
	assert_true(uplink.retry_at <= clock_ms() + conf.reconnect.max);
}

static void no_server_keeps_a_client_away_for_long(void **state)
{
	come_up();
	fake_send_reason(FRAME_GOAWAY, UINT32_MAX, CLOSE_SHUTDOWN, "");
	fake_lose();
	assert_true(uplink.retry_at <= clock_ms() + UPLINK_COME_BACK_MAX_MS + conf.reconnect.max);
}

static void a_revoked_key_is_a_refusal(void **state)
{
	come_up();
	fake_send_reason(FRAME_GOAWAY, 0, CLOSE_KEY_REVOKED, "the key was revoked");
	assert_true(fake.let_go);
	assert_int_equal(uplink.state, UPLINK_REFUSED);
	assert_string_equal(uplink.error, "the server ended the session: the key was revoked");
	assert_int_equal(seen.down, 1);
	assert_true(uplink.retry_at > clock_ms() + UPLINK_REFUSED_MS - 1000);
}

/* --- not wanted ------------------------------------------------------------------------------ */

static void wanting_nothing_ends_whatever_is_under_way(void **state)
{
	uplink_want(&uplink, true);
	uplink_want(&uplink, false);
	assert_null(fake.lookup);
	uplink_want(&uplink, true);
	fake_resolve(1);
	uplink_want(&uplink, false);
	assert_null(fake.attempt);
	come_up();
	uplink_want(&uplink, false);
	assert_true(fake.let_go);
	assert_int_equal(uplink.state, UPLINK_IDLE);
	assert_null(uplink_session_of(&uplink));
	assert_false(timer_is_active(&uplink.retry));
	assert_int_equal(uplink.session_id[0], '\0');
}

static void another_server_ends_the_session_with_the_old(void **state)
{
	struct secret key = {0};

	come_up();
	assert_int_equal(secret_set(&key, "new", 3), 0);
	uplink_configure(&uplink, &conf, "http://u.example", &key);
	assert_null(key.data);
	assert_true(fake.let_go);
	fake_resolve(1);
	assert_string_equal(fake.bearer, "new");
	fake_accept();
	assert_string_equal(fake.hello.session, "");
}

static void draining_says_goaway_and_never_comes_back(void **state)
{
	come_up();
	uplink_drain(&uplink);
	assert_int_equal(fake_count(FRAME_GOAWAY), 1);
	fake_lose();
	turn();
	assert_null(fake.lookup);
	assert_int_equal(uplink.state, UPLINK_IDLE);
}

/* --- lanes ----------------------------------------------------------------------------------- */

static void deliver(uint32_t stream, uint64_t offset, size_t n)
{
	static uint8_t payload[FRAME_MAX_PAYLOAD];

	for (unsigned int i = 0; i < 8; i++)
		payload[i] = (uint8_t)(offset >> (56 - 8 * i));
	fake_send(FRAME_DATA, 0, stream, payload, 8 + n);
}

static void a_tunnel_that_moves_little_asks_for_no_lane(void **state)
{
	come_up();
	fake_open(1, 1);
	deliver(1, 0, UPLINK_LANE_BYTES / 8);
	turn();
	assert_int_equal(fake_count(FRAME_LANE_ASK), 0);
	assert_false(timer_is_active(&uplink.lane.check)); /* an idle client sleeps */
}

static void one_that_moves_much_asks_once_and_takes_the_grant(void **state)
{
	struct hello_grant g = {.token = "token", .expires_ms = 1000};
	uint8_t json[FRAME_MAX_JSON];

	come_up();
	fake_open(1, 1);
	for (uint64_t at = 0; at < UPLINK_LANE_BYTES; at += FRAME_MAX_DATA)
		deliver(1, at, FRAME_MAX_DATA);
	until(fake_count(FRAME_LANE_ASK) > 0);
	for (uint64_t i = 0; i < UPLINK_LANE_BYTES; i += FRAME_MAX_DATA)
		deliver(1, UPLINK_LANE_BYTES + i, FRAME_MAX_DATA);
	turn();
	assert_int_equal(fake_count(FRAME_LANE_ASK), 1);
	fake_send(FRAME_LANE_GRANT, 0, 0, json, hello_grant_encode(json, sizeof(json), &g));
	assert_int_equal(fake.lanes, 1);
	fake.lane->done(fake.lane, "no way");
	assert_true(uplink.lane.try_at > clock_ms() + UPLINK_LANE_RETRY_MS - 1000);
	assert_true(uplink_is_up(&uplink));
}

static void many_visitors_at_once_are_worth_a_lane(void **state)
{
	come_up();
	for (uint32_t i = 0; i < UPLINK_LANE_STREAMS; i++) {
		fake_open(1 + 2 * i, 1);
		deliver(1 + 2 * i, 0, 10);
	}
	until(fake_count(FRAME_LANE_ASK) == 1);
}

static void a_grant_nobody_asked_for_is_ignored(void **state)
{
	struct hello_grant g = {.token = "token", .expires_ms = 1000};
	uint8_t json[FRAME_MAX_JSON];

	come_up();
	fake_send(FRAME_LANE_GRANT, 0, 0, json, hello_grant_encode(json, sizeof(json), &g));
	assert_int_equal(fake.lanes, 0);
	assert_true(uplink_is_up(&uplink));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(nothing_is_done_while_no_tunnel_wants_it),
		TEST(the_way_is_resolve_connect_hello_welcome),
		TEST(every_address_is_tried_before_it_counts_as_failed),
		TEST(the_name_is_asked_for_anew_at_every_attempt),
		TEST(a_refusal_says_what_a_person_has_to_do_and_is_asked_again_slowly),
		TEST(without_a_key_the_refusal_says_so),
		TEST(a_fault_of_tls_is_told_as_one),
		TEST(anything_before_welcome_ends_the_session),
		TEST(a_second_welcome_ends_the_session),
		TEST(a_server_cannot_resume_what_nobody_asked_for),
		TEST(a_lost_link_is_followed_by_one_that_names_the_session),
		TEST(a_session_the_server_did_not_keep_is_replaced_on_the_same_link),
		TEST(pauses_grow_no_longer_than_the_longest),
		TEST(a_server_that_restarts_says_when_to_come_back),
		TEST(no_server_keeps_a_client_away_for_long),
		TEST(a_revoked_key_is_a_refusal),
		TEST(wanting_nothing_ends_whatever_is_under_way),
		TEST(another_server_ends_the_session_with_the_old),
		TEST(draining_says_goaway_and_never_comes_back),
		TEST(a_tunnel_that_moves_little_asks_for_no_lane),
		TEST(one_that_moves_much_asks_once_and_takes_the_grant),
		TEST(many_visitors_at_once_are_worth_a_lane),
		TEST(a_grant_nobody_asked_for_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
