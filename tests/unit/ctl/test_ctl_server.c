/* SPDX-License-Identifier: MIT */
/* test_ctl_server: the control socket under good, bad and slow callers, and who may do what. */

#include "ctl_test.h"

/* Who the caller is taken for, when it is not us. */
static bool in_disguise;
static uid_t fake_uid;
static gid_t fake_gid, fake_groups[300];
static size_t fake_n_groups;

static int fake_getsockopt(int fd, int level, int name, void *value, socklen_t *n)
{
	if (!in_disguise)
		return getsockopt(fd, level, name, value, n);
	if (name == SO_PEERCRED) {
		*(struct ucred *)value = (struct ucred){.uid = fake_uid, .gid = fake_gid};
		return 0;
	}
	assert_int_equal(name, SO_PEERGROUPS);
	if (*n < fake_n_groups * sizeof(gid_t)) {
		*n = (socklen_t)(fake_n_groups * sizeof(gid_t));
		errno = ERANGE;
		return -1;
	}
	*n = (socklen_t)(fake_n_groups * sizeof(gid_t));
	memcpy(value, fake_groups, *n);
	return 0;
}

/* As whom we run, when that is not root. */
static uid_t fake_euid;

static uid_t fake_geteuid(void)
{
	return in_disguise ? fake_euid : geteuid();
}

#define getsockopt fake_getsockopt
#define geteuid    fake_geteuid
#include "ctl/ctl_peer.c"
#include "ctl/ctl_server.c"
#undef getsockopt
#undef geteuid

static struct caller caller;

static int setup_caller(void **state)
{
	in_disguise = false;
	fake_n_groups = 0;
	fake_uid = fake_gid = 60000;
	fake_euid = 998;
	setup(state);
	caller_open(&caller);
	return 0;
}

static int teardown_caller(void **state)
{
	caller_close(&caller);
	return teardown(state);
}

#define CALL(method) "{\"method\":\"io.tunnelto.Test." method "\"}"
#define CALL_WITH(method, params)                                                                  \
	"{\"method\":\"io.tunnelto.Test." method "\",\"parameters\":" params "}"

/* --- calls ----------------------------------------------------------------------------------- */

static void a_call_is_answered_with_its_parameters(void **state)
{
	caller_say(&caller, CALL_WITH("Echo", "{\"a\":\"b\"}"));
	expect_reply(&caller, NULL, "a", "b");
}

static void a_call_may_come_in_any_pieces(void **state)
{
	static const char text[] = CALL_WITH("Echo", "{\"a\":\"b\"}");

	for (size_t i = 0; i < sizeof(text); i++) {
		assert_true(caller_say_bytes(&caller, text + i, 1));
		ev_run(the_loop.ev, EVRUN_NOWAIT);
	}
	expect_reply(&caller, NULL, "a", "b");
}

static void pipelined_calls_are_answered_in_order(void **state)
{
	char all[16384];
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, CALL_WITH("Echo", "{\"i\":\"%d\"}"),
			     i) +
		     1;
	assert_true(caller_say_bytes(&caller, all, n));
	for (int i = 0; i < 100; i++) {
		char word[16];

		(void)snprintf(word, sizeof(word), "%d", i);
		expect_reply(&caller, NULL, "i", word);
	}
}

static void a_call_waits_until_the_one_before_it_is_answered(void **state)
{
	caller_say(&caller, CALL("Hold"));
	caller_say(&caller, CALL_WITH("Echo", "{\"a\":\"second\"}"));
	until(held);
	ev_run(the_loop.ev, EVRUN_NOWAIT);
	assert_false(caller_has_message(&caller));
	ctl_call_reply(held, json_pack("{s:s}", "a", "first"));
	expect_reply(&caller, NULL, "a", "first");
	expect_reply(&caller, NULL, "a", "second");
}

static void a_held_call_stops_no_other_connection(void **state)
{
	caller_say(&caller, CALL("Hold"));
	until(held);
	expect_alive();
	assert_non_null(held);
}

static void more_brings_several_replies_and_the_last_says_so(void **state)
{
	caller_say(&caller, "{\"method\":\"io.tunnelto.Test.Count\",\"more\":true}");
	for (int i = 1; i <= 3; i++) {
		json_t *reply = caller_hear(&caller);

		assert_int_equal(json_integer_value(json_object_get(json_object_get(reply,
									    "parameters"),
					 "n")),
			i);
		assert_int_equal(json_is_true(json_object_get(reply, "continues")), i < 3);
		json_decref(reply);
	}
}

static void one_way_calls_are_done_and_not_answered(void **state)
{
	caller_say(&caller,
		"{\"method\":\"io.tunnelto.Test.Count\",\"oneway\":true,\"more\":true}");
	caller_say(&caller, "{\"method\":\"io.tunnelto.Test.Fail\",\"oneway\":true}");
	caller_say(&caller, CALL_WITH("Echo", "{\"a\":\"b\"}"));
	expect_reply(&caller, NULL, "a", "b");
}

static void errors_carry_the_name_of_their_interface(void **state)
{
	caller_say(&caller, CALL("Fail"));
	expect_reply(&caller, "io.tunnelto.Test.Broken", "why", "asked for");
	caller_say(&caller, CALL("Demand"));
	expect_reply(&caller, "org.varlink.service.InvalidParameter", "parameter", "name");
}

static void what_is_not_there_is_named_in_the_error(void **state)
{
	caller_say(&caller, CALL("Nothing"));
	expect_reply(&caller, "org.varlink.service.MethodNotFound", "method", "Nothing");
	caller_say(&caller, "{\"method\":\"org.example.Any\"}");
	expect_reply(&caller, "org.varlink.service.InterfaceNotFound", "interface", "org.example");
	caller_say(&caller, "{\"method\":\"org.varlink.service.Nothing\"}");
	expect_reply(&caller, "org.varlink.service.MethodNotFound", "method", "Nothing");
}

/* --- introspection --------------------------------------------------------------------------- */

static void the_service_says_what_it_is(void **state)
{
	json_t *reply, *p;

	caller_say(&caller, "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{}}");
	reply = caller_hear(&caller);
	p = json_object_get(reply, "parameters");
	assert_string_equal(json_string_value(json_object_get(p, "vendor")), "tunnelto");
	assert_string_equal(json_string_value(json_object_get(p, "product")), "testd");
	assert_string_equal(json_string_value(json_object_get(p, "version")), PACKAGE_VERSION);
	assert_true(json_is_string(json_object_get(p, "url")));
	assert_int_equal(json_array_size(json_object_get(p, "interfaces")), 2);
	json_decref(reply);
}

static void every_interface_describes_itself(void **state)
{
	json_t *reply;

	caller_say(&caller, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			    "\"parameters\":{\"interface\":\"io.tunnelto.Test\"}}");
	expect_reply(&caller, NULL, "description", "interface io.tunnelto.Test\n");
	caller_say(&caller, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			    "\"parameters\":{\"interface\":\"org.varlink.service\"}}");
	reply = caller_hear(&caller);
	assert_non_null(strstr(json_string_value(json_object_get(json_object_get(reply,
									 "parameters"),
				       "description")),
		"interface org.varlink.service\n"));
	json_decref(reply);
	caller_say(&caller, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			    "\"parameters\":{\"interface\":\"a.b\"}}");
	expect_reply(&caller, "org.varlink.service.InterfaceNotFound", "interface", "a.b");
	caller_say(&caller, "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}");
	expect_reply(&caller, "org.varlink.service.InvalidParameter", "parameter", "interface");
}

/* --- bad callers ----------------------------------------------------------------------------- */

static void garbage_ends_its_connection_and_no_other(void **state)
{
	static const char *const garbage[] = {"", "{", "hello", "[]", "17", "{}", "{\"method\":17}",
		"{\"method\":\"NoDot\"}", "{\"method\":\"a.\"}", "{\"method\":\".b\"}",
		"{\"method\":\"a b.C\"}", "{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"method\":\"a.C\"}", "{\"method\":\"a.B\"} {}", "\xff\xfe"};

	caller_say(&caller, CALL("Hold"));
	until(held);
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		struct caller bad;

		caller_open(&bad);
		caller_say(&bad, garbage[i]);
		until(caller_is_shut_out(&bad));
		assert_int_equal(buf_len(&bad.in), 0);
		caller_close(&bad);
	}
	assert_int_equal(n_gone, 0);
	expect_alive();
	until(server.n_connections == 1);
}

static void a_message_without_an_end_is_cut_off_at_the_limit(void **state)
{
	char block[65536];
	size_t said = 0;

	memset(block, ' ', sizeof(block));
	while (said < 4 * CTL_MESSAGE_MAX && caller_say_bytes(&caller, block, sizeof(block)))
		said += sizeof(block);
	until(caller_is_shut_out(&caller));
	assert_true(said < 3 * CTL_MESSAGE_MAX);
	expect_alive();
}

static void a_message_of_just_the_limit_is_taken(void **state)
{
	static const char head[] = CALL_WITH("Echo", "{\"a\":\"b\"}");
	char *text = malloc(CTL_MESSAGE_MAX + 1);

	memset(text, ' ', CTL_MESSAGE_MAX);
	memcpy(text, head, strlen(head));
	text[CTL_MESSAGE_MAX] = '\0';
	caller_say(&caller, text);
	expect_reply(&caller, NULL, "a", "b");
	free(text);
}

/* More than fits in memory is waiting behind a call, and nothing of it is lost. */
static void callers_that_pipeline_without_end_are_held_back(void **state)
{
	static const char call[] = CALL_WITH("Echo", "{\"a\":\"b\"}");
	char block[200 * sizeof(call)];
	unsigned int said = 0;

	for (size_t i = 0; i < sizeof(block) / sizeof(call); i++)
		memcpy(block + i * sizeof(call), call, sizeof(call));
	caller_say(&caller, CALL("Hold"));
	until(held);
	for (int idle = 0; idle < 50;) {
		ssize_t n = send(caller.fd, block + said % sizeof(call), sizeof(call),
			MSG_NOSIGNAL);

		assert_true(n > 0 || errno == EAGAIN);
		said += n > 0 ? (unsigned int)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		ev_run(the_loop.ev, EVRUN_NOWAIT);
	}
	assert_true(said > CTL_MESSAGE_MAX && said < 3 * CTL_MESSAGE_MAX);
	assert_non_null(held);
	ctl_call_reply(held, json_pack("{s:s}", "a", "first"));
	expect_reply(&caller, NULL, "a", "first");
	for (unsigned int i = 0; i < said / sizeof(call); i++)
		expect_reply(&caller, NULL, "a", "b");
}

static struct ctl_conn *only_conn(void)
{
	assert_int_equal(server.n_connections, 1);
	return list_entry(list_first(&server.connections), struct ctl_conn, peer.node);
}

/* The deadline, moved to now. */
static void let_deadline_pass(void)
{
	struct ctl_conn *c = only_conn();

	assert_true(timer_is_active(&c->conn.deadline));
	conn_set_deadline(&c->conn, 1);
	until(server.n_connections == 0);
}

static void half_a_message_has_a_deadline_that_no_drip_moves(void **state)
{
	clock_ms_t at;

	assert_true(caller_say_bytes(&caller, "{", 1));
	until(server.n_connections == 1 && timer_is_active(&only_conn()->conn.deadline));
	conn_set_deadline(&only_conn()->conn, MESSAGE_MS / 2); /* half of it is over */
	at = only_conn()->conn.deadline.at;
	for (int i = 0; i < 5; i++) {
		size_t len = buf_len(&only_conn()->peer.in);

		assert_true(caller_say_bytes(&caller, " ", 1));
		until(buf_len(&only_conn()->peer.in) > len);
	}
	assert_int_equal(only_conn()->conn.deadline.at, at);
	let_deadline_pass();
	until(caller_is_shut_out(&caller));
	expect_alive();
}

static void an_idle_connection_has_no_deadline(void **state)
{
	caller_say(&caller, CALL("Echo"));
	expect_reply(&caller, NULL, NULL, NULL);
	assert_false(timer_is_active(&only_conn()->conn.deadline));
}

static void answers_wait_for_a_slow_reader_up_to_a_deadline(void **state)
{
	for (int i = 0; i < 8; i++)
		caller_say(&caller, CALL_WITH("Big", "{\"bytes\":1000000}"));
	until(server.n_connections == 1 && only_conn()->peer.wait == CTL_WAIT_ANSWER);
	ev_run(the_loop.ev, EVRUN_NOWAIT);
	assert_true(conn_queued(&only_conn()->conn) < 1000100); /* one answer, not eight */
	let_deadline_pass();
	expect_alive();
}

static void a_slow_reader_gets_all_its_answers(void **state)
{
	for (int i = 0; i < 8; i++)
		caller_say(&caller, CALL_WITH("Big", "{\"bytes\":1000000}"));
	shutdown(caller.fd, SHUT_WR);
	for (int i = 0; i < 8; i++) {
		json_t *reply = caller_hear(&caller);

		assert_int_equal(json_string_length(json_object_get(json_object_get(reply,
									    "parameters"),
					 "text")),
			1000000);
		json_decref(reply);
	}
	until(caller_is_shut_out(&caller));
}

static void a_follower_that_does_not_read_is_closed(void **state)
{
	char *text = malloc(500001);
	int sent = 0;

	memset(text, 'x', 500000);
	text[500000] = '\0';
	caller_say(&caller, "{\"method\":\"io.tunnelto.Test.Hold\",\"more\":true}");
	until(held);
	while (sent < 100 && ctl_call_continue(held, json_pack("{s:s}", "text", text)))
		sent++;
	free(text);
	assert_true(sent >= 8 && sent < 12);
	assert_int_equal(n_gone, 1);
	assert_int_equal(server.n_connections, 0);
	expect_alive();
}

static void a_caller_that_goes_away_is_told_to_the_watch(void **state)
{
	caller_say(&caller, CALL("Hold"));
	until(held);
	shutdown(caller.fd, SHUT_RDWR);
	until(n_gone == 1);
	until(server.n_connections == 0);
}

static void closing_the_server_tells_the_watch(void **state)
{
	caller_say(&caller, CALL("Hold"));
	until(held);
	ctl_server_close(&server);
	assert_int_equal(n_gone, 1);
	assert_int_equal(server.n_connections, 0);
}

static void half_closed_callers_still_get_what_they_asked(void **state)
{
	caller_say(&caller, CALL_WITH("Echo", "{\"a\":\"1\"}"));
	caller_say(&caller, CALL_WITH("Echo", "{\"a\":\"2\"}"));
	shutdown(caller.fd, SHUT_WR);
	expect_reply(&caller, NULL, "a", "1");
	expect_reply(&caller, NULL, "a", "2");
	until(caller_is_shut_out(&caller));
}

/* --- rights ---------------------------------------------------------------------------------- */

static void expect_right(enum ctl_right right)
{
	static const char refused[] = "org.varlink.service.PermissionDenied";
	struct caller c;

	in_disguise = true;
	caller_open(&c);
	caller_say(&c, CALL("Echo"));
	expect_reply(&c, NULL, NULL, NULL);
	caller_say(&c, CALL("Operate"));
	expect_reply(&c, right >= CTL_RIGHT_OPERATE ? NULL : refused, NULL, NULL);
	caller_say(&c, CALL("Administer"));
	expect_reply(&c, right >= CTL_RIGHT_ADMIN ? NULL : refused, NULL, NULL);
	caller_close(&c);
	until(server.n_connections <= 1);
}

static void root_and_our_own_user_may_do_all(void **state)
{
	fake_uid = 0;
	expect_right(CTL_RIGHT_ADMIN);
	fake_uid = fake_euid;
	expect_right(CTL_RIGHT_ADMIN);
	fake_uid = fake_euid + 1;
	expect_right(CTL_RIGHT_READ);
}

static void others_may_only_read(void **state)
{
	expect_right(CTL_RIGHT_READ);
	server.operators = 4711;
	expect_right(CTL_RIGHT_READ);
	fake_groups[0] = 4712;
	fake_n_groups = 1;
	expect_right(CTL_RIGHT_READ);
}

static void operators_are_known_by_any_of_their_groups(void **state)
{
	server.operators = 4711;
	fake_gid = 4711;
	expect_right(CTL_RIGHT_OPERATE);
	fake_gid = 60000;
	for (fake_n_groups = 0; fake_n_groups < ARRAY_SIZE(fake_groups); fake_n_groups++)
		fake_groups[fake_n_groups] = (gid_t)(5000 + fake_n_groups);
	expect_right(CTL_RIGHT_READ);
	fake_groups[ARRAY_SIZE(fake_groups) - 1] = 4711;
	expect_right(CTL_RIGHT_OPERATE);
}

static void a_group_that_does_not_exist_makes_nobody_an_operator(void **state)
{
	struct ctl_server s;

	ctl_server_init(&s, &the_loop, &test_interface, "testd", "no-such-group-here");
	assert_int_equal(s.operators, (gid_t)-1);
	fake_gid = (gid_t)-1;
	expect_right(CTL_RIGHT_READ);
}

static void readers_cannot_shut_operators_out(void **state)
{
	struct caller c[CTL_READERS_MAX + 1];

	until(server.n_connections == 1);
	in_disguise = true;
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		caller_open(&c[i]);
	until(caller_is_shut_out(&c[CTL_READERS_MAX]));
	in_disguise = false;
	expect_alive();
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		caller_close(&c[i]);
	until(server.n_connections == 1);
	assert_int_equal(server.n_readers, 0);
}

static void connections_over_the_limit_are_closed_and_the_others_stay(void **state)
{
	struct caller c[CTL_CONNECTIONS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		caller_open(&c[i]);
	until(caller_is_shut_out(&c[ARRAY_SIZE(c) - 1]));
	assert_int_equal(server.n_connections, CTL_CONNECTIONS_MAX);
	caller_say(&caller, CALL_WITH("Echo", "{\"a\":\"b\"}"));
	expect_reply(&caller, NULL, "a", "b");
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		caller_close(&c[i]);
	until(server.n_connections == 1);
	expect_alive();
}

/* --- the socket ------------------------------------------------------------------------------ */

static void the_socket_is_not_for_everybody(void **state)
{
	struct stat st;

	assert_int_equal(stat(the_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_path_that_no_socket_can_have_is_refused_in_words(void **state)
{
	struct ctl_server s;
	struct err err = {0};
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	ctl_server_init(&s, &the_loop, &test_interface, "testd", NULL);
	assert_true(ctl_server_open(&s, longer, -1, &err) < 0);
	assert_non_null(strstr(err.text, longer));
	ctl_server_close(&s);
}

static void a_socket_passed_from_outside_is_served(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ctl_server s;
	struct err err = {0};
	struct caller c;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/passed", the_dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 5), 0);
	ctl_server_init(&s, &the_loop, &test_interface, "testd", NULL);
	assert_int_equal(ctl_server_open(&s, NULL, fd, &err), 0);
	(void)snprintf(the_path, sizeof(the_path), "%s", un.sun_path);
	caller_open(&c);
	caller_say(&c, CALL_WITH("Echo", "{\"a\":\"b\"}"));
	expect_reply(&c, NULL, "a", "b");
	caller_close(&c);
	ctl_server_close(&s);
	assert_int_equal(unlink(un.sun_path), 0); /* who made it removes it */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_caller, teardown_caller)

/* A long answer is made piece by piece, however slowly it is read: one piece waits, no more.
 * Small pieces leave at once, and that is heard of, too. */
static void who_has_much_to_say_waits_until_it_has_left(void **state)
{
	static const char *const calls[] = {"{\"method\":\"io.tunnelto.Test.Fill\",\"more\":true,"
					    "\"parameters\":{\"bytes\":524288}}",
		"{\"method\":\"io.tunnelto.Test.Fill\",\"more\":true,\"parameters\":{\"bytes\":10}"
		"}"};

	for (size_t k = 0; k < ARRAY_SIZE(calls); k++) {
		struct caller c;

		caller_open(&c);
		caller_say(&c, calls[k]);
		for (unsigned int i = 0; i < 20; i++) {
			json_t *reply = caller_hear(&c);

			assert_true(json_is_true(json_object_get(reply, "continues")));
			assert_true(k > 0 || n_filled <= i + 1);
			json_decref(reply);
		}
		assert_true(n_filled >= 19);
		caller_close(&c);
		until(n_gone == k + 1);
	}
	expect_alive();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_call_is_answered_with_its_parameters),
		T(a_call_may_come_in_any_pieces),
		T(pipelined_calls_are_answered_in_order),
		T(a_call_waits_until_the_one_before_it_is_answered),
		T(a_held_call_stops_no_other_connection),
		T(more_brings_several_replies_and_the_last_says_so),
		T(one_way_calls_are_done_and_not_answered),
		T(errors_carry_the_name_of_their_interface),
		T(what_is_not_there_is_named_in_the_error),
		T(the_service_says_what_it_is),
		T(every_interface_describes_itself),
		T(garbage_ends_its_connection_and_no_other),
		T(a_message_without_an_end_is_cut_off_at_the_limit),
		T(a_message_of_just_the_limit_is_taken),
		T(callers_that_pipeline_without_end_are_held_back),
		T(half_a_message_has_a_deadline_that_no_drip_moves),
		T(an_idle_connection_has_no_deadline),
		T(answers_wait_for_a_slow_reader_up_to_a_deadline),
		T(a_slow_reader_gets_all_its_answers),
		T(a_follower_that_does_not_read_is_closed),
		T(who_has_much_to_say_waits_until_it_has_left),
		T(a_caller_that_goes_away_is_told_to_the_watch),
		T(closing_the_server_tells_the_watch),
		T(half_closed_callers_still_get_what_they_asked),
		T(root_and_our_own_user_may_do_all),
		T(others_may_only_read),
		T(operators_are_known_by_any_of_their_groups),
		T(a_group_that_does_not_exist_makes_nobody_an_operator),
		T(readers_cannot_shut_operators_out),
		T(connections_over_the_limit_are_closed_and_the_others_stay),
		T(the_socket_is_not_for_everybody),
		T(a_path_that_no_socket_can_have_is_refused_in_words),
		T(a_socket_passed_from_outside_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
