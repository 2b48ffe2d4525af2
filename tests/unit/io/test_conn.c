/* SPDX-License-Identifier: MIT */
/* test_conn: a plain connection: reading, bounded writing, half-close, errors, closing anywhere. */

#include "io_test.h"

#include <netinet/tcp.h>

#include "io/conn.h"
#include "io/conn_tcp.h"

#define OUT_MAX (64 * 1024)
#define EVENTS  (CONN_EV_TIMEOUT + 1)

static struct conn conn;
static int peer;
static unsigned int said[EVENTS];
static enum conn_event order[256];
static size_t n_order;
static int close_at = -1; /* close inside this event */
static bool read_all;     /* read to the end in READABLE */
static bool ended;
static ssize_t last_read;
static uint8_t input[1024 * 1024];
static size_t n_input;

static void read_to_the_end(struct conn *c)
{
	ssize_t n;

	while ((n = conn_read(c, input + n_input, sizeof(input) - n_input)) > 0)
		n_input += (size_t)n;
	last_read = n;
	if (n == 0)
		ended = true;
}

static void on_event(struct conn *c, enum conn_event ev)
{
	assert_ptr_equal(c, &conn);
	assert_false(c->closed);
	said[ev]++;
	if (n_order < ARRAY_SIZE(order))
		order[n_order++] = ev;
	if ((int)ev == close_at) {
		conn_close(c);
		memset(c, 0xa5, sizeof(*c)); /* nothing of it may be looked at any more */
		conn_init(c);
		return;
	}
	if (ev == CONN_EV_READABLE && read_all)
		read_to_the_end(c);
}

static void open_pair(size_t out_max)
{
	int fd[2];

	tcp_pair(fd);
	peer = fd[1];
	conn_open(&conn, &loop, fd[0], out_max, on_event);
}

static int setup(void **state)
{
	memset(said, 0, sizeof(said));
	n_order = n_input = 0;
	close_at = -1;
	read_all = true;
	ended = false;
	last_read = 1;
	conn_init(&conn);
	loop_setup(state);
	open_pair(OUT_MAX);
	return 0;
}

static int teardown(void **state)
{
	conn_close(&conn);
	conn_close(&conn);
	if (peer >= 0)
		close(TAKE_FD(peer));
	return loop_teardown(state);
}

static void peer_says(const char *text)
{
	assert_int_equal(send(peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Everything that is there now; -1 with errno, 0 at the end. */
static ssize_t peer_reads(uint8_t *to, size_t n)
{
	return recv(peer, to, n, MSG_DONTWAIT);
}

/* More than the socket buffers hold: from here on bytes are queued. Returns how many were taken. */
static size_t fill(void)
{
	static uint8_t chunk[8192];
	size_t total = 0, n;

	do {
		n = conn_write(&conn, chunk, sizeof(chunk));
		total += n;
	} while (n == sizeof(chunk));
	assert_int_equal(conn_room(&conn), 0);
	assert_int_equal(conn_queued(&conn), OUT_MAX);
	return total;
}

/* --- reading --------------------------------------------------------------------------------- */

static void bytes_come_as_they_are(void **state)
{
	peer_says("hello");
	until(n_input == 5);
	assert_memory_equal(input, "hello", 5);
	assert_int_equal(last_read, -EAGAIN);
	assert_int_equal(conn.bytes_in, 5);
}

static void readable_is_repeated_while_bytes_are_left(void **state)
{
	char one;

	read_all = false;
	peer_says("ab");
	until(said[CONN_EV_READABLE] == 1);
	assert_int_equal(conn_read(&conn, &one, 1), 1);
	until(said[CONN_EV_READABLE] >= 2);
	assert_int_equal(conn_read(&conn, &one, 1), 1);
	assert_int_equal(one, 'b');
	assert_int_equal(conn_read(&conn, &one, 1), -EAGAIN);
}

static void a_paused_connection_says_nothing_until_it_is_resumed(void **state)
{
	conn_pause(&conn);
	assert_true(conn_is_paused(&conn));
	peer_says("x");
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(said[CONN_EV_READABLE], 0);
	assert_false(ev_is_active(&conn.rd));
	conn_resume(&conn);
	conn_resume(&conn);
	assert_false(conn_is_paused(&conn));
	until(n_input == 1);
}

static void a_fin_is_a_clean_end_and_is_said_once(void **state)
{
	peer_says("bye");
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	until(ended);
	assert_int_equal(n_input, 3);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(conn_read(&conn, input, 1), 0);
	assert_int_equal(said[CONN_EV_ERROR], 0);
	assert_in_range(said[CONN_EV_READABLE], 1, 2); /* no spinning on the end */
}

static void reset_peer(void)
{
	struct linger now = {.l_onoff = 1};

	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(TAKE_FD(peer));
}

static void a_reset_is_an_error_of_the_read_not_an_end(void **state)
{
	reset_peer();
	until(last_read < 0 && last_read != -EAGAIN);
	assert_int_equal(last_read, -ECONNRESET);
	assert_false(ended);
	turn();
	assert_int_equal(said[CONN_EV_ERROR], 0); /* told already */
	assert_string_equal(conn_error_text(&conn), strerror(ECONNRESET));
	assert_int_equal(conn_read(&conn, input, 1), -ECONNRESET);
}

/* --- writing --------------------------------------------------------------------------------- */

static void a_write_leaves_at_once_when_the_socket_has_room(void **state)
{
	uint8_t got[8];

	assert_int_equal(conn_write(&conn, "abc", 3), 3);
	assert_int_equal(conn_queued(&conn), 0);
	assert_int_equal(peer_reads(got, sizeof(got)), 3); /* no turn in between */
	assert_int_equal(conn.bytes_out, 3);
	turn();
	assert_int_equal(n_order, 0); /* nothing was queued, so nothing is said */
	assert_false(ev_is_active(&conn.wr));
}

static void queued_bytes_wait_for_the_flush_and_leave_together(void **state)
{
	uint8_t got[16];

	assert_int_equal(conn_queue(&conn, "abc", 3), 3);
	assert_int_equal(conn_queue(&conn, "def", 3), 3);
	assert_int_equal(conn_queued(&conn), 6);
	assert_int_equal(peer_reads(got, sizeof(got)), -1);
	conn_flush(&conn);
	assert_int_equal(peer_reads(got, sizeof(got)), 6);
	assert_int_equal(said[CONN_EV_FLUSHED], 0); /* never inside the call */
	turn();
	assert_int_equal(said[CONN_EV_FLUSHED], 1);
	conn_flush(&conn);
	turn();
	assert_int_equal(said[CONN_EV_FLUSHED], 1);
}

static void a_write_behind_queued_bytes_keeps_the_order(void **state)
{
	uint8_t got[16] = {0};

	assert_int_equal(conn_queue(&conn, "one ", 4), 4);
	assert_int_equal(conn_write(&conn, "two", 3), 3);
	until(conn_queued(&conn) == 0);
	assert_int_equal(peer_reads(got, sizeof(got)), 7);
	assert_string_equal((char *)got, "one two");
}

static void a_write_behind_queued_bytes_takes_them_along_at_once(void **state)
{
	uint8_t got[16] = {0};

	assert_int_equal(conn_queue(&conn, "head ", 5), 5);
	assert_int_equal(conn_write(&conn, "body", 4), 4);
	assert_int_equal(conn_queued(&conn), 0);
	assert_int_equal(peer_reads(got, sizeof(got)), 9); /* no turn in between */
	assert_string_equal((char *)got, "head body");
	turn();
	assert_int_equal(said[CONN_EV_FLUSHED], 1);
}

static void a_write_longer_than_the_room_behind_queued_bytes_is_taken(void **state)
{
	static uint8_t bytes[OUT_MAX + 100], got[OUT_MAX + 200];
	size_t n = 0;

	assert_int_equal(conn_queue(&conn, bytes, 1000), 1000);
	assert_int_equal(conn_write(&conn, bytes, OUT_MAX), OUT_MAX);
	until(({
		ssize_t r = peer_reads(got, sizeof(got));

		n += r > 0 ? (size_t)r : 0;
		n == OUT_MAX + 1000;
	}));
}

static void a_half_close_takes_queued_bytes_along(void **state)
{
	uint8_t got[16] = {0};

	assert_int_equal(conn_queue(&conn, "last", 4), 4);
	conn_shutdown(&conn);
	assert_int_equal(peer_reads(got, sizeof(got)), 4);
	assert_int_equal(peer_reads(got, sizeof(got)), 0);
	until(said[CONN_EV_FLUSHED] == 1);
}

static const uint8_t piece[16384];

static void large_pieces_are_gathered_until_the_turn_ends(void **state)
{
	static uint8_t got[4 * sizeof(piece)];

	assert_int_equal(conn_gather(&conn, piece, sizeof(piece)), sizeof(piece));
	assert_int_equal(conn_gather(&conn, piece, sizeof(piece)), sizeof(piece));
	conn_flush(&conn); /* they wait for more, and will leave anyway */
	assert_int_equal(peer_reads(got, sizeof(got)), -1);
	assert_int_equal(conn_queued(&conn), 2 * sizeof(piece));
	turn();
	assert_int_equal(peer_reads(got, sizeof(got)), 2 * sizeof(piece));
	assert_int_equal(said[CONN_EV_FLUSHED], 1);
}

static void a_small_piece_takes_what_was_gathered_along(void **state)
{
	static uint8_t got[2 * sizeof(piece)];

	(void)conn_gather(&conn, piece, sizeof(piece));
	assert_int_equal(conn_gather(&conn, "end", 3), 3);
	assert_int_equal(peer_reads(got, sizeof(got)), sizeof(piece) + 3);
	assert_memory_equal(got + sizeof(piece), "end", 3);
	assert_int_equal(conn_gather(&conn, "alone", 5), 5);
	assert_int_equal(peer_reads(got, sizeof(got)), 5);
}

static void gathered_bytes_do_not_wait_once_there_are_enough(void **state)
{
	static uint8_t got[8 * sizeof(piece)];

	for (int i = 0; i < 4; i++)
		(void)conn_gather(&conn, piece, sizeof(piece));
	assert_int_equal(peer_reads(got, sizeof(got)), 4 * sizeof(piece));
	assert_int_equal(conn_queued(&conn), 0);
}

static void a_half_close_takes_gathered_bytes_along(void **state)
{
	static uint8_t got[2 * sizeof(piece)];

	(void)conn_gather(&conn, piece, sizeof(piece));
	conn_shutdown(&conn);
	turn();
	assert_int_equal(peer_reads(got, sizeof(got)), sizeof(piece));
	assert_int_equal(peer_reads(got, sizeof(got)), 0);
}

static void a_closed_connection_forgets_what_was_gathered(void **state)
{
	(void)conn_gather(&conn, piece, sizeof(piece));
	conn_close(&conn);
	turn();
	assert_int_equal(n_order, 0);
}

static void the_queue_has_a_maximum_and_says_when_it_is_low(void **state)
{
	static uint8_t got[256 * 1024];
	size_t total = fill(), taken = 0;

	assert_int_equal(conn_write(&conn, "x", 1), 0);
	conn_set_low_mark(&conn, 1000);
	until(({
		ssize_t n = peer_reads(got, sizeof(got));

		taken += n > 0 ? (size_t)n : 0;
		said[CONN_EV_FLUSHED] > 0;
	}));
	assert_int_equal(said[CONN_EV_DRAINED], 1);
	assert_int_equal(said[CONN_EV_FLUSHED], 1);
	assert_int_equal(order[0], CONN_EV_DRAINED);
	assert_int_equal(order[1], CONN_EV_FLUSHED);
	assert_false(ev_is_active(&conn.wr));
	until(({
		ssize_t n = peer_reads(got, sizeof(got));

		taken += n > 0 ? (size_t)n : 0;
		taken == total;
	}));
}

static void a_write_to_one_who_left_is_an_error_event_of_the_next_turn(void **state)
{
	conn_pause(&conn);
	reset_peer();
	assert_int_equal(conn_write(&conn, "x", 1), 1);
	assert_int_equal(conn_write(&conn, "y", 1), 1);
	assert_int_equal(said[CONN_EV_ERROR], 0);
	until(said[CONN_EV_ERROR] == 1);
	assert_true(conn.error == -ECONNRESET || conn.error == -EPIPE);
	assert_int_equal(conn_write(&conn, "z", 1), 1); /* swallowed */
	turn();
	assert_int_equal(said[CONN_EV_ERROR], 1);
}

static void an_answer_sent_before_a_refused_upload_is_still_read(void **state)
{
	static uint8_t body[64 * 1024];

	peer_says("413 too much");
	assert_int_equal(conn_write(&conn, body, sizeof(body)), sizeof(body));
	close(TAKE_FD(peer));     /* with our bytes unread: a reset */
	while (!conn.write_error) /* our side writes before it looks */
		(void)conn_write(&conn, body, sizeof(body));
	until(last_read < 0 && last_read != -EAGAIN);
	assert_int_equal(n_input, 12);
	assert_memory_equal(input, "413 too much", 12);
	assert_int_equal(last_read, -ECONNRESET); /* and yet no clean end */
	assert_false(ended);
}

static void pausing_gives_up_what_a_gone_peer_had_said(void **state)
{
	peer_says("unheard");
	reset_peer();
	while (!conn.write_error)
		(void)conn_write(&conn, "x", 1);
	conn_pause(&conn);
	until(said[CONN_EV_ERROR] == 1);
	assert_int_equal(n_input, 0);
}

/* --- half-close ------------------------------------------------------------------------------ */

static void our_half_close_leaves_the_other_direction_open(void **state)
{
	uint8_t got[8];

	assert_int_equal(conn_write(&conn, "q", 1), 1);
	conn_shutdown(&conn);
	conn_shutdown(&conn);
	assert_int_equal(peer_reads(got, sizeof(got)), 1);
	assert_int_equal(peer_reads(got, sizeof(got)), 0);
	until(said[CONN_EV_FLUSHED] == 1);
	peer_says("answer");
	until(n_input == 6);
	assert_int_equal(conn_write(&conn, "late", 4), 4); /* swallowed */
	assert_int_equal(said[CONN_EV_ERROR], 0);
}

static void their_half_close_leaves_our_direction_open(void **state)
{
	uint8_t got[8];

	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	until(ended);
	assert_int_equal(conn_write(&conn, "still", 5), 5);
	assert_int_equal(peer_reads(got, sizeof(got)), 5);
}

static void a_half_close_waits_for_the_queue(void **state)
{
	static uint8_t got[256 * 1024];
	size_t total = fill(), taken = 0;
	ssize_t n = -1;

	conn_shutdown(&conn);
	assert_false(conn.shutdown_sent);
	until(({
		n = peer_reads(got, sizeof(got));
		taken += n > 0 ? (size_t)n : 0;
		n == 0;
	}));
	assert_int_equal(taken, total);
	until(said[CONN_EV_FLUSHED] >= 1);
	assert_true(conn.shutdown_sent);
}

/* --- closing --------------------------------------------------------------------------------- */

static void it_may_be_closed_while_readable(void **state)
{
	close_at = CONN_EV_READABLE;
	peer_says("x");
	until(conn.closed);
	turn();
	assert_int_equal(n_order, 1);
}

static void it_may_be_closed_while_drained(void **state)
{
	static uint8_t got[256 * 1024];

	close_at = CONN_EV_DRAINED;
	(void)fill();
	until((peer_reads(got, sizeof(got)), conn.closed));
	turn();
	assert_int_equal(said[CONN_EV_FLUSHED], 0);
}

static void it_may_be_closed_while_flushed(void **state)
{
	close_at = CONN_EV_FLUSHED;
	(void)conn_queue(&conn, "x", 1);
	conn_flush(&conn);
	until(conn.closed);
}

static void it_may_be_closed_in_an_error(void **state)
{
	close_at = CONN_EV_ERROR;
	conn_pause(&conn);
	reset_peer();
	(void)conn_write(&conn, "x", 1);
	(void)conn_write(&conn, "y", 1);
	until(conn.closed);
}

static void it_may_be_closed_at_its_deadline(void **state)
{
	close_at = CONN_EV_TIMEOUT;
	conn_set_deadline(&conn, 5);
	until(conn.closed);
	assert_int_equal(n_order, 1);
}

static void a_closed_connection_is_harmless(void **state)
{
	uint8_t got;

	(void)conn_queue(&conn, "x", 1);
	conn_flush(&conn); /* FLUSHED is due */
	conn_close(&conn);
	assert_int_equal(conn_write(&conn, "x", 1), 1);
	assert_int_equal(conn_queue(&conn, "x", 1), 1);
	conn_flush(&conn);
	conn_shutdown(&conn);
	conn_pause(&conn);
	conn_resume(&conn);
	conn_set_deadline(&conn, 1);
	conn_abort(&conn);
	assert_int_equal(conn_read(&conn, &got, 1), -ENOTCONN);
	assert_int_equal(conn_take_fd(&conn), -1);
	turn();
	assert_int_equal(n_order, 0);
}

static void an_abort_is_a_reset_at_the_peer(void **state)
{
	uint8_t got[4];

	assert_int_equal(conn_write(&conn, "x", 1), 1);
	conn_abort(&conn);
	(void)peer_reads(got, sizeof(got));
	assert_int_equal(peer_reads(got, sizeof(got)), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void a_close_is_a_fin_at_the_peer(void **state)
{
	uint8_t got[4];

	conn_close(&conn);
	assert_int_equal(peer_reads(got, sizeof(got)), 0);
}

static void a_descriptor_can_be_taken_back_unless_bytes_are_queued(void **state)
{
	int fd;

	(void)conn_queue(&conn, "x", 1);
	assert_int_equal(conn_take_fd(&conn), -1);
	conn_flush(&conn);
	fd = conn_take_fd(&conn);
	assert_true(fd >= 0);
	peer_says("hi");
	turn();
	assert_int_equal(said[CONN_EV_READABLE], 0);
	assert_int_equal(recv(fd, input, 8, 0), 2);
	close(fd);
}

/* --- time ------------------------------------------------------------------------------------ */

static bool over;

static void note_over(struct timer *t)
{
	over = true;
}

static void a_deadline_is_pushed_back_and_stopped(void **state)
{
	struct timer after;

	conn_set_deadline(&conn, 5);
	conn_set_deadline(&conn, 60000);
	timer_init(&after, &loop, note_over);
	timer_start(&after, 20);
	until(over);
	assert_int_equal(said[CONN_EV_TIMEOUT], 0);
	conn_set_deadline(&conn, 5);
	until(said[CONN_EV_TIMEOUT] == 1);
	conn_set_deadline(&conn, 5);
	conn_set_deadline(&conn, 0);
	assert_false(timer_is_active(&conn.deadline));
}

static void a_user_timeout_reaches_the_kernel(void **state)
{
	unsigned int ms = 0;
	socklen_t n = sizeof(ms);

	conn_tcp_set_user_timeout(&conn, 4321);
	assert_int_equal(getsockopt(conn.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &n), 0);
	assert_int_equal(ms, 4321);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static bool choose(const char *congestion)
{
	return setsockopt(conn.fd, IPPROTO_TCP, TCP_CONGESTION, congestion,
		       (socklen_t)strlen(congestion)) == 0;
}

static void check_congestion(const char *wanted)
{
	char name[16] = "";
	socklen_t n = sizeof(name) - 1;

	assert_int_equal(getsockopt(conn.fd, IPPROTO_TCP, TCP_CONGESTION, name, &n), 0);
	assert_string_equal(name, wanted);
}

static void nobody_is_paced_within_the_machine(void **state)
{
	char name[16] = "";
	socklen_t n = sizeof(name) - 1;

	/* whatever the system's choice is, this came out of conn_open() */
	assert_int_equal(getsockopt(conn.fd, IPPROTO_TCP, TCP_CONGESTION, name, &n), 0);
	assert_int_not_equal(strncmp(name, "bbr", 3), 0);
	if (choose("cubic")) {
		conn_tcp_settle(&conn);
		check_congestion("cubic");
	}
	if (!choose("bbr"))
		skip();
	conn_tcp_settle(&conn);
	check_congestion("reno");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bytes_come_as_they_are),
		T(readable_is_repeated_while_bytes_are_left),
		T(a_paused_connection_says_nothing_until_it_is_resumed),
		T(a_fin_is_a_clean_end_and_is_said_once),
		T(a_reset_is_an_error_of_the_read_not_an_end),
		T(a_write_leaves_at_once_when_the_socket_has_room),
		T(queued_bytes_wait_for_the_flush_and_leave_together),
		T(a_write_behind_queued_bytes_keeps_the_order),
		T(a_write_behind_queued_bytes_takes_them_along_at_once),
		T(a_write_longer_than_the_room_behind_queued_bytes_is_taken),
		T(a_half_close_takes_queued_bytes_along),
		T(large_pieces_are_gathered_until_the_turn_ends),
		T(a_small_piece_takes_what_was_gathered_along),
		T(gathered_bytes_do_not_wait_once_there_are_enough),
		T(a_half_close_takes_gathered_bytes_along),
		T(a_closed_connection_forgets_what_was_gathered),
		T(the_queue_has_a_maximum_and_says_when_it_is_low),
		T(a_write_to_one_who_left_is_an_error_event_of_the_next_turn),
		T(an_answer_sent_before_a_refused_upload_is_still_read),
		T(pausing_gives_up_what_a_gone_peer_had_said),
		T(our_half_close_leaves_the_other_direction_open),
		T(their_half_close_leaves_our_direction_open),
		T(a_half_close_waits_for_the_queue),
		T(it_may_be_closed_while_readable),
		T(it_may_be_closed_while_drained),
		T(it_may_be_closed_while_flushed),
		T(it_may_be_closed_in_an_error),
		T(it_may_be_closed_at_its_deadline),
		T(a_closed_connection_is_harmless),
		T(an_abort_is_a_reset_at_the_peer),
		T(a_close_is_a_fin_at_the_peer),
		T(a_descriptor_can_be_taken_back_unless_bytes_are_queued),
		T(a_deadline_is_pushed_back_and_stopped),
		T(nobody_is_paced_within_the_machine),
		T(a_user_timeout_reaches_the_kernel),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
