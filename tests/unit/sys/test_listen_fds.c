/* SPDX-License-Identifier: MIT */
/* test_listen_fds: sockets from a service manager, taken by name; each case in a process of its
 * own. */

#include "../cm.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/listen_fds.h"

static unsigned int warnings;

static void count_warnings(enum log_level level, const char *message, const struct log_field *f,
	size_t n)
{
	warnings += strstr(message, "'public'") != NULL;
}

/* In a child: descriptors 3… as a manager passes them. */
static void pass(const char *n, const char *names, int pid)
{
	char text[32];

	for (int fd = 3; fd < 6; fd++)
		if (dup2(STDIN_FILENO, fd) < 0)
			_exit(99);
	(void)snprintf(text, sizeof(text), "%d", pid);
	(void)setenv("LISTEN_PID", text, 1);
	(void)setenv("LISTEN_FDS", n, 1);
	(void)setenv("LISTEN_FDNAMES", names, 1);
	log_set_sink(count_warnings);
}

static int run(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__ % 250 + 1;                                                 \
	} while (0)

static int by_name(void)
{
	pass("3", "control:public:control", getpid());
	CHECK(listen_fds_collect() == 0);
	CHECK(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID") && !getenv("LISTEN_FDNAMES"));
	CHECK(listen_fds_take("agent") == -1);
	CHECK(listen_fds_take("control") == 3);
	CHECK(listen_fds_take("control") == 5);
	CHECK(listen_fds_take("control") == -1);
	CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC);
	CHECK(listen_fds_take("public") == 4);
	listen_fds_close_rest();
	CHECK(warnings == 0);
	CHECK(fcntl(3, F_GETFD) >= 0 && fcntl(4, F_GETFD) >= 0 && fcntl(5, F_GETFD) >= 0);
	return 0;
}

static void sockets_are_taken_by_name_in_order_each_once(void **state)
{
	assert_int_equal(run(by_name), 0);
}

static int close_rest(void)
{
	pass("2", "control:public", getpid());
	CHECK(listen_fds_collect() == 0);
	CHECK(listen_fds_take("control") == 3);
	listen_fds_close_rest();
	CHECK(warnings == 1);
	CHECK(fcntl(3, F_GETFD) >= 0);
	CHECK(fcntl(4, F_GETFD) == -1);
	CHECK(listen_fds_take("public") == -1);
	listen_fds_close_rest();
	CHECK(warnings == 1);
	return 0;
}

static void what_nobody_took_is_closed_with_a_warning(void **state)
{
	assert_int_equal(run(close_rest), 0);
}

static int for_another(void)
{
	pass("1", "control", 1);
	CHECK(listen_fds_collect() == 0);
	CHECK(listen_fds_take("control") == -1);
	listen_fds_close_rest();
	CHECK(fcntl(3, F_GETFD) >= 0);
	return 0;
}

static void sockets_for_another_process_are_left_alone(void **state)
{
	assert_int_equal(run(for_another), 0);
}

static int garbage(void)
{
	pass("many", "control", getpid());
	CHECK(listen_fds_collect() < 0);
	CHECK(listen_fds_take("control") == -1);
	listen_fds_close_rest();
	return 0;
}

static void a_count_that_is_none_is_an_error(void **state)
{
	assert_int_equal(run(garbage), 0);
}

static int nothing(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	CHECK(listen_fds_take("control") == -1);
	CHECK(listen_fds_collect() == 0);
	CHECK(listen_fds_take("control") == -1);
	listen_fds_close_rest();
	return 0;
}

static void without_activation_there_is_nothing_to_take(void **state)
{
	assert_int_equal(run(nothing), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_activation_there_is_nothing_to_take),
		cmocka_unit_test(sockets_are_taken_by_name_in_order_each_once),
		cmocka_unit_test(what_nobody_took_is_closed_with_a_warning),
		cmocka_unit_test(sockets_for_another_process_are_left_alone),
		cmocka_unit_test(a_count_that_is_none_is_an_error),
	};

	return cmocka_run_group_tests_name("listen_fds", tests, NULL, NULL);
}
