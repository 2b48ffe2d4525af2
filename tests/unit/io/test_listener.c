/* SPDX-License-Identifier: MIT */
/* test_listener: binding, accepting, and living through a shortage of descriptors. */

#include "io_test.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "io/listener.h"

static struct listener listener;
static int accepted_fd[128];
static size_t accepted;
static bool close_inside;
static struct addr last_peer;
static struct err err;

static void on_accepted(struct listener *l, int fd, const struct addr *peer)
{
	assert_ptr_equal(l, &listener);
	last_peer = *peer;
	accepted_fd[accepted++] = fd;
	if (close_inside)
		listener_close(l);
}

static int setup(void **state)
{
	accepted = 0;
	close_inside = false;
	err = (struct err){0};
	listener_init(&listener);
	return loop_setup(state);
}

static int teardown(void **state)
{
	listener_close(&listener);
	listener_close(&listener);
	while (accepted > 0)
		close(accepted_fd[--accepted]);
	return loop_teardown(state);
}

static void open_on(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text), 0);
	if (listener_open(&listener, &loop, &a, 0600, on_accepted, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_connection_is_accepted_ready_for_use(void **state)
{
	int fd, one = 0;
	socklen_t n = sizeof(one);

	open_on("127.0.0.1:0");
	assert_int_not_equal(addr_port(&listener.local), 0); /* the one that the kernel chose */
	fd = connect_to(&listener.local);
	until(accepted == 1);
	assert_true(fcntl(accepted_fd[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(accepted_fd[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(accepted_fd[0], IPPROTO_TCP, TCP_NODELAY, &one, &n), 0);
	assert_int_equal(one, 1);
	assert_true(addr_is_loopback(&last_peer));
	assert_int_not_equal(addr_port(&last_peer), 0);
	close(fd);
}

static void every_address_means_both_families(void **state)
{
	struct addr a;
	int fd;

	open_on("*:0");
	assert_int_equal(addr_parse_ip(&a, "127.0.0.1", addr_port(&listener.local)), 0);
	fd = connect_to(&a);
	until(accepted == 1);
	close(fd);
}

static void who_is_in_the_backlog_is_taken_at_the_end(void **state)
{
	int fd[100];

	open_on("127.0.0.1:0");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = connect_to(&listener.local);
	listener_finish(&listener);
	assert_int_equal(accepted, ARRAY_SIZE(fd));
	close(connect_to(&listener.local));
	turn();
	assert_int_equal(accepted, ARRAY_SIZE(fd));
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

static void a_listener_may_close_itself_while_it_accepts(void **state)
{
	int fd[3];

	open_on("127.0.0.1:0");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = connect_to(&listener.local);
	close_inside = true;
	until(accepted == 1);
	turn();
	assert_int_equal(accepted, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

static void one_turn_takes_no_more_than_its_share(void **state)
{
	int fd[LISTENER_ACCEPTS_PER_TURN + 6];

	open_on("127.0.0.1:0");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = connect_to(&listener.local);
	turn();
	assert_int_equal(accepted, LISTENER_ACCEPTS_PER_TURN);
	until(accepted == ARRAY_SIZE(fd));
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

static void a_port_in_use_is_an_error_with_words(void **state)
{
	struct listener second;
	struct addr a;

	open_on("127.0.0.1:0");
	a = listener.local;
	listener_init(&second);
	assert_int_equal(listener_open(&second, &loop, &a, 0, on_accepted, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "cannot listen on 127.0.0.1:"));
	assert_non_null(strstr(err.text, "Address already in use"));
	listener_close(&second);
}

static void a_foreign_address_is_an_error(void **state)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, "192.0.2.1:0"), 0);
	assert_int_equal(listener_open(&listener, &loop, &a, 0, on_accepted, &err), -EADDRNOTAVAIL);
}

/* --- unix sockets ---------------------------------------------------------------------------- */

static void in_directory(char ret[64], char text[80])
{
	assert_true(snprintf(ret, 64, "/tmp/tt-listener-XXXXXX") > 0);
	assert_non_null(mkdtemp(ret));
	assert_true(snprintf(text, 80, "unix:%s/s", ret) > 0);
}

static void a_unix_socket_has_its_mode_and_goes_with_the_listener(void **state)
{
	char dir[64], text[80];
	struct stat st;
	int fd;

	in_directory(dir, text);
	open_on(text);
	assert_int_equal(stat(text + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fd = connect_to(&listener.local);
	until(accepted == 1);
	close(fd);
	listener_close(&listener);
	assert_int_equal(stat(text + 5, &st), -1);
	assert_int_equal(rmdir(dir), 0);
}

static void a_stale_socket_is_replaced_a_live_one_is_not(void **state)
{
	char dir[64], text[80];
	struct listener second;
	struct addr a;
	int stale;

	in_directory(dir, text);
	assert_int_equal(addr_parse(&a, text), 0);
	stale = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(stale, (struct sockaddr *)&a.sa, a.len), 0);
	close(stale); /* its file stays */
	open_on(text);
	listener_init(&second);
	assert_int_equal(listener_open(&second, &loop, &a, 0600, on_accepted, &err), -EADDRINUSE);
	assert_int_equal(access(text + 5, F_OK), 0);
	listener_close(&listener);
	assert_int_equal(rmdir(dir), 0);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	char dir[64], text[80];
	struct addr a;
	int fd;

	in_directory(dir, text);
	fd = open(text + 5, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(addr_parse(&a, text), 0);
	assert_int_equal(listener_open(&listener, &loop, &a, 0600, on_accepted, &err), -EEXIST);
	assert_int_equal(unlink(text + 5), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* --- descriptors from elsewhere -------------------------------------------------------------- */

static void a_passed_socket_is_used_as_it_is(void **state)
{
	struct addr a;
	int fd, listening = listen_anywhere(&a);

	assert_int_equal(listener_adopt(&listener, &loop, listening, on_accepted, &err), 0);
	assert_int_equal(addr_port(&listener.local), addr_port(&a));
	assert_true(fcntl(listening, F_GETFL) & O_NONBLOCK);
	fd = connect_to(&a);
	until(accepted == 1);
	close(fd);
}

static void what_does_not_listen_is_refused(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(listener_adopt(&listener, &loop, fd, on_accepted, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a listening socket"));
	assert_int_equal(listener.fd, -1);
	close(fd);
}

/* --- shortage -------------------------------------------------------------------------------- */

static unsigned int warnings;

static void count_warnings(enum log_level level, const char *message, const struct log_field *f,
	size_t n)
{
	assert_int_equal(level, LOG_LV_WARNING);
	assert_non_null(strstr(message, "Too many open files"));
	warnings++;
}

/* No descriptor above those that are open now; returns the limit of before. */
static struct rlimit exhaust(void)
{
	struct rlimit before, none;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return before;
}

static void out_of_descriptors_it_pauses_says_so_once_and_goes_on(void **state)
{
	struct rlimit before;
	int fd[2];

	open_on("127.0.0.1:0");
	fd[0] = connect_to(&listener.local);
	fd[1] = connect_to(&listener.local);
	turn(); /* libev's own descriptors are open by now */
	while (accepted > 0)
		close(accepted_fd[--accepted]);
	close(fd[0]);
	fd[0] = connect_to(&listener.local);
	warnings = 0;
	log_set_sink(count_warnings);
	before = exhaust();
	until(timer_is_active(&listener.pause));
	turn();
	turn();
	assert_int_equal(accepted, 0);
	assert_int_equal(warnings, 1);
	assert_false(ev_is_active(&listener.accept)); /* no spinning */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	log_set_sink(log_sink_stderr);

	listener_resume(&listener);
	turn();
	assert_int_equal(accepted, 1); /* at once, not after the second */
	close(fd[0]);
	close(fd[1]);
}

static void a_pause_ends_by_itself(void **state)
{
	struct rlimit before;
	int fd;

	open_on("127.0.0.1:0");
	turn();
	fd = connect_to(&listener.local);
	before = exhaust();
	until(timer_is_active(&listener.pause));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	timer_start(&listener.pause, 1); /* its second is over */
	until(accepted == 1);
	close(fd);
}

static void a_stopped_listener_is_not_resumed_by_a_free_descriptor(void **state)
{
	int fd;

	open_on("127.0.0.1:0");
	listener_stop(&listener);
	fd = connect_to(&listener.local); /* the backlog still takes it */
	listener_resume(&listener);
	turn();
	turn();
	assert_int_equal(accepted, 0);
	assert_true(listener.fd >= 0);
	close(fd);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_connection_is_accepted_ready_for_use),
		T(every_address_means_both_families),
		T(who_is_in_the_backlog_is_taken_at_the_end),
		T(a_listener_may_close_itself_while_it_accepts),
		T(one_turn_takes_no_more_than_its_share),
		T(a_port_in_use_is_an_error_with_words),
		T(a_foreign_address_is_an_error),
		T(a_unix_socket_has_its_mode_and_goes_with_the_listener),
		T(a_stale_socket_is_replaced_a_live_one_is_not),
		T(a_file_that_is_no_socket_is_left_alone),
		T(a_passed_socket_is_used_as_it_is),
		T(what_does_not_listen_is_refused),
		T(out_of_descriptors_it_pauses_says_so_once_and_goes_on),
		T(a_pause_ends_by_itself),
		T(a_stopped_listener_is_not_resumed_by_a_free_descriptor),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
