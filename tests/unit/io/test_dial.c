/* SPDX-License-Identifier: MIT */
/* test_dial: every address is tried, each within its time, and the answer never comes early. */

#include "io_test.h"

#include <netinet/tcp.h>

#include "io/dial.h"

static struct dial dial;
static struct resolver *resolver;
static unsigned int calls;
static int result;
static clock_ms_t called_at;

static void on_done(struct dial *d, int fd)
{
	assert_ptr_equal(d, &dial);
	calls++;
	result = fd;
	called_at = clock_ms();
}

static int setup(void **state)
{
	calls = 0;
	result = 0;
	loop_setup(state);
	resolver = resolver_new(&loop);
	dial_init(&dial, &loop);
	return 0;
}

static int teardown(void **state)
{
	dial_cancel(&dial);
	resolver_free(resolver);
	return loop_teardown(state);
}

/* A port of 127.0.0.1 where nobody listens: bound, so that nobody else gets it. */
static int refusing(struct addr *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(addr_parse(ret, "127.0.0.1:0"), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ret->sa, ret->len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ret->sa, &ret->len), 0);
	return fd;
}

/* A listener whose queue is full: connecting to it hangs. */
static int hanging(struct addr *ret, int fill[static 2])
{
	int fd = refusing(ret);

	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < 2; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&ret->sa, ret->len);
	}
	return fd;
}

/* Try these, as though a name had them. */
static void dial_list(const struct addr *list, size_t n, uint32_t timeout_ms)
{
	resolve_done_f *resolved;

	dial_start(&dial, resolver, "127.0.0.1", 1, timeout_ms, on_done);
	resolved = dial.resolve.done;
	resolve_cancel(&dial.resolve);
	resolved(&dial.resolve, 0, list, n);
}

static void an_address_is_connected_ready_for_use(void **state)
{
	struct addr a;
	int l = listen_anywhere(&a), one = 0;
	socklen_t n = sizeof(one);

	dial_start_addr(&dial, &a, 5000, on_done);
	assert_int_equal(calls, 0);
	until(calls == 1);
	assert_true(result >= 0);
	assert_true(fcntl(result, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(result, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(result, IPPROTO_TCP, TCP_NODELAY, &one, &n), 0);
	assert_int_equal(one, 1);
	assert_int_equal(dial.fd, -1); /* it is ours now */
	assert_false(timer_is_active(&dial.deadline) || timer_is_active(&dial.attempt));
	close(result);
	assert_null(dial.list); /* who embeds a dial keeps it for long */
	close(l);
}

static void a_name_is_resolved_and_connected(void **state)
{
	struct addr a;
	int l = listen_anywhere(&a);

	dial_start(&dial, resolver, "localhost", addr_port(&a), 5000, on_done);
	assert_int_equal(calls, 0);
	until(calls == 1);
	assert_true(result >= 0);
	close(result);
	close(l);
}

static void a_unix_path_is_connected(void **state)
{
	char dir[] = "/tmp/tt-dial-XXXXXX", text[80];
	struct addr a;
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_non_null(mkdtemp(dir));
	assert_true(snprintf(text, sizeof(text), "unix:%s/s", dir) > 0);
	assert_int_equal(addr_parse(&a, text), 0);
	assert_int_equal(bind(l, (struct sockaddr *)&a.sa, a.len), 0);
	assert_int_equal(listen(l, 4), 0);
	dial_start_addr(&dial, &a, 5000, on_done);
	assert_int_equal(calls, 0);
	until(calls == 1);
	assert_true(result >= 0);
	close(result);
	close(l);
	unlink(text + 5);

	dial_start_addr(&dial, &a, 5000, on_done);
	assert_int_equal(calls, 1); /* connect(2) said no at once; it is still told later */
	until(calls == 2);
	assert_int_equal(result, -ENOENT);
	rmdir(dir);
}

static void a_refused_connection_says_so(void **state)
{
	struct addr a;
	int bound = refusing(&a);

	dial_start_addr(&dial, &a, 5000, on_done);
	until(calls == 1);
	assert_int_equal(result, -ECONNREFUSED);
	close(bound);
}

static void the_next_address_is_tried_after_a_refusal(void **state)
{
	struct addr list[3];
	int first = refusing(&list[0]), second = refusing(&list[1]), l = listen_anywhere(&list[2]);
	struct addr peer = {.len = sizeof(peer.sa)};

	dial_list(list, 3, 5000);
	until(calls == 1);
	assert_true(result >= 0);
	assert_int_equal(getpeername(result, (struct sockaddr *)&peer.sa, &peer.len), 0);
	assert_int_equal(addr_port(&peer), addr_port(&list[2]));
	close(result);
	close(first);
	close(second);
	close(l);
}

static void a_family_that_is_not_there_does_not_stop_the_others(void **state)
{
	struct addr list[2];
	int l = listen_anywhere(&list[1]);

	/* refused, or not even a family of this machine */
	assert_int_equal(addr_parse(&list[0], "[::1]:1"), 0);
	dial_list(list, 2, 5000);
	until(calls == 1);
	assert_true(result >= 0);
	close(result);
	close(l);
}

static void when_all_fail_the_last_error_is_told(void **state)
{
	struct addr list[2];
	int first = refusing(&list[0]), second = refusing(&list[1]);

	dial_list(list, 2, 5000);
	until(calls == 1);
	assert_int_equal(result, -ECONNREFUSED);
	close(first);
	close(second);
}

static void a_silent_address_takes_only_its_share_of_the_time(void **state)
{
	struct addr list[2];
	int fill[2], silent = hanging(&list[0], fill), l = listen_anywhere(&list[1]);
	clock_ms_t start = clock_ms();

	dial_list(list, 2, 800);
	until(calls == 1);
	assert_true(result >= 0);
	assert_in_range(called_at - start, 250, 790);
	close(result);
	close(fill[0]);
	close(fill[1]);
	close(silent);
	close(l);
}

static void the_whole_has_a_deadline(void **state)
{
	struct addr a;
	int fill[2], silent = hanging(&a, fill);
	clock_ms_t start = clock_ms();

	dial_start_addr(&dial, &a, 60, on_done);
	until(calls == 1);
	assert_int_equal(result, -ETIMEDOUT);
	assert_in_range(called_at - start, 60, 5000);
	assert_int_equal(dial.fd, -1);
	close(fill[0]);
	close(fill[1]);
	close(silent);
}

static void the_deadline_counts_resolving_too(void **state)
{
	/* nobody answers for this name here within so short a time, or it does not exist */
	dial_start(&dial, resolver, "mute.invalid", 80, 20, on_done);
	until(calls == 1);
	assert_true(result == -ETIMEDOUT || result == -ENOENT || result == -ECONNREFUSED);
	assert_null(dial.resolve.query);
}

static void a_name_that_does_not_exist_is_enoent(void **state)
{
	dial_start(&dial, resolver, "a..b", 80, 5000, on_done);
	until(calls == 1);
	assert_int_equal(result, -ENOENT);
}

static void a_cancelled_dial_never_calls(void **state)
{
	struct dial idle = {0};
	struct addr a;
	int l = listen_anywhere(&a);

	dial_start_addr(&dial, &a, 5000, on_done);
	dial_cancel(&dial);
	dial_cancel(&dial);
	dial_start(&dial, resolver, "localhost", addr_port(&a), 5000, on_done);
	dial_cancel(&dial);
	dial_cancel(&idle);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(calls, 0);
	assert_int_equal(dial.fd, -1);
	dial_start_addr(&dial, &a, 5000, on_done); /* and it can be used again */
	until(calls == 1);
	assert_true(result >= 0);
	close(result);
	close(l);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_address_is_connected_ready_for_use),
		T(a_name_is_resolved_and_connected),
		T(a_unix_path_is_connected),
		T(a_refused_connection_says_so),
		T(the_next_address_is_tried_after_a_refusal),
		T(a_family_that_is_not_there_does_not_stop_the_others),
		T(when_all_fail_the_last_error_is_told),
		T(a_silent_address_takes_only_its_share_of_the_time),
		T(the_whole_has_a_deadline),
		T(the_deadline_counts_resolving_too),
		T(a_name_that_does_not_exist_is_enoent),
		T(a_cancelled_dial_never_calls),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
