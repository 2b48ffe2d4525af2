/* SPDX-License-Identifier: MIT */
/* test_lane: attaching lanes by token, refusals, what a lane carries, and losing one without losing
 * a byte. */

#include "../session_pair.h"

#include <netinet/tcp.h>

#include "../certs_test.h"
#include "io/listener.h"
#include "io/tls_ctx.h"
#include "lane/lane_client.h"
#include "lane/lane_server.h"

#define MIB   (1024 * 1024ULL)
#define TOKEN "0123456789abcdef0123456789abcdef"

static struct listener listener;
static struct lane_server lanes;
static struct lane_client dialer;
static struct tls_ctx *server_tls, *client_tls;
static unsigned int done, claims;
static char done_text[200];
static bool attached;

static void on_done(struct lane_client *c, const char *why)
{
	done++;
	attached = !why;
	(void)snprintf(done_text, sizeof(done_text), "%s", why ? why : "");
}

static struct session *on_claim(struct lane_server *s, const char *token)
{
	claims++;
	return strcmp(token, TOKEN) == 0 ? &server.session : NULL;
}

static void on_accepted(struct listener *l, int fd, const struct addr *peer)
{
	lane_server_adopt(&lanes, fd, server_tls);
}

static int setup(void **state)
{
	struct addr a;

	done = claims = 0;
	attached = false;
	done_text[0] = '\0';
	loop_setup(state);
	pair_setup();
	listener_init(&listener);
	assert_int_equal(addr_parse(&a, "127.0.0.1:0"), 0);
	assert_int_equal(listener_open(&listener, &loop, &a, 0, on_accepted, NULL), 0);
	lane_server_init(&lanes, &loop, on_claim);
	lane_client_init(&dialer, &loop, on_done);
	return 0;
}

static int setup_tls(void **state)
{
	static const char *const alpn[] = {LANE_ALPN, NULL};

	server_tls = tls_ctx_new_server_pair(cert("server.crt"), cert("server.key"), alpn, NULL);
	client_tls = tls_ctx_new_client(cert("ca.crt"), true, NULL);
	assert_non_null(server_tls);
	assert_non_null(client_tls);
	return setup(state);
}

static int teardown(void **state)
{
	lane_client_cancel(&dialer);
	lane_server_deinit(&lanes);
	listener_close(&listener);
	end_deinit(&client);
	end_deinit(&server);
	for (int i = 0; i < 50; i++) /* lanes that were let go say good-bye and free themselves */
		turn();
	tls_ctx_unref(TAKE_PTR(server_tls));
	tls_ctx_unref(TAKE_PTR(client_tls));
	return loop_teardown(state);
}

static void dial_lane(const char *token)
{
	lane_client_start(&dialer, &listener.local, client_tls, "localhost", token,
		&client.session);
}

static bool both_use(const char *kind)
{
	const char *c = session_data_kind(&client.session), *s = session_data_kind(&server.session);

	return c && s && strcmp(c, kind) == 0 && strcmp(s, kind) == 0;
}

static void attach_lane_pair(void)
{
	dial_lane(TOKEN);
	until(done == 1);
	assert_true(attached);
	until(both_use("lane"));
}

/* The lane that @e sends its streams over. */
static struct lane *lane_of(struct end *e)
{
	assert_string_equal(session_data_kind(&e->session), "lane");
	return container_of(e->session.data_link, struct lane, link);
}

static void exchange(uint64_t total)
{
	pair_open();
	server.party.to_send = client.party.to_send = total;
	server.party.end_after = client.party.end_after = true;
	party_pump(&server.party);
	until(client.party.user.stream);
	party_pump(&client.party);
}

static bool exchanged(uint64_t total)
{
	return server.party.received == total && client.party.received == total &&
	       server.party.ended && client.party.ended;
}

/* --- what a lane is for ---------------------------------------------------------------------- */

static void a_lane_takes_the_streams_over_and_carries_them_whole(void **state)
{
	attach_lane_pair();
	exchange(8 * MIB);
	until(exchanged(8 * MIB));
	assert_true(lane_of(&client)->conn.bytes_in > 8 * MIB);
	assert_true(lane_of(&client)->conn.bytes_out > 8 * MIB);
	assert_int_equal(claims, 1);
	assert_int_equal(lanes.n_pending, 0);
	assert_int_equal(client.closed + server.closed, 0);
}

static void a_lane_attached_in_mid_stream_changes_no_byte(void **state)
{
	exchange(16 * MIB);
	until(client.party.received > 100000);
	attach_lane_pair();
	until(exchanged(16 * MIB));
}

static void a_lane_lost_in_mid_stream_costs_no_byte(void **state)
{
	attach_lane_pair();
	exchange(16 * MIB);
	until(client.party.received > MIB && server.party.received > MIB);
	assert_int_equal(shutdown(lane_of(&client)->conn.fd, SHUT_RDWR), 0);
	until(both_use("wire"));
	until(exchanged(16 * MIB));
	assert_int_equal(client.closed + server.closed + client.detached + server.detached, 0);
	assert_false(client.party.was_reset || server.party.was_reset);
}

/* TLS: the last record and close_notify are read by one recv(). */
static void a_lane_that_ends_right_behind_its_last_bytes_is_missed_at_once(void **state)
{
	struct lane *sending, *receiving;

	attach_lane_pair();
	sending = lane_of(&server);
	receiving = lane_of(&client);
	/* not by silence */
	client.session.limits.dead_busy_ms = client.session.limits.dead_ms = 60000;
	server.session.limits.dead_busy_ms = server.session.limits.dead_ms = 60000;
	conn_pause(&receiving->conn);
	pair_open();
	server.party.to_send = 1000;
	party_pump(&server.party);
	until(server.session.stats.bytes_tx == 1000);
	conn_shutdown(&sending->conn);
	until(sending->conn.shutdown_sent);
	conn_resume(&receiving->conn);
	until(both_use("wire"));
	until(client.party.received == 1000);
}

static void another_lane_may_follow_a_lost_one(void **state)
{
	attach_lane_pair();
	assert_int_equal(shutdown(lane_of(&server)->conn.fd, SHUT_RDWR), 0);
	until(both_use("wire"));
	done = 0;
	attach_lane_pair();
	exchange(MIB);
	until(exchanged(MIB));
}

static void a_receiver_that_does_not_consume_bounds_what_is_queued(void **state)
{
	attach_lane_pair();
	client.party.hold = true;
	pair_open();
	server.party.to_send = 64 * MIB;
	party_pump(&server.party);
	until(client.party.received == session_limits_default.window);
	for (int i = 0; i < 100; i++)
		turn();
	assert_int_equal(client.party.received, session_limits_default.window);
	assert_true(server.session.stats.memory <= 2 * session_limits_default.window);
	assert_true(conn_queued(&lane_of(&server)->conn) <= LANE_OUT_MAX);
	party_release(&client.party);
	until(client.party.received > 4 * MIB);
}

/* What the socket does not take waits in the rings, where small answers overtake it. */
static void hardly_anything_waits_in_a_lane_that_is_not_read(void **state)
{
	size_t most = 0;
	int little = 4096;
	unsigned int unsent = 0;
	socklen_t n = sizeof(unsent);

	attach_lane_pair();
	assert_int_equal(setsockopt(lane_of(&server)->conn.fd, SOL_SOCKET, SO_SNDBUF, &little,
				 sizeof(little)),
		0);
	exchange(MIB);
	conn_pause(&lane_of(&client)->conn); /* its socket fills up */
	for (int i = 0; i < 200; i++) {
		turn();
		most = MAX(most, conn_queued(&lane_of(&server)->conn));
	}
	assert_true(ring_len(&server.party.user.stream->ring) > 0);
	assert_true(most <= LOOP_SCRATCH_SIZE);
	assert_int_equal(getsockopt(lane_of(&server)->conn.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
				 &unsent, &n),
		0);
	assert_in_range(unsent, 1, 1024 * 1024);
	conn_resume(&lane_of(&client)->conn);
	until(exchanged(MIB));
}

static void closing_a_session_closes_its_lane_at_both_ends(void **state)
{
	attach_lane_pair();
	session_close(&client.session, CLOSE_SHUTDOWN, "");
	until(server.closed || server.detached || !both_use("lane"));
	assert_int_equal(client.closed, 1);
}

static void garbage_on_a_lane_closes_the_session_as_a_broken_protocol(void **state)
{
	attach_lane_pair();
	(void)conn_write(&lane_of(&client)->conn, "GET / HTTP/1.1\r\n\r\n", 18);
	until(server.closed);
	assert_int_equal(server.why, CLOSE_PROTOCOL);
	until(client.goaway == CLOSE_PROTOCOL);
}

/* --- refusals and faults --------------------------------------------------------------------- */

static void a_wrong_token_is_refused_and_the_session_goes_on(void **state)
{
	dial_lane("not the token");
	until(done == 1);
	assert_false(attached);
	assert_string_equal(done_text, "the server answered a lane with status 403");
	assert_int_equal(claims, 1);
	exchange(MIB);
	until(exchanged(MIB));
	assert_true(both_use("wire"));
	until(lanes.n_pending == 0);
}

static void a_server_that_is_not_there_is_told(void **state)
{
	listener_stop(&listener);
	close(TAKE_FD(listener.fd));
	dial_lane(TOKEN);
	until(done == 1);
	assert_string_equal(done_text, strerror(ECONNREFUSED));
}

static void a_certificate_of_another_host_is_told(void **state)
{
	lane_client_start(&dialer, &listener.local, client_tls, "tunnel.example", TOKEN,
		&client.session);
	until(done == 1);
	assert_non_null(strstr(done_text, "certificate is for localhost"));
	assert_int_equal(claims, 0);
	until(lanes.n_pending == 0);
}

static void a_cancelled_attempt_is_never_told(void **state)
{
	dial_lane(TOKEN);
	lane_client_cancel(&dialer);
	lane_client_cancel(&dialer);
	if (client_tls) { /* plain, one turn is enough for all of it */
		dial_lane(TOKEN);
		until(dialer.lane);
		lane_client_cancel(&dialer);
	}
	until(lanes.n_pending == 0);
	for (int i = 0; i < 50; i++)
		turn();
	assert_int_equal(done, 0);
}

/* --- the server against strangers ------------------------------------------------------------ */

/* Say @text to the lane server; returns its answer, read to the end. */
static const char *ask(const char *text, size_t n)
{
	static char answer[1024];
	size_t got = 0;
	ssize_t r = -1;
	int fd = connect_to(&listener.local);

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
	until((r = recv(fd, answer + got, sizeof(answer) - 1 - got, MSG_DONTWAIT),
		got += r > 0 ? (size_t)r : 0, r == 0 || (r < 0 && errno != EAGAIN)));
	close(fd);
	answer[got] = '\0';
	until(lanes.n_pending == 0);
	return answer;
}

static void garbage_gets_400_and_is_closed(void **state)
{
	static const char *const bad[] = {
		"\x16\x03\x01 this is no request\r\n\r\n",
		"GET /wormhole/lane HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /wormhole/lane HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
		"tunnelto-lane\r\n"
		"Tunnelto-Token: " TOKEN "\r\n\r\n",
		"GET /wormhole HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
		"tunnelto-lane\r\n"
		"Tunnelto-Token: " TOKEN "\r\n\r\n",
		"GET /wormhole/lane HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n"
		"Tunnelto-Token: " TOKEN "\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_memory_equal(ask(bad[i], strlen(bad[i])), "HTTP/1.1 400 Bad Request\r\n",
			26);
	assert_int_equal(claims, 0);
}

static void a_missing_or_overlong_token_is_nobodys(void **state)
{
	static const char head[] =
		"GET /wormhole/lane HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		"Upgrade: tunnelto-lane\r\n";
	char text[1024];
	int n = snprintf(text, sizeof(text), "%s\r\n", head);

	assert_memory_equal(ask(text, (size_t)n), "HTTP/1.1 403 Forbidden\r\n", 24);
	n = snprintf(text, sizeof(text), "%sTunnelto-Token: %0300d\r\n\r\n", head, 0);
	assert_memory_equal(ask(text, (size_t)n), "HTTP/1.1 403 Forbidden\r\n", 24);
	assert_int_equal(claims, 0);
}

static void a_head_without_end_is_refused(void **state)
{
	static char big[5000];

	memset(big, 'a', sizeof(big));
	memcpy(big, "GET /wormhole/lane HTTP/1.1\r\nX: ", 32);
	assert_memory_equal(ask(big, sizeof(big)), "HTTP/1.1 4", 10);
}

static void a_request_in_single_bytes_is_a_request(void **state)
{
	static const char text[] =
		"GET /wormhole/lane HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		"Upgrade: tunnelto-lane\r\nTunnelto-Token: " TOKEN "\r\n\r\n";
	char answer[256] = "";
	int fd = connect_to(&listener.local), one = 1;

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof(one)), 0);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(send(fd, text + i, 1, MSG_NOSIGNAL), 1);
		turn();
	}
	until(recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) > 0);
	assert_memory_equal(answer, "HTTP/1.1 101 Switching Protocols\r\n", 34);
	assert_int_equal(claims, 1);
	close(fd);
}

static void one_handshake_too_many_is_closed_at_once(void **state)
{
	char byte;
	int fd;

	lanes.n_pending += LANE_SERVER_PENDING_MAX;
	fd = connect_to(&listener.local);
	until(recv(fd, &byte, 1, MSG_DONTWAIT) == 0);
	lanes.n_pending -= LANE_SERVER_PENDING_MAX;
	close(fd);
	assert_true(list_is_empty(&lanes.pending));
}

static void the_first_bytes_tell_a_lane_from_anything_else(void **state)
{
	static const char lane[] = "GET /wormhole/lane HTTP/1.1\r\n";

	for (size_t n = 0; n < 19; n++)
		assert_int_equal(lane_server_wants((const uint8_t *)lane, n), -1);
	assert_int_equal(lane_server_wants((const uint8_t *)lane, sizeof(lane) - 1), 1);
	assert_int_equal(lane_server_wants((const uint8_t *)"GET /wormhole HTTP/1.1", 22), 0);
	assert_int_equal(lane_server_wants((const uint8_t *)"P", 1), 0);
	assert_int_equal(lane_server_wants((const uint8_t *)"GET /wormhole/lanes HTTP/1.1", 28), 0);
}

/* --- the client against strange servers ------------------------------------------------------ */

/* A server by hand: accepts the client, reads its request, says @answer. Returns its descriptor. */
static int answer_by_hand(const void *answer, size_t n)
{
	char request[2048];
	struct addr a;
	int l = listen_anywhere(&a), fd = -1;
	ssize_t got;

	set_nonblocking(l);
	lane_client_start(&dialer, &a, NULL, "localhost", TOKEN, &client.session);
	until((fd = accept(l, NULL, NULL)) >= 0);
	close(l);
	until((got = recv(fd, request, sizeof(request) - 1, MSG_DONTWAIT)) > 0);
	request[got] = '\0';
	assert_non_null(strstr(request, "Tunnelto-Token: " TOKEN "\r\n"));
	assert_int_equal(send(fd, answer, n, MSG_NOSIGNAL), (ssize_t)n);
	return fd;
}

static void frames_right_behind_the_101_are_not_lost(void **state)
{
	static const uint8_t answer[] =
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
		"Upgrade: tunnelto-lane\r\n\r\n"
		"\x07\x00\x00\x08\x00\x00\x00\x00"
		"pingping";
	uint8_t got[256];
	size_t n = 0;
	int fd = answer_by_hand(answer, sizeof(answer) - 1);
	ssize_t r;

	until(done == 1);
	assert_true(attached);
	/* its own PING, then the PONG of ours */
	until((r = recv(fd, got + n, sizeof(got) - n, MSG_DONTWAIT), n += r > 0 ? (size_t)r : 0,
		n >= 32));
	assert_memory_equal(got + 16, "\x08\x00\x00\x08\x00\x00\x00\x00pingping", 16);
	close(fd);
}

static void answers_that_are_no_lane_are_told_in_words(void **state)
{
	static const struct {
		const char *answer, *words;
	} rows[] = {
		{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
			"the server answered a lane with status 503"},
		{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
		 "websocket\r\n\r\n",
			"the server's answer to a lane is no upgrade to one"},
		{"SSH-2.0-OpenSSH\r\n\r\n", "the server's answer to a lane is not HTTP"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = answer_by_hand(rows[i].answer, strlen(rows[i].answer));

		until(done == i + 1);
		assert_false(attached);
		assert_string_equal(done_text, rows[i].words);
		close(fd);
	}
	assert_true(both_use("wire"));
}

static void a_server_that_closes_instead_of_answering_is_told(void **state)
{
	close(answer_by_hand("", 0));
	until(done == 1);
	assert_string_equal(done_text, "the server closed the lane");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TLS_TEST(f)                                                                                \
	{                                                                                          \
#f " (TLS)", f, setup_tls, teardown, NULL                                          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lane_takes_the_streams_over_and_carries_them_whole),
		TLS_TEST(a_lane_takes_the_streams_over_and_carries_them_whole),
		TEST(a_lane_attached_in_mid_stream_changes_no_byte),
		TLS_TEST(a_lane_attached_in_mid_stream_changes_no_byte),
		TEST(a_lane_lost_in_mid_stream_costs_no_byte),
		TLS_TEST(a_lane_lost_in_mid_stream_costs_no_byte),
		TEST(a_lane_that_ends_right_behind_its_last_bytes_is_missed_at_once),
		TLS_TEST(a_lane_that_ends_right_behind_its_last_bytes_is_missed_at_once),
		TEST(another_lane_may_follow_a_lost_one),
		TEST(a_receiver_that_does_not_consume_bounds_what_is_queued),
		TEST(hardly_anything_waits_in_a_lane_that_is_not_read),
		TEST(closing_a_session_closes_its_lane_at_both_ends),
		TLS_TEST(closing_a_session_closes_its_lane_at_both_ends),
		TEST(garbage_on_a_lane_closes_the_session_as_a_broken_protocol),
		TEST(a_wrong_token_is_refused_and_the_session_goes_on),
		TLS_TEST(a_wrong_token_is_refused_and_the_session_goes_on),
		TEST(a_server_that_is_not_there_is_told),
		TLS_TEST(a_certificate_of_another_host_is_told),
		TEST(a_cancelled_attempt_is_never_told),
		TLS_TEST(a_cancelled_attempt_is_never_told),
		TEST(garbage_gets_400_and_is_closed),
		TEST(a_missing_or_overlong_token_is_nobodys),
		TEST(a_head_without_end_is_refused),
		TEST(a_request_in_single_bytes_is_a_request),
		TEST(one_handshake_too_many_is_closed_at_once),
		TEST(the_first_bytes_tell_a_lane_from_anything_else),
		TEST(frames_right_behind_the_101_are_not_lost),
		TEST(answers_that_are_no_lane_are_told_in_words),
		TEST(a_server_that_closes_instead_of_answering_is_told),
	};

	return cmocka_run_group_tests(tests, certs_setup, certs_teardown);
}
