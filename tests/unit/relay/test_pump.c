/* SPDX-License-Identifier: MIT */
/* test_pump: a connection and a stream joined: every end, every reset, every slow side, bounded. */

#include "../session_pair.h"

#include "io/conn.h"
#include "io/tls_ctx.h"
#include "relay/pump.h"

#define MIB (1024 * 1024ULL)

/* The pump is the client's (towards an origin); the server's party plays the visitor. */
static struct pump pump;
static int peer; /* the origin's end of the connection */
static int near; /* handed to pump_connect() */
static unsigned int done;
static enum close_reason done_why;
static char done_text[160];
static bool bound;

static void on_done(struct pump *p, enum close_reason why, const char *text)
{
	assert_ptr_equal(p, &pump);
	done++;
	done_why = why;
	(void)snprintf(done_text, sizeof(done_text), "%s", text);
	assert_true(p->conn.closed);
	assert_null(p->user.stream);
}

static void on_open(struct stream *st)
{
	pump_init(&pump, &loop, st, CLOSE_ORIGIN_RESET, on_done);
	bound = true;
}

static int setup(void **state)
{
	int fd[2];

	done = 0;
	bound = false;
	loop_setup(state);
	pair_setup();
	client.on_open = on_open;
	pair_open();
	until(bound);
	tcp_pair(fd);
	near = fd[0];
	peer = fd[1];
	return 0;
}

static int teardown(void **state)
{
	pump_stop(&pump, CLOSE_SHUTDOWN, "");
	end_deinit(&client);
	end_deinit(&server);
	if (near >= 0)
		close(TAKE_FD(near));
	if (peer >= 0)
		close(TAKE_FD(peer));
	return loop_teardown(state);
}

static void connect_pump(void)
{
	assert_int_equal(pump_connect(&pump, TAKE_FD(near), NULL, NULL, NULL, 0), 0);
}

/* --- the origin's side, driven by hand ------------------------------------------------------- */

static uint64_t peer_sent, peer_got;
static bool peer_ended;
static int peer_error;

static void peer_reset_counts(void)
{
	peer_sent = peer_got = 0;
	peer_ended = false;
	peer_error = 0;
}

/* One read of at most @max bytes, checked. */
static bool peer_read_some(size_t max)
{
	static uint8_t bytes[64 * 1024];
	ssize_t n = recv(peer, bytes, MIN(max, sizeof(bytes)), MSG_DONTWAIT);

	if (n > 0) {
		pattern_check(server.party.seed, peer_got, bytes, (size_t)n);
		peer_got += (uint64_t)n;
	} else if (n == 0) {
		peer_ended = true;
	} else if (errno != EAGAIN) {
		peer_error = errno;
	}
	return n > 0;
}

/* All that is there. */
static void peer_read(void)
{
	while (peer_read_some(64 * 1024))
		continue;
}

static void peer_write(uint64_t total)
{
	static uint8_t bytes[64 * 1024];
	size_t n = (size_t)MIN((uint64_t)sizeof(bytes), total - peer_sent);
	ssize_t done_n;

	if (n == 0)
		return;
	pattern_fill(client.party.seed, peer_sent, bytes, n);
	done_n = send(peer, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done_n > 0)
		peer_sent += (uint64_t)done_n;
}

static bool peer_works(uint64_t total)
{
	peer_write(total);
	peer_read();
	return false;
}

static void settle(void)
{
	for (int i = 0; i < 200; i++)
		turn();
}

static void reset_peer(void)
{
	struct linger now = {.l_onoff = 1};

	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(TAKE_FD(peer));
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void bytes_arrive_whole_in_both_directions_at_once(void **state)
{
	const uint64_t total = 8 * MIB;

	peer_reset_counts();
	connect_pump();
	server.party.to_send = total;
	party_pump(&server.party);
	until(peer_works(total) || (peer_got == total && server.party.received == total));
	assert_int_equal(done, 0);
	/* and all of it was credited again, so that the next window is whole */
	until(pump.credited == pump.written);
}

static void what_came_before_the_connection_leaves_behind_the_preamble(void **state)
{
	static const char preamble[] = "PROXY";
	char got[sizeof(preamble) - 1];

	peer_reset_counts();
	server.party.to_send = 100000;
	server.party.end_after = true;
	party_pump(&server.party);
	until(buf_len(&pump.early) == 100000 && pump.stream_ended);
	assert_int_equal(pump_connect(&pump, TAKE_FD(near), NULL, NULL, preamble, sizeof(got)), 0);
	until(recv(peer, got, sizeof(got), MSG_DONTWAIT) == sizeof(got));
	assert_memory_equal(got, preamble, sizeof(got));
	until((peer_read(), peer_ended));
	assert_int_equal(peer_got, 100000);
	/* the preamble was nobody's credit */
	assert_int_equal(pump.credited, 100000 + sizeof(got));
}

static void before_the_connection_no_more_than_the_window_is_kept(void **state)
{
	server.party.to_send = 4 * MIB;
	party_pump(&server.party);
	until(buf_len(&pump.early) == session_limits_default.window);
	settle();
	assert_int_equal(buf_len(&pump.early), session_limits_default.window);
	assert_int_equal(done, 0);
}

/* --- a gate ---------------------------------------------------------------------------------- */

/* Collects all, credits it, and passes it on when the stream has ended. */
static struct collector {
	struct pump_gate hook;
	struct buf held;
	uint64_t answered;
	bool ended;
} collector;

static void collect(struct pump_gate *g, const uint8_t *bytes, size_t n)
{
	pump_show(&pump, bytes, n);
	assert_int_equal(buf_add(&collector.held, bytes, n), n);
	stream_consumed(pump.user.stream, n);
}

static void push_collected(struct pump_gate *g)
{
	size_t n;

	if (!collector.ended)
		return;
	while ((n = pump_pass(&pump, buf_data(&collector.held), buf_len(&collector.held))) > 0)
		buf_consume(&collector.held, n);
	if (buf_len(&collector.held) == 0 && !pump.stream_ended)
		pump_forward_end(&pump);
}

static void on_collected(struct pump_gate *g)
{
	collector.ended = true;
	push_collected(g);
}

static void on_answer(struct pump_gate *g, const uint8_t *bytes, size_t n)
{
	collector.answered += n;
}

static void bind_collector(void)
{
	collector = (struct collector){.hook = {.data = collect,
					       .end = on_collected,
					       .answered = on_answer,
					       .room = push_collected}};
	buf_init(&collector.held, 16 * MIB);
	pump.gate = &collector.hook;
}

static void a_gate_holds_more_than_the_window_and_passes_it_on_as_it_is_taken(void **state)
{
	const uint64_t total = 8 * MIB;

	peer_reset_counts();
	bind_collector();
	server.party.to_send = total;
	server.party.end_after = true;
	party_pump(&server.party);
	until(collector.ended);
	assert_int_equal(buf_len(&collector.held), total);
	connect_pump();
	settle(); /* the peer reads nothing: what the kernel does not take is not queued twice */
	assert_true(conn_queued(&pump.conn) <= 256 * 1024);
	until((peer_read(), peer_ended));
	assert_int_equal(peer_got, total);
	assert_int_equal(pump.credited, pump.written);
	peer_write(1000);
	until(collector.answered == 1000);
	buf_deinit(&collector.held);
}

static void a_gate_answers_in_the_connections_place_and_ends_it_cleanly(void **state)
{
	static uint8_t bytes[100];

	bind_collector();
	pattern_fill(client.party.seed, 0, bytes, sizeof(bytes));
	server.party.to_send = 10;
	server.party.end_after = true;
	party_pump(&server.party);
	until(buf_len(&collector.held) == 10 && collector.ended);
	assert_true(pump_answer(&pump, bytes, sizeof(bytes)));
	stream_end(pump.user.stream);
	assert_false(pump_answer(&pump, bytes, sizeof(bytes))); /* after the end there is no room */
	pump_finish(&pump, CLOSE_DONE, "");
	assert_int_equal(done, 1);
	assert_int_equal(done_why, CLOSE_DONE);
	until(server.party.ended);
	assert_int_equal(server.party.received, sizeof(bytes));
	assert_int_equal(collector.answered, 0); /* it need not be told what it said itself */
	buf_deinit(&collector.held);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void an_end_of_the_connection_leaves_the_other_direction_open(void **state)
{
	peer_reset_counts();
	connect_pump();
	peer_write(1000);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	until(server.party.ended);
	assert_int_equal(server.party.received, 1000);
	assert_int_equal(done, 0);

	server.party.to_send = 300000;
	server.party.end_after = true;
	party_pump(&server.party);
	until((peer_read(), peer_ended));
	assert_int_equal(peer_got, 300000);
	until(done == 1);
	assert_int_equal(done_why, CLOSE_DONE);
	assert_false(server.party.was_reset);
}

static void an_end_of_the_stream_leaves_the_other_direction_open(void **state)
{
	peer_reset_counts();
	connect_pump();
	server.party.to_send = 10;
	server.party.end_after = true;
	party_pump(&server.party);
	until((peer_read(), peer_ended));
	assert_int_equal(peer_got, 10);
	assert_int_equal(done, 0);

	until((peer_write(300000), peer_sent == 300000));
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	until(done == 1 && server.party.ended);
	assert_int_equal(server.party.received, 300000);
	assert_int_equal(done_why, CLOSE_DONE);
	assert_false(server.party.was_reset);
}

static void nothing_is_done_before_the_last_queued_byte_has_left(void **state)
{
	peer_reset_counts();
	connect_pump();
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	server.party.to_send = 8 * MIB;
	server.party.end_after = true;
	party_pump(&server.party);
	until(conn_queued(&pump.conn) > 0);
	settle();
	assert_int_equal(done, 0); /* the peer has read nothing */
	until((peer_read(), peer_ended));
	assert_int_equal(peer_got, 8 * MIB);
	until(done == 1);
	assert_int_equal(done_why, CLOSE_DONE);
}

/* --- resets ---------------------------------------------------------------------------------- */

static void a_reset_of_the_connection_resets_the_stream_and_says_whose_fault(void **state)
{
	connect_pump();
	reset_peer();
	until(done == 1 && server.party.was_reset);
	assert_int_equal(done_why, CLOSE_ORIGIN_RESET);
	assert_int_equal(server.party.why, CLOSE_ORIGIN_RESET);
	assert_false(server.party.ended);
	assert_string_equal(done_text, strerror(ECONNRESET));
}

static void what_was_said_before_a_reset_arrives_before_it(void **state)
{
	uint64_t total;

	peer_reset_counts();
	server.party.hold = true;
	connect_pump();
	total = pump.user.stream->limit + 20000; /* more than may leave for now */
	until((peer_write(total), pump.conn.bytes_in == total));
	reset_peer();
	until(pump.conn.error);
	assert_int_equal(done, 0);
	party_release(&server.party);
	server.party.hold = false;
	until(server.party.was_reset);
	assert_int_equal(server.party.received, total);
	assert_int_equal(server.party.why, CLOSE_ORIGIN_RESET);
	assert_false(server.party.ended);
	until(done == 1);
}

static void what_was_said_before_a_reset_is_not_waited_for_forever(void **state)
{
	peer_reset_counts();
	server.party.hold = true; /* takes nothing: there is no credit beyond the window */
	connect_pump();
	until((peer_write(8 * MIB), conn_is_paused(&pump.conn)));
	server.party.to_send = 100000;
	reset_peer();
	party_pump(&server.party); /* our write finds out */
	until(done == 1);
	until(server.party.was_reset);
}

static void a_reset_while_bytes_wait_to_leave_is_noticed(void **state)
{
	peer_reset_counts();
	connect_pump();
	server.party.to_send = 8 * MIB;
	party_pump(&server.party);
	until(conn_queued(&pump.conn) > 0);
	reset_peer();
	until(done == 1 && server.party.was_reset);
	assert_int_equal(done_why, CLOSE_ORIGIN_RESET);
}

static void a_reset_of_the_stream_reaches_the_connection_as_rst_never_as_fin(void **state)
{
	peer_reset_counts();
	connect_pump();
	server.party.to_send = 10;
	party_pump(&server.party);
	until((peer_read(), peer_got == 10));
	stream_reset(server.party.user.stream, CLOSE_VISITOR_GONE, "closed the tab");
	until((peer_read(), peer_error || peer_ended));
	assert_int_equal(peer_error, ECONNRESET);
	assert_int_equal(done, 1);
	assert_int_equal(done_why, CLOSE_VISITOR_GONE);
	assert_string_equal(done_text, "closed the tab");
}

static void a_stream_reset_before_the_connection_is_told_once(void **state)
{
	server.party.to_send = 10;
	party_pump(&server.party);
	until(buf_len(&pump.early) == 10);
	stream_reset(server.party.user.stream, CLOSE_VISITOR_GONE, "");
	until(done == 1);
	assert_int_equal(done_why, CLOSE_VISITOR_GONE);
	assert_int_equal(buf_len(&pump.early), 0);
	settle();
	assert_int_equal(done, 1);
}

static void stopping_resets_both_sides_without_a_call(void **state)
{
	peer_reset_counts();
	connect_pump();
	pump_stop(&pump, CLOSE_UNREGISTERED, "taken down");
	pump_stop(&pump, CLOSE_UNREGISTERED, "taken down");
	until(server.party.was_reset);
	assert_int_equal(server.party.why, CLOSE_UNREGISTERED);
	assert_string_equal(server.party.text, "taken down");
	until((peer_read(), peer_error || peer_ended));
	assert_int_equal(peer_error, ECONNRESET);
	assert_int_equal(done, 0);
}

static void a_lost_session_resets_the_connection(void **state)
{
	peer_reset_counts();
	connect_pump();
	session_close(&client.session, CLOSE_KEY_REVOKED, "");
	until(done == 1);
	assert_int_equal(done_why, CLOSE_KEY_REVOKED);
	until((peer_read(), peer_error || peer_ended));
	assert_int_equal(peer_error, ECONNRESET);
}

/* --- slow sides ------------------------------------------------------------------------------ */

static void a_peer_that_does_not_read_stops_the_stream_at_its_window(void **state)
{
	peer_reset_counts();
	connect_pump();
	server.party.to_send = 64 * MIB;
	party_pump(&server.party);
	until(conn_queued(&pump.conn) > 0);
	settle();
	/* the kernel's buffers, the granted window, the far ring: nowhere near 64 MiB */
	assert_true(conn_queued(&pump.conn) <= session_limits_default.window_max);
	assert_true(server.party.sent < 48 * MIB);
	assert_true(pump.written - pump.credited <= session_limits_default.window_max);
	until((peer_read(), peer_got == 64 * MIB));
	assert_int_equal(server.party.sent, 64 * MIB);
}

static void a_stream_that_is_not_taken_stops_the_reading(void **state)
{
	uint64_t before;

	peer_reset_counts();
	connect_pump();
	server.party.hold = true;
	until((peer_write(64 * MIB), conn_is_paused(&pump.conn)));
	settle();
	before = pump.conn.bytes_in;
	assert_true(before < 2 * MIB);
	settle();
	assert_int_equal(pump.conn.bytes_in, before);
	party_release(&server.party);
	until((peer_write(16 * MIB), server.party.received == 16 * MIB));
	assert_int_equal(done, 0);
}

static void silence_ends_it_and_says_so(void **state)
{
	pump_set_idle(&pump, 50);
	connect_pump();
	until(done == 1);
	assert_int_equal(done_why, CLOSE_IDLE);
	until(server.party.was_reset);
	assert_int_equal(server.party.why, CLOSE_IDLE);
}

static void a_slow_reader_is_not_silent(void **state)
{
	int small = 16 * 1024;
	clock_ms_t start;

	assert_int_equal(setsockopt(near, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	peer_reset_counts();
	pump_set_idle(&pump, 250);
	connect_pump();
	server.party.to_send = 64 * MIB;
	party_pump(&server.party);
	until(conn_queued(&pump.conn) > 128 * 1024);
	/* long past the deadline, and never below the mark at which the queue reports */
	start = clock_ms();
	until(((void)peer_read_some(16 * 1024), turn(), clock_ms() > start + 600 || done));
	assert_int_equal(done, 0);
}

static void a_stream_that_is_taken_slowly_is_not_silent(void **state)
{
	clock_ms_t start;

	peer_reset_counts();
	pump_set_idle(&pump, 250);
	connect_pump();
	server.party.hold = true;
	until((peer_write(64 * MIB), conn_is_paused(&pump.conn)));
	settle();
	/* long past the deadline, and never so much that the connection is read again */
	start = clock_ms();
	for (clock_ms_t at = start; at < start + 600 && !done; at = clock_ms()) {
		uint64_t due = (at - start) * 16;

		if (due > server.party.consumed) {
			stream_consumed(server.party.user.stream,
				(size_t)(due - server.party.consumed));
			server.party.consumed = due;
		}
		turn();
	}
	assert_int_equal(done, 0);
}

/* --- TLS ------------------------------------------------------------------------------------- */

static void an_origin_that_speaks_no_tls_is_told_as_such(void **state)
{
	struct tls_ctx *tls = tls_ctx_new_client(NULL, true, NULL);

	assert_non_null(tls);
	assert_int_equal(pump_connect(&pump, TAKE_FD(near), tls, "localhost", NULL, 0), 0);
	assert_int_equal(send(peer, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0), 28);
	until(done == 1);
	assert_int_equal(done_why, CLOSE_ORIGIN_TLS);
	tls_ctx_unref(tls);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_arrive_whole_in_both_directions_at_once),
		TEST(what_came_before_the_connection_leaves_behind_the_preamble),
		TEST(before_the_connection_no_more_than_the_window_is_kept),
		TEST(an_end_of_the_connection_leaves_the_other_direction_open),
		TEST(an_end_of_the_stream_leaves_the_other_direction_open),
		TEST(nothing_is_done_before_the_last_queued_byte_has_left),
		TEST(a_reset_of_the_connection_resets_the_stream_and_says_whose_fault),
		TEST(what_was_said_before_a_reset_arrives_before_it),
		TEST(what_was_said_before_a_reset_is_not_waited_for_forever),
		TEST(a_reset_while_bytes_wait_to_leave_is_noticed),
		TEST(a_reset_of_the_stream_reaches_the_connection_as_rst_never_as_fin),
		TEST(a_stream_reset_before_the_connection_is_told_once),
		TEST(stopping_resets_both_sides_without_a_call),
		TEST(a_lost_session_resets_the_connection),
		TEST(a_gate_holds_more_than_the_window_and_passes_it_on_as_it_is_taken),
		TEST(a_gate_answers_in_the_connections_place_and_ends_it_cleanly),
		TEST(a_peer_that_does_not_read_stops_the_stream_at_its_window),
		TEST(a_stream_that_is_not_taken_stops_the_reading),
		TEST(silence_ends_it_and_says_so),
		TEST(a_slow_reader_is_not_silent),
		TEST(a_stream_that_is_taken_slowly_is_not_silent),
		TEST(an_origin_that_speaks_no_tls_is_told_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
