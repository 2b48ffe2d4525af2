/* SPDX-License-Identifier: MIT */
/* test_agent: what becomes of each tunnel as configuration, server and people change. */

#include "client/agent.c" /* first: the tests' loop would shadow its parameters */

#include "base/str_list.h"
#include "fake_server.h"

static struct agent agent;
static struct conf_report report;
static char dir[] = "/tmp/test_agent.XXXXXX";

static int enter(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)unlink("c.yaml");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void write_conf(const char *text)
{
	FILE *f = fopen("c.yaml", "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* agent_open() without sockets, signals and libwebsockets. */
static void begin(const char *text)
{
	struct err err = {0};

	write_conf(text);
	report_init(&report);
	client_conf_init(&agent.conf);
	assert_true(client_conf_load(&agent.conf, "c.yaml", &report));
	agent.conf.log.level = 0;
	init(&agent, &loop, "c.yaml");
	uplink_init(&agent.uplink, &loop, NULL, NULL, &uplink_ops);
	agent.uplink.conf = &agent.conf;
	memset(agent.uplink.instance, 'd', sizeof(agent.uplink.instance) - 1);
	assert_int_equal(reload_uplink(&agent, &err), 0);
	reload_tunnels(&agent);
}

static int setup(void **state)
{
	memset(&agent, 0, sizeof(agent));
	log_set_level(LOG_LV_ERR);
	return loop_setup(state);
}

static int teardown(void **state)
{
	agent_close(&agent);
	report_deinit(&report);
	turn();
	loop_teardown(state);
	fake_deinit();
	return 0;
}

#define HEAD                                                                                       \
	"server: {url: 'http://t.example'}\nreconnect: {min: 10ms, max: 20ms}\nlog: {level: "      \
	"error}\n"
#define TWO HEAD "tunnels: {a: {local: 1}, b: {local: 2}}\n"

static struct tunnel *find(const char *name)
{
	struct tunnel *t = agent_find(&agent, name);

	assert_non_null(t);
	return t;
}

static void assert_state(const char *name, const char *state)
{
	assert_string_equal(tunnel_state_word(find(name)->state), state);
}

static void assert_status(const char *expected)
{
	char text[512];

	agent_status_text(&agent, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void grant(const char *name, uint32_t id)
{
	fake_registered(find(name)->request, id, NULL, false);
	assert_state(name, "up");
	assert_int_equal(find(name)->id, id);
}

/* Both tunnels of TWO are up, as 11 and 12. */
static void two_up(void)
{
	begin(TWO);
	fake_reach(false);
	grant("a", 11);
	grant("b", 12);
	fake_forget();
}

static bool reload(const char *text, struct str_list *changed)
{
	struct reload_difference d = {.changed = changed};

	write_conf(text);
	return reload_run(&agent, &report, &d, /* dry= */ false);
}

/* --- up and down ----------------------------------------------------------------------------- */

static void a_tunnel_is_up_when_the_server_has_granted_it(void **state)
{
	begin(TWO);
	assert_state("a", "connecting");
	assert_status("0 of 2 tunnels up");
	fake_reach(false);
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
	assert_state("a", "connecting");
	grant("a", 11);
	assert_string_equal(find("a")->url, "http://t11.example/");
	assert_status("1 of 2 tunnels up");
	fake_registered(find("b")->request, 0, "somebody has it", false);
	assert_state("b", "refused");
	assert_status("1 of 2 tunnels up; b: somebody has it");
	assert_false(timer_is_active(&agent.again));
}

static void a_refusal_that_may_pass_is_asked_about_again(void **state)
{
	two_up();
	agent_down(&agent, find("b"));
	agent_up(&agent, find("b"));
	fake_registered(find("b")->request, 0, "not now", true);
	assert_true(timer_is_active(&agent.again));
	fake_forget();
	on_again(&agent.again);
	assert_int_equal(fake_count(FRAME_REGISTER), 1);
	assert_int_equal(fake_last(FRAME_REGISTER), find("b")->request);
	grant("b", 13);
}

static void a_refusal_that_stays_is_asked_about_only_when_told(void **state)
{
	begin(HEAD "tunnels: {a: {local: 1}}\n");
	fake_reach(false);
	fake_registered(find("a")->request, 0, "not yours", false);
	fake_forget();
	on_again(&agent.again);
	assert_int_equal(fake_count(FRAME_REGISTER), 0);
	agent_up(&agent, find("a"));
	assert_int_equal(fake_count(FRAME_REGISTER), 1);
}

static void asking_twice_for_a_tunnel_registers_it_once(void **state)
{
	begin(HEAD "tunnels: {a: {local: 1, autostart: false}}\n");
	assert_state("a", "off");
	assert_null(fake.lookup);
	agent_up(&agent, find("a"));
	fake_reach(false);
	agent_up(&agent, find("a"));
	assert_int_equal(fake_count(FRAME_REGISTER), 1);
}

static void the_last_tunnel_down_ends_the_session(void **state)
{
	two_up();
	agent_down(&agent, find("a"));
	assert_int_equal(fake_last(FRAME_UNREGISTER), 11);
	assert_state("a", "off");
	assert_false(fake.let_go);
	agent_down(&agent, find("b"));
	assert_true(fake.let_go);
	assert_status("0 of 0 tunnels up");
}

static void a_grant_for_what_is_no_longer_wanted_is_given_back(void **state)
{
	uint32_t request;

	begin(TWO);
	fake_reach(false);
	request = find("a")->request;
	agent_down(&agent, find("a"));
	fake_registered(request, 11, NULL, false);
	assert_int_equal(fake_last(FRAME_UNREGISTER), 11);
	assert_state("a", "off");
}

static void what_was_taken_over_stays_away_until_told(void **state)
{
	two_up();
	fake_send_reason(FRAME_GONE, 11, CLOSE_TAKEN_OVER, "taken over");
	assert_state("a", "refused");
	assert_string_equal(find("a")->error, "taken over");
	assert_false(timer_is_active(&agent.again));
	fake_lose();
	until(fake.lookup);
	fake_reach(false);
	assert_int_equal(fake_count(FRAME_REGISTER), 1);
	assert_int_equal(fake_last(FRAME_REGISTER), find("b")->request);
	agent_up(&agent, find("a"));
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
}

static void a_visitor_of_no_tunnel_is_told_so(void **state)
{
	two_up();
	fake_open(1, 99);
	assert_int_equal(fake_count(FRAME_RESET), 1);
	assert_status("2 of 2 tunnels up");
}

/* --- the server is away ---------------------------------------------------------------------- */

static void tunnels_wait_while_the_server_is_away_and_keep_their_number(void **state)
{
	two_up();
	fake_lose();
	assert_state("a", "waiting");
	assert_int_equal(find("a")->id, 11);
	until(fake.lookup);
	fake_reach(true);
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
	grant("a", 11);
}

static void what_went_down_meanwhile_is_said_when_the_session_is_resumed(void **state)
{
	two_up();
	fake_lose();
	agent_down(&agent, find("a"));
	until(fake.lookup);
	fake_reach(true);
	assert_int_equal(fake_count(FRAME_UNREGISTER), 1);
	assert_int_equal(fake_last(FRAME_UNREGISTER), 11);
	assert_int_equal(fake_count(FRAME_REGISTER), 1);
	assert_int_equal(fake_last(FRAME_REGISTER), find("b")->request);
}

static void a_new_session_knows_nothing_of_what_went_down(void **state)
{
	two_up();
	fake_lose();
	agent_down(&agent, find("a"));
	until(fake.lookup);
	fake_reach(false);
	assert_int_equal(fake_count(FRAME_UNREGISTER), 0);
}

static void a_refused_key_is_every_tunnel_s_error_and_passes_with_it(void **state)
{
	begin(TWO);
	fake_resolve(1);
	fake_fail(WS_CLIENT_FAULT_STATUS, 401, "");
	assert_state("a", "refused");
	assert_status("0 of 2 tunnels up; a: the server wants a key: give one with --key-file, "
		      "TUNNELTO_KEY or server.key_file");
	agent_up(&agent, find("b"));
	until(fake.lookup);
	fake_reach(false);
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
	grant("a", 11);
	assert_status("1 of 2 tunnels up");
}

/* --- reload ---------------------------------------------------------------------------------- */

static void reload_touches_only_what_differs(void **state)
{
	struct str_list changed = {0};
	const struct tunnel *kept;

	two_up();
	kept = find("a");
	assert_true(reload(HEAD "tunnels: {a: {local: 1}, b: {local: 3}, c: {local: 4}}\n",
		&changed));
	assert_int_equal(changed.n, 1);
	assert_string_equal(changed.items[0], "b");
	assert_ptr_equal(find("a"), kept);
	assert_state("a", "up");
	assert_int_equal(find("b")->def->target.port, 3);
	assert_false(fake.let_go);
	assert_int_equal(fake_count(FRAME_UNREGISTER), 1);
	assert_int_equal(fake_last(FRAME_UNREGISTER), 12);
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
	assert_true(reload(HEAD "tunnels: {a: {local: 1}}\n", NULL));
	assert_null(agent_find(&agent, "b"));
	assert_null(agent_find(&agent, "c"));
	assert_state("a", "up");
	str_list_deinit(&changed);
}

static void a_broken_file_changes_nothing(void **state)
{
	two_up();
	assert_false(reload("tunnels: {a: {local: 0}}\nservr: {}\n", NULL));
	assert_int_equal(report_count(&report), 2);
	assert_state("a", "up");
	assert_state("b", "up");
	assert_string_equal(agent.conf.server.url, "http://t.example");
	assert_int_equal(fake_count(FRAME_UNREGISTER), 0);
	assert_false(fake.let_go);
}

static void other_pauses_hold_from_the_reload_on_and_nobody_is_disturbed(void **state)
{
	two_up();
	assert_true(reload("server: {url: 'http://t.example'}\nlog: {level: error}\n"
			   "reconnect: {min: 5m, max: 5m}\n"
			   "tunnels: {a: {local: 1}, b: {local: 2}}\n",
		NULL));
	assert_false(fake.let_go);
	assert_state("a", "up");
	assert_int_equal(agent.uplink.backoff.cap_ms, 300000);
}

static void an_ad_hoc_tunnel_outlives_a_reload(void **state)
{
	struct client_conf_tunnel *def = client_conf_new_tunnel("mine");

	two_up();
	def->local = mem_strdup("5");
	assert_null(client_conf_check_tunnel(def));
	(void)agent_add(&agent, def, /* adhoc= */ true);
	grant("mine", 13);
	assert_true(reload(TWO, NULL));
	assert_state("mine", "up");
}

static void another_server_means_nothing_is_up_until_that_one_has_said_so(void **state)
{
	two_up();
	assert_true(reload("server: {url: 'http://u.example'}\nlog: {level: error}\n"
			   "tunnels: {a: {local: 1}, b: {local: 2}}\n",
		NULL));
	assert_true(fake.let_go);
	assert_state("a", "connecting");
	assert_int_equal(find("a")->id, 0);
	fake_reach(false);
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
	grant("b", 11);
}

static void without_a_server_nothing_is_up_and_tunnels_say_why(void **state)
{
	two_up();
	assert_true(reload("log: {level: error}\ntunnels: {a: {local: 1}, b: {local: 2}}\n", NULL));
	assert_true(fake.let_go);
	assert_null(fake.lookup);
	assert_state("a", "refused");
	assert_string_equal(find("a")->error, "no server is configured (server: url:)");
	assert_true(reload(TWO, NULL));
	fake_reach(false);
	assert_int_equal(fake_count(FRAME_REGISTER), 2);
	grant("a", 11);
}

/* --- stopping -------------------------------------------------------------------------------- */

static void stopping_takes_leave_of_the_server(void **state)
{
	two_up();
	/* a is up again at the next start and keeps its name, b was only for now */
	agent_find(&agent, "b")->adhoc = true;
	agent_stop(&agent);
	assert_int_equal(fake_count(FRAME_UNREGISTER), 1);
	assert_int_equal(fake_count(FRAME_GOAWAY), 1);
	assert_status("stopping");
	until(fake.let_go);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_tunnel_is_up_when_the_server_has_granted_it),
		TEST(a_refusal_that_may_pass_is_asked_about_again),
		TEST(a_refusal_that_stays_is_asked_about_only_when_told),
		TEST(asking_twice_for_a_tunnel_registers_it_once),
		TEST(the_last_tunnel_down_ends_the_session),
		TEST(a_grant_for_what_is_no_longer_wanted_is_given_back),
		TEST(what_was_taken_over_stays_away_until_told),
		TEST(a_visitor_of_no_tunnel_is_told_so),
		TEST(tunnels_wait_while_the_server_is_away_and_keep_their_number),
		TEST(what_went_down_meanwhile_is_said_when_the_session_is_resumed),
		TEST(a_new_session_knows_nothing_of_what_went_down),
		TEST(a_refused_key_is_every_tunnel_s_error_and_passes_with_it),
		TEST(reload_touches_only_what_differs),
		TEST(a_broken_file_changes_nothing),
		TEST(other_pauses_hold_from_the_reload_on_and_nobody_is_disturbed),
		TEST(an_ad_hoc_tunnel_outlives_a_reload),
		TEST(another_server_means_nothing_is_up_until_that_one_has_said_so),
		TEST(without_a_server_nothing_is_up_and_tunnels_say_why),
		TEST(stopping_takes_leave_of_the_server),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
