/* SPDX-License-Identifier: MIT */
/* test_ctl_client: the blocking caller, against a real server and against peers that misbehave. */

#include "ctl_test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "ctl/ctl_client.h"

#define TIMEOUT_MS 5000

/* --- a real server in a thread --------------------------------------------------------------- */

static pthread_t thread;

static void *serve(void *arg)
{
	loop_run(&the_loop);
	return NULL;
}

static void on_stop(struct ctl_call *c, json_t *params)
{
	ctl_call_reply(c, NULL);
	loop_stop(&the_loop);
}

static void on_forbidden(struct ctl_call *c, json_t *params)
{
	ctl_call_fail(c, "org.varlink.service.PermissionDenied", NULL);
}

static const struct ctl_method methods[] = {
	{"Echo", CTL_RIGHT_READ, on_echo},
	{"Hold", CTL_RIGHT_READ, on_hold},
	{"Big", CTL_RIGHT_READ, on_big},
	{"Count", CTL_RIGHT_READ, on_count},
	{"Fail", CTL_RIGHT_READ, on_fail},
	{"Forbidden", CTL_RIGHT_READ, on_forbidden},
	{"Stop", CTL_RIGHT_READ, on_stop},
};

static const struct ctl_interface interface = {
	.name = "io.tunnelto.Test",
	.description = "",
	.methods = methods,
	.n_methods = ARRAY_SIZE(methods),
};

static struct ctl_client *client;
static struct err err;

static void connect_client(void)
{
	enum ctl_client_result why;

	client = ctl_client_open(the_path, &why, &err);
	if (!client)
		fail_msg("%s", err.text);
	assert_int_equal(why, CTL_CLIENT_OK);
}

static int setup_server(void **state)
{
	err = (struct err){0};
	open_server(&interface, NULL);
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
	connect_client();
	return 0;
}

static int teardown_server(void **state)
{
	json_t *reply;

	ctl_client_close(client);
	connect_client();
	assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Stop", NULL, TIMEOUT_MS, &reply,
				 &err),
		0);
	json_decref(reply);
	ctl_client_close(client);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return teardown(state);
}

static void a_call_brings_its_reply(void **state)
{
	json_t *reply;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Echo",
					 json_pack("{s:i}", "n", i), TIMEOUT_MS, &reply, &err),
			CTL_CLIENT_OK);
		assert_int_equal(json_integer_value(json_object_get(reply, "n")), i);
		json_decref(reply);
	}
}

static void a_reply_may_be_large(void **state)
{
	json_t *reply;

	assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Big",
				 json_pack("{s:i}", "bytes", 3000000), TIMEOUT_MS, &reply, &err),
		CTL_CLIENT_OK);
	assert_int_equal(json_string_length(json_object_get(reply, "text")), 3000000);
	json_decref(reply);
}

static void an_error_has_a_name_and_parameters(void **state)
{
	json_t *reply;

	assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Fail", NULL, TIMEOUT_MS, &reply,
				 &err),
		CTL_CLIENT_ERROR);
	assert_string_equal(ctl_client_error(client), "io.tunnelto.Test.Broken");
	assert_string_equal(json_string_value(json_object_get(reply, "why")), "asked for");
	json_decref(reply);
	assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Echo", NULL, TIMEOUT_MS, &reply,
				 &err),
		CTL_CLIENT_OK);
	assert_string_equal(ctl_client_error(client), "");
	json_decref(reply);
}

static void what_is_not_allowed_is_told_apart(void **state)
{
	json_t *reply;

	assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Forbidden", NULL, TIMEOUT_MS,
				 &reply, &err),
		CTL_CLIENT_REFUSED);
	assert_non_null(strstr(err.text, "does not allow"));
	json_decref(reply);
}

static void an_answer_that_does_not_come_has_a_deadline(void **state)
{
	json_t *reply;

	assert_int_equal(ctl_client_call(client, "io.tunnelto.Test.Hold", NULL,
				 /* timeout_ms= */ 30, &reply, &err),
		CTL_CLIENT_BROKEN);
	assert_null(reply);
	assert_non_null(strstr(err.text, "in time"));
}

static bool count(struct ctl_client *c, json_t *reply, void *arg)
{
	int *n = arg;

	assert_int_equal(json_integer_value(json_object_get(reply, "n")), ++*n);
	return true;
}

static bool only_once(struct ctl_client *c, json_t *reply, void *arg)
{
	++*(int *)arg;
	return false;
}

static void more_calls_each_until_the_last(void **state)
{
	int n = 0;

	assert_int_equal(ctl_client_more(client, "io.tunnelto.Test.Count", NULL, count, &n, &err),
		CTL_CLIENT_OK);
	assert_int_equal(n, 3);
}

static void more_ends_when_each_has_enough(void **state)
{
	int n = 0;

	assert_int_equal(ctl_client_more(client, "io.tunnelto.Test.Count", NULL, only_once, &n,
				 &err),
		CTL_CLIENT_OK);
	assert_int_equal(n, 1);
}

/* Until a reply has come; what poll() says last. */
static int next_reply(json_t **reply)
{
	struct pollfd p = {.fd = ctl_client_fd(client), .events = POLLIN};
	int r;

	while ((r = ctl_client_poll(client, reply)) == 0)
		assert_int_equal(poll(&p, 1, TIMEOUT_MS), 1);
	return r;
}

static void replies_are_taken_as_they_come(void **state)
{
	json_t *reply = NULL;

	assert_int_equal(ctl_client_begin(client, "io.tunnelto.Test.Count", NULL, true), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(next_reply(&reply), 1);
		assert_string_equal(ctl_client_error(client), "");
		json_decref(reply);
	}
	assert_int_equal(ctl_client_poll(client, &reply), 0);
	assert_int_equal(ctl_client_begin(client, "io.tunnelto.Test.Forbidden", NULL, false), 0);
	assert_int_equal(next_reply(&reply), 1);
	assert_string_equal(ctl_client_error(client), "org.varlink.service.PermissionDenied");
	json_decref(reply);
}

static void more_may_end_in_an_error(void **state)
{
	int n = 0;

	assert_int_equal(ctl_client_more(client, "io.tunnelto.Test.Fail", NULL, only_once, &n,
				 &err),
		CTL_CLIENT_ERROR);
	assert_string_equal(ctl_client_error(client), "io.tunnelto.Test.Broken");
}

static void on_alarm(int sig)
{
}

static void a_signal_ends_following_quietly(void **state)
{
	const struct sigaction on = {.sa_handler = on_alarm}, off = {.sa_handler = SIG_DFL};
	const struct itimerval soon = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000};
	const struct itimerval never = {0};
	int n = 0;

	assert_int_equal(sigaction(SIGALRM, &on, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(ctl_client_more(client, "io.tunnelto.Test.Hold", NULL, only_once, &n,
				 &err),
		CTL_CLIENT_OK);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &off, NULL), 0);
	assert_int_equal(n, 0);
}

/* --- no server, or a bad one ----------------------------------------------------------------- */

static void nobody_there_is_no_daemon(void **state)
{
	enum ctl_client_result why;
	char longer[300];

	assert_null(ctl_client_open("/nonexistent/control", &why, &err));
	assert_int_equal(why, CTL_CLIENT_NO_DAEMON);
	assert_non_null(strstr(err.text, "/nonexistent/control"));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(ctl_client_open(longer, &why, &err));
	assert_int_equal(why, CTL_CLIENT_BROKEN);
}

static void a_socket_left_behind_is_no_daemon(void **state)
{
	char name[] = "/tmp/ctl_client_test.XXXXXX";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum ctl_client_result why;

	assert_non_null(mkdtemp(name));
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", name);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_null(ctl_client_open(un.sun_path, &why, &err));
	assert_int_equal(why, CTL_CLIENT_NO_DAEMON);
	close(fd);
	assert_int_equal(unlink(un.sun_path), 0);
	assert_int_equal(rmdir(name), 0);
}

/* A peer that answers every call with @answer and hangs up. */
struct liar {
	int listener;
	const char *answer;
	size_t n;
	pthread_t thread;
};

static void *lie(void *arg)
{
	struct liar *l = arg;
	int fd = accept(l->listener, NULL, NULL);
	char byte = 'x';

	while (byte != '\0' && recv(fd, &byte, 1, 0) == 1)
		;
	(void)!send(fd, l->answer, l->n, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static enum ctl_client_result call_liar(const char *answer, size_t n)
{
	char name[] = "/tmp/ctl_client_test.XXXXXX";
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct liar l = {.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.answer = answer,
		.n = n};
	enum ctl_client_result result;
	json_t *reply;

	assert_non_null(mkdtemp(name));
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", name);
	assert_int_equal(bind(l.listener, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(l.listener, 1), 0);
	assert_int_equal(pthread_create(&l.thread, NULL, lie, &l), 0);
	client = ctl_client_open(un.sun_path, &result, &err);
	assert_non_null(client);
	result = ctl_client_call(client, "a.B", NULL, TIMEOUT_MS, &reply, &err);
	json_decref(reply);
	ctl_client_close(client);
	assert_int_equal(pthread_join(l.thread, NULL), 0);
	close(l.listener);
	assert_int_equal(unlink(un.sun_path), 0);
	assert_int_equal(rmdir(name), 0);
	return result;
}

#define LIE(text) call_liar(text, sizeof(text))

static void answers_that_are_not_varlink_break_the_connection(void **state)
{
	assert_int_equal(LIE("{}"), CTL_CLIENT_OK);
	assert_int_equal(LIE("hello"), CTL_CLIENT_BROKEN);
	assert_int_equal(LIE(""), CTL_CLIENT_BROKEN);
	assert_int_equal(LIE("[]"), CTL_CLIENT_BROKEN);
	assert_int_equal(LIE("{\"error\":17}"), CTL_CLIENT_BROKEN);
	assert_int_equal(LIE("{\"parameters\":17}"), CTL_CLIENT_BROKEN);
}

static void a_connection_lost_before_the_answer_says_so(void **state)
{
	assert_int_equal(call_liar("{\"para", 6), CTL_CLIENT_BROKEN);
	assert_non_null(strstr(err.text, "closed the control connection"));
	assert_int_equal(call_liar("", 0), CTL_CLIENT_BROKEN);
}

static void an_answer_without_end_is_given_up(void **state)
{
	size_t n = 6 * 1024 * 1024;
	char *text = malloc(n);

	memset(text, ' ', n);
	assert_int_equal(call_liar(text, n), CTL_CLIENT_BROKEN);
	free(text);
}

static void closing_nothing_is_harmless(void **state)
{
	ctl_client_close(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_server, teardown_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_call_brings_its_reply),
		T(a_reply_may_be_large),
		T(an_error_has_a_name_and_parameters),
		T(what_is_not_allowed_is_told_apart),
		T(an_answer_that_does_not_come_has_a_deadline),
		T(more_calls_each_until_the_last),
		T(more_ends_when_each_has_enough),
		T(replies_are_taken_as_they_come),
		T(more_may_end_in_an_error),
		T(a_signal_ends_following_quietly),
		cmocka_unit_test(nobody_there_is_no_daemon),
		cmocka_unit_test(a_socket_left_behind_is_no_daemon),
		cmocka_unit_test(answers_that_are_not_varlink_break_the_connection),
		cmocka_unit_test(a_connection_lost_before_the_answer_says_so),
		cmocka_unit_test(an_answer_without_end_is_given_up),
		cmocka_unit_test(closing_nothing_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
