/* SPDX-License-Identifier: MIT */
/* test_peek: looking at first bytes without taking them, without spinning, not for ever. */

#include "io_test.h"

#include "io/peek.h"

static struct peek peek;
static int far;
static unsigned int looks, dones;
static int result;
static bool was_last;
static size_t want; /* enough to decide */
static uint8_t seen[PEEK_MAX];
static size_t n_seen;

static enum peek_verdict on_look(struct peek *p, const uint8_t *bytes, size_t n, bool last)
{
	assert_ptr_equal(p, &peek);
	assert_true(n > 0 && n <= PEEK_MAX);
	looks++;
	was_last = last;
	n_seen = n;
	memcpy(seen, bytes, n);
	return n >= want ? PEEK_DONE : PEEK_MORE;
}

static void on_done(struct peek *p, int fd)
{
	dones++;
	result = fd;
	memset(p, 0xa5, sizeof(*p)); /* it may be freed inside */
}

static int setup(void **state)
{
	looks = dones = 0;
	result = 0;
	was_last = false;
	want = 1;
	far = -1;
	return loop_setup(state);
}

static int teardown(void **state)
{
	if (far >= 0)
		close(far);
	return loop_teardown(state);
}

static void start_on(int fd, uint32_t ms)
{
	struct addr nobody;

	assert_int_equal(addr_parse(&nobody, "192.0.2.1:7"), 0);
	peek_start(&peek, &loop, fd, &nobody, ms, on_look, on_done);
}

static void start(uint32_t ms)
{
	int fd[2];

	tcp_pair(fd);
	far = fd[0];
	start_on(fd[1], ms);
}

static void far_says(const char *bytes, size_t n)
{
	assert_int_equal(send(far, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Whoever gets the socket finds every byte, and is woken by a single one. */
static void assert_unread(const char *text)
{
	char got[64] = {0};
	int low = 0;
	socklen_t n = sizeof(low);

	assert_true(result >= 0);
	assert_int_equal(getsockopt(result, SOL_SOCKET, SO_RCVLOWAT, &low, &n), 0);
	assert_int_equal(low, 1);
	assert_int_equal(recv(result, got, sizeof(got), 0), (ssize_t)strlen(text));
	assert_string_equal(got, text);
	close(result);
}

static void bytes_are_seen_and_left_where_they_are(void **state)
{
	start(5000);
	assert_int_equal(looks, 0);
	far_says("GET /", 5);
	until(dones == 1);
	assert_int_equal(n_seen, 5);
	assert_memory_equal(seen, "GET /", 5);
	assert_unread("GET /");
}

static void bytes_that_are_there_already_are_seen_at_once(void **state)
{
	int fd[2];

	tcp_pair(fd);
	far = fd[0];
	far_says("now", 3);
	start_on(fd[1], 5000);
	assert_int_equal(dones, 1);
	assert_unread("now");
}

static void a_head_in_pieces_is_looked_at_once_a_piece(void **state)
{
	want = 9;
	start(5000);
	far_says("one", 3);
	until(looks == 1);
	for (int i = 0; i < 20; i++)
		turn();
	assert_int_equal(looks, 1); /* the bytes that wait do not spin the loop */
	far_says("two", 3);
	until(looks == 2);
	assert_int_equal(n_seen, 6);
	assert_false(was_last);
	far_says("six", 3);
	until(dones == 1);
	assert_int_equal(looks, 3);
	assert_unread("onetwosix");
}

static void a_unix_socket_is_peeked_at_too(void **state)
{
	int fd[2];
	unsigned int turns = 0;

	want = 6;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	far = fd[0];
	start_on(fd[1], 5000);
	far_says("one", 3);
	until((turns++, timer_is_active(&peek.again))); /* it heeds no SO_RCVLOWAT */
	assert_in_range(turns, 1, 10);
	assert_int_equal(looks, 1);
	assert_int_equal(dones, 0); /* a split head is no end */
	far_says("two", 3);
	until(dones == 1);
	assert_unread("onetwo");
}

static void a_silent_peer_meets_the_deadline(void **state)
{
	start(20);
	until(dones == 1);
	assert_int_equal(result, -ETIMEDOUT);
	assert_int_equal(looks, 0);
	assert_int_equal(recv(far, seen, 1, 0), 0); /* closed */
}

static void a_slow_peer_does_not_move_the_deadline(void **state)
{
	clock_ms_t start_ms = clock_ms();

	want = 100;
	start(60);
	far_says("a", 1);
	until(looks == 1);
	far_says("b", 1);
	until(dones == 1);
	assert_int_equal(result, -ETIMEDOUT);
	assert_in_range(clock_ms() - start_ms, 60, 5000);
}

static void a_fin_after_too_little_is_the_last_look(void **state)
{
	want = 100;
	start(5000);
	far_says("half", 4);
	until(looks == 1);
	assert_false(was_last);
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	until(dones == 1);
	assert_true(was_last);
	assert_int_equal(n_seen, 4);
	assert_int_equal(result, -EPROTO);
}

static void a_fin_with_enough_before_it_is_no_failure(void **state)
{
	want = 4;
	start(5000);
	far_says("hole", 4);
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	until(dones == 1);
	assert_unread("hole");
}

static void a_fin_before_any_byte_gives_up(void **state)
{
	start(5000);
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	until(dones == 1);
	assert_int_equal(result, -EPROTO);
	assert_int_equal(looks, 0);
}

static void a_reset_gives_up(void **state)
{
	struct linger now = {.l_onoff = 1};

	start(5000);
	assert_int_equal(setsockopt(far, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(TAKE_FD(far));
	until(dones == 1);
	assert_int_equal(result, -ECONNRESET);
}

static void more_than_the_maximum_is_not_waited_for(void **state)
{
	static char flood[PEEK_MAX + 5000];

	want = SIZE_MAX;
	memset(flood, 'x', sizeof(flood));
	start(5000);
	far_says(flood, sizeof(flood));
	until(dones == 1);
	assert_true(was_last);
	assert_int_equal(n_seen, PEEK_MAX);
	assert_int_equal(result, -EPROTO);
}

static void all_of_the_maximum_can_be_looked_at(void **state)
{
	static char head[PEEK_MAX];

	want = PEEK_MAX;
	memset(head, 'h', sizeof(head));
	start(5000);
	far_says(head, 3000);
	until(looks >= 1);
	far_says(head, PEEK_MAX - 3000);
	until(dones == 1);
	assert_true(result >= 0);
	close(result);
}

static void a_cancelled_peek_closes_and_never_calls(void **state)
{
	start(10);
	peek_cancel(&peek);
	peek_cancel(&peek);
	assert_int_equal(recv(far, seen, 1, 0), 0);
	turn();
	assert_int_equal(dones, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bytes_are_seen_and_left_where_they_are),
		T(bytes_that_are_there_already_are_seen_at_once),
		T(a_head_in_pieces_is_looked_at_once_a_piece),
		T(a_unix_socket_is_peeked_at_too),
		T(a_silent_peer_meets_the_deadline),
		T(a_slow_peer_does_not_move_the_deadline),
		T(a_fin_after_too_little_is_the_last_look),
		T(a_fin_with_enough_before_it_is_no_failure),
		T(a_fin_before_any_byte_gives_up),
		T(a_reset_gives_up),
		T(more_than_the_maximum_is_not_waited_for),
		T(all_of_the_maximum_can_be_looked_at),
		T(a_cancelled_peek_closes_and_never_calls),
	};

	return cmocka_run_group_tests_name("peek", tests, NULL, NULL);
}
