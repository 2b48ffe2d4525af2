/* SPDX-License-Identifier: MIT */
/* test_ctl_events: the Logs method: the latest events, and those to come. */

#include "ctl_test.h"

#include "ctl/ctl_events.h"

static struct ctl_events events;
static struct caller caller;
static unsigned int passed_on;

static void on_logs(struct ctl_call *c, json_t *params)
{
	ctl_events_on_logs(&events, c, params);
}

static const struct ctl_method logs_methods[] = {
	{"Logs", CTL_RIGHT_OPERATE, on_logs},
	{"Echo", CTL_RIGHT_READ, on_echo},
};

static const struct ctl_interface logs_interface = {
	.name = "io.tunnelto.Test",
	.description = "",
	.methods = logs_methods,
	.n_methods = ARRAY_SIZE(logs_methods),
};

static void next_in_line(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	passed_on++;
}

static int setup_events(void **state)
{
	passed_on = 0;
	log_set_sink(next_in_line);
	log_set_level(LOG_LV_INFO);
	open_server(&logs_interface, NULL);
	ctl_events_init(&events, &the_loop);
	ctl_events_install(&events);
	caller_open(&caller);
	return 0;
}

static int teardown_events(void **state)
{
	caller_close(&caller);
	ctl_server_close(&server);
	ctl_events_deinit(&events);
	assert_ptr_equal(log_get_sink(), next_in_line);
	return teardown(state);
}

#define LOGS(params) "{\"method\":\"io.tunnelto.Test.Logs\",\"parameters\":" params "}"
#define FOLLOW(params)                                                                             \
	"{\"method\":\"io.tunnelto.Test.Logs\",\"more\":true,\"parameters\":" params "}"

/* The next reply's messages, one a word: "a b c". */
static void expect_events(struct caller *c, const char *words)
{
	json_t *reply = caller_hear(c);
	const json_t *list = json_object_get(json_object_get(reply, "parameters"), "events"),
		     *event;
	char all[512] = "";
	size_t i, n = 0;

	assert_true(json_is_array(list));
	json_array_foreach(list, i, event) n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s",
		i ? " " : "", json_string_value(json_object_get(event, "message")));
	assert_string_equal(all, words);
	json_decref(reply);
}

static void the_latest_events_are_answered_oldest_first(void **state)
{
	log_info("one");
	log_notice("two");
	log_warn("three");
	caller_say(&caller, LOGS("{}"));
	expect_events(&caller, "one two three");
	caller_say(&caller, LOGS("{\"tail\":2}"));
	expect_events(&caller, "two three");
	caller_say(&caller, LOGS("{\"tail\":0}"));
	expect_events(&caller, "");
}

static void events_go_on_to_the_sink_there_was(void **state)
{
	log_info("one");
	assert_int_equal(passed_on, 1);
}

static void an_event_has_a_time_a_level_and_its_fields(void **state)
{
	json_t *reply;
	const json_t *event;

	log_with(LOG_LV_WARNING, "lost", {"TUNNEL", "web"}, {"VISITOR", NULL}, {"LINK", "lane"});
	caller_say(&caller, LOGS("{}"));
	reply = caller_hear(&caller);
	event = json_array_get(json_object_get(json_object_get(reply, "parameters"), "events"), 0);
	assert_true(json_integer_value(json_object_get(event, "time_ms")) > 1600000000000);
	assert_string_equal(json_string_value(json_object_get(event, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(json_object_get(event, "fields"),
				    "TUNNEL")),
		"web");
	assert_int_equal(json_object_size(json_object_get(event, "fields")), 2);
	json_decref(reply);
}

static void one_tunnels_events_can_be_asked_for(void **state)
{
	log_with(LOG_LV_INFO, "mine", {"TUNNEL", "web"});
	log_with(LOG_LV_INFO, "theirs", {"TUNNEL", "other"});
	log_info("nobody's");
	caller_say(&caller, LOGS("{\"tunnel\":\"web\"}"));
	expect_events(&caller, "mine");
}

static void debug_lines_are_not_kept(void **state)
{
	log_set_level(LOG_LV_DEBUG);
	log_debug("noise");
	caller_say(&caller, LOGS("{}"));
	expect_events(&caller, "");
}

static void only_so_many_events_are_kept(void **state)
{
	json_t *reply;
	const json_t *list;

	for (int i = 0; i < EVENT_RING_EVENTS + 50; i++)
		log_info("%d", i);
	caller_say(&caller, LOGS("{\"tail\":100000}"));
	reply = caller_hear(&caller);
	list = json_object_get(json_object_get(reply, "parameters"), "events");
	assert_int_equal(json_array_size(list), EVENT_RING_EVENTS);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "message")),
		"50");
	json_decref(reply);
}

static void a_follower_hears_what_comes(void **state)
{
	log_info("before");
	caller_say(&caller, FOLLOW("{\"follow\":true,\"tail\":1}"));
	expect_events(&caller, "before");
	log_info("one");
	log_info("two");
	expect_events(&caller, "one two");
	log_info("three");
	expect_events(&caller, "three");
}

static void a_follower_of_one_tunnel_hears_of_no_other(void **state)
{
	caller_say(&caller, FOLLOW("{\"follow\":true,\"tunnel\":\"web\"}"));
	expect_events(&caller, "");
	log_with(LOG_LV_INFO, "theirs", {"TUNNEL", "other"});
	log_with(LOG_LV_INFO, "mine", {"TUNNEL", "web"});
	expect_events(&caller, "mine");
}

static void a_follower_that_leaves_is_forgotten(void **state)
{
	caller_say(&caller, FOLLOW("{\"follow\":true}"));
	expect_events(&caller, "");
	assert_int_equal(events.n_followers, 1);
	shutdown(caller.fd, SHUT_RDWR);
	until(events.n_followers == 0);
	log_info("to nobody");
	expect_alive();
}

static void followers_that_do_not_read_are_closed_and_others_go_on(void **state)
{
	char longer[7001]; /* six times as long in JSON */
	struct caller good;

	memset(longer, '\x01', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	caller_say(&caller, FOLLOW("{\"follow\":true}"));
	expect_events(&caller, "");
	caller_open(&good);
	caller_say(&good, FOLLOW("{\"follow\":true}"));
	expect_events(&good, "");
	for (int i = 0; i < 400 && events.n_followers == 2; i++) {
		json_t *reply;

		log_with(LOG_LV_INFO, "long", {"TEXT", longer});
		reply = caller_hear(&good);
		json_decref(reply);
	}
	assert_int_equal(events.n_followers, 1);
	log_info("last");
	expect_events(&good, "last");
	caller_close(&good);
	until(events.n_followers == 0);
}

static void followers_have_a_limit(void **state)
{
	struct caller c[CTL_EVENTS_FOLLOWERS];

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		caller_open(&c[i]);
		caller_say(&c[i], FOLLOW("{\"follow\":true}"));
		expect_events(&c[i], "");
	}
	caller_say(&caller, FOLLOW("{\"follow\":true}"));
	expect_reply(&caller, "org.varlink.service.PermissionDenied", NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		caller_close(&c[i]);
	until(events.n_followers == 0);
}

static void following_needs_more(void **state)
{
	caller_say(&caller, LOGS("{\"follow\":true}"));
	expect_reply(&caller, "org.varlink.service.ExpectedMore", NULL, NULL);
}

static void wrong_parameters_are_named(void **state)
{
	caller_say(&caller, LOGS("{\"tunnel\":1}"));
	expect_reply(&caller, "org.varlink.service.InvalidParameter", "parameter", "tunnel");
	caller_say(&caller, LOGS("{\"tail\":\"2\"}"));
	expect_reply(&caller, "org.varlink.service.InvalidParameter", "parameter", "tail");
	caller_say(&caller, LOGS("{\"tail\":-1}"));
	expect_reply(&caller, "org.varlink.service.InvalidParameter", "parameter", "tail");
	caller_say(&caller, LOGS("{\"follow\":\"yes\"}"));
	expect_reply(&caller, "org.varlink.service.InvalidParameter", "parameter", "follow");
	caller_say(&caller, LOGS("{\"tunnel\":null,\"tail\":null,\"follow\":null}"));
	expect_events(&caller, "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_events, teardown_events)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_latest_events_are_answered_oldest_first),
		T(events_go_on_to_the_sink_there_was),
		T(an_event_has_a_time_a_level_and_its_fields),
		T(one_tunnels_events_can_be_asked_for),
		T(debug_lines_are_not_kept),
		T(only_so_many_events_are_kept),
		T(a_follower_hears_what_comes),
		T(a_follower_of_one_tunnel_hears_of_no_other),
		T(a_follower_that_leaves_is_forgotten),
		T(followers_that_do_not_read_are_closed_and_others_go_on),
		T(followers_have_a_limit),
		T(following_needs_more),
		T(wrong_parameters_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
