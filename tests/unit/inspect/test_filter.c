/* SPDX-License-Identifier: MIT */
/* test_filter: what matches, and why something does not. */

#include "inspect_test.h"

#include "base/str.h"
#include "inspect/filter.h"

/* @filter: JSON. The reason in @ret; "" when it matches. */
static void judge(const char *filter, const struct exchange *e, char ret[256])
{
	json_t *o = json_loads(filter, 0, NULL);
	struct str why = STR_INIT(255);
	struct filter f;
	bool matches;

	assert_non_null(o);
	assert_null(filter_parse(&f, o));
	matches = filter_matches(&f, e, &why);
	assert_int_equal(matches, filter_matches(&f, e, NULL));
	assert_int_equal(matches, why.len == 0);
	(void)snprintf(ret, 256, "%s", str_get(&why));
	str_deinit(&why);
	filter_deinit(&f);
	json_decref(o);
}

#define HOOK_LINES "Host: a.example\r\nX-Event: push\r\nX-Event: second\r\n"

static void each_member_says_why(void **state)
{
	static const char *const rows[][2] = {
		{"{}", ""},
		{"{\"tunnel\":\"web\",\"method\":\"post\",\"path\":\"/hook*\",\"status\":\"201\"}",
			""},
		{"{\"tunnel\":\"other\"}", "tunnel is web, not other"},
		{"{\"method\":\"GET\"}", "method is POST, not GET"},
		{"{\"path\":\"/hook\"}", "path is /hook/a, not /hook"},
		{"{\"path\":\"/hook/?\"}", ""},
		{"{\"path\":\"*q=1*\"}", "path is /hook/a, not *q=1*"},
		{"{\"status\":\"2xx\"}", ""},
		{"{\"status\":\"200-299\"}", ""},
		{"{\"status\":\"1xx-2xx\"}", ""},
		{"{\"status\":\"200\"}", "status is 201, not 200"},
		{"{\"status\":\"5XX\"}", "status is 201, not 5XX"},
		{"{\"header\":[{\"name\":\"x-event\",\"value\":\"sec*\"}]}", ""},
		{"{\"header\":[{\"name\":\"x-event\",\"value\":\"pull\"}]}",
			"header x-event is 'second', not 'pull'"},
		{"{\"header\":[{\"name\":\"X-Event\",\"value\":\"push\"},{\"name\":\"X\",\"value\":"
		 "\"*\"}]}",
			"there is no header X"},
		{"{\"kind\":\"http\",\"state\":\"done\",\"verification\":\"none\"}", ""},
		{"{\"kind\":\"websocket\"}", "kind is http, not websocket"},
		{"{\"state\":\"open\"}", "state is done, not open"},
		{"{\"verification\":\"verified\"}", "verification is none, not verified"},
		{"{\"text\":\"HOOK\"}", ""},
		{"{\"text\":\"20\"}", ""},
		{"{\"text\":\"nowhere\"}", "'nowhere' is nowhere in it"},
		{"{\"since_ms\":1}", ""},
		{"{\"since_ms\":9000000000000}", "it came before that time"},
		{"{\"tunnel\":null,\"status\":null,\"header\":null,\"since_ms\":null}", ""},
	};
	struct exchange *e = asked("POST", "/hook/a?q=1", HOOK_LINES);
	char why[256];

	answered(e, 201, "", "", 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		judge(rows[i][0], e, why);
		assert_string_equal(why, rows[i][1]);
	}
}

static void a_replay_can_be_told_from_what_a_visitor_sent(void **state)
{
	struct exchange *e = asked("GET", "/", "");
	char why[256];

	judge("{\"replay\":false}", e, why);
	assert_string_equal(why, "");
	judge("{\"replay\":true}", e, why);
	assert_string_equal(why, "it is a visitor's request, no replay");
	e->replay_of = 7;
	judge("{\"replay\":false}", e, why);
	assert_string_equal(why, "it is a replay of 7, no visitor's request");
	judge("{\"replay\":true}", e, why);
	assert_string_equal(why, "");
	judge("{\"replay\":null}", e, why);
	assert_string_equal(why, "");
}

static void without_an_answer_a_status_does_not_match_yet(void **state)
{
	struct exchange *e = asked("GET", "/", "");
	char why[256];

	judge("{\"status\":\"2xx\"}", e, why);
	assert_string_equal(why, "there is no answer yet, wanted is status 2xx");
	judge("{\"status\":\"100-999\"}", e, why);
	assert_string_equal(why, "there is no answer yet, wanted is status 100-999");
}

static void what_is_no_filter_is_named(void **state)
{
	static const char *const rows[][2] = {
		{"[]", "filter"},
		{"{\"tunnel\":1}", "tunnel"},
		{"{\"method\":[]}", "method"},
		{"{\"path\":{}}", "path"},
		{"{\"text\":true}", "text"},
		{"{\"status\":200}", "status"},
		{"{\"status\":\"\"}", "status"},
		{"{\"status\":\"20\"}", "status"},
		{"{\"status\":\"0xx\"}", "status"},
		{"{\"status\":\"2x\"}", "status"},
		{"{\"status\":\"2xy\"}", "status"},
		{"{\"status\":\"2000\"}", "status"},
		{"{\"status\":\"499-400\"}", "status"},
		{"{\"status\":\"400-\"}", "status"},
		{"{\"status\":\"400-4999\"}", "status"},
		{"{\"kind\":\"tcp\"}", "kind"},
		{"{\"state\":\"closed\"}", "state"},
		{"{\"verification\":\"yes\"}", "verification"},
		{"{\"header\":{}}", "header"},
		{"{\"header\":[{\"name\":\"a\"}]}", "header"},
		{"{\"header\":[{\"name\":\"a\",\"value\":1}]}", "header"},
		{"{\"header\":[\"a\"]}", "header"},
		{"{\"since_ms\":-1}", "since_ms"},
		{"{\"since_ms\":\"1\"}", "since_ms"},
		{"{\"replay\":\"no\"}", "replay"},
	};
	json_t *many = json_array(), *o;
	struct filter f;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		o = json_loads(rows[i][0], 0, NULL);
		assert_non_null(o);
		assert_string_equal(filter_parse(&f, o), rows[i][1]);
		filter_deinit(&f);
		json_decref(o);
	}
	for (size_t i = 0; i <= FILTER_HEADERS_MAX; i++)
		(void)json_array_append_new(many,
			json_pack("{s:s, s:s}", "name", "a", "value", "*"));
	o = json_pack("{s:o}", "header", many);
	assert_string_equal(filter_parse(&f, o), "header");
	filter_deinit(&f);
	json_decref(o);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_capture, teardown_capture)
	const struct CMUnitTest tests[] = {
		T(each_member_says_why),
		T(a_replay_can_be_told_from_what_a_visitor_sent),
		T(without_an_answer_a_status_does_not_match_yet),
		T(what_is_no_filter_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
