/* SPDX-License-Identifier: MIT */
/* test_top_view: what keys do to what is shown, without a terminal. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "cli/top_view.h"

static struct top_data data;
static struct top_view view;

static void request(json_int_t id, const char *tunnel, const char *target, int status)
{
	json_t *reply = json_pack("{s:[{s:I, s:s, s:s, s:s, s:s, s:i}]}", "requests", "id", id,
		"tunnel", tunnel, "method", "POST", "target", target, "state", "done", "status",
		status);

	assert_non_null(reply);
	top_data_requests(&data, reply);
	json_decref(reply);
}

/* Requests 1…5 of two tunnels. */
static int setup(void **state)
{
	json_t *reply = json_pack("{s:i, s:[{s:s}, {s:s}]}", "pid", 1, "tunnels", "name", "web",
		"name", "api");

	top_data_init(&data);
	top_view_init(&view);
	top_data_status(&data, reply, 1);
	json_decref(reply);
	request(1, "web", "/a", 200);
	request(2, "web", "/b", 404);
	request(3, "api", "/hook", 500);
	request(4, "web", "/Hook/2", 503);
	request(5, "web", "/c", 200);
	return 0;
}

static int teardown(void **state)
{
	top_view_deinit(&view);
	top_data_deinit(&data);
	return 0;
}

static enum top_action press(int key, uint64_t *ret_id)
{
	return top_view_key(&view, &data, key, ret_id);
}

static void type(const char *keys)
{
	uint64_t id;

	for (; *keys; keys++)
		assert_int_equal(press(*keys, &id), TOP_NOTHING);
}

static void key(int k)
{
	uint64_t id;

	assert_int_equal(press(k, &id), TOP_NOTHING);
}

/* The ids that are shown, newest first, and the marked one in brackets. */
static void assert_shown(const char *wanted)
{
	const struct top_request *list[16];
	size_t n = top_view_list(&view, &data, list, ARRAY_SIZE(list));
	size_t marked = top_view_marked(&view, list, n);
	char text[128] = "";

	for (size_t i = 0; i < n; i++) {
		char id[32];

		(void)snprintf(id, sizeof(id), i == marked ? "[%d] " : "%d ", (int)list[i]->id);
		strncat(text, id, sizeof(text) - strlen(text) - 1);
	}
	assert_string_equal(text, wanted);
}

static void the_mark_stays_on_its_request_or_on_the_newest(void **state)
{
	assert_shown("[5] 4 3 2 1 ");
	request(6, "web", "/", 200);
	assert_shown("[6] 5 4 3 2 1 ");
	key('j');
	key(TOP_KEY_DOWN);
	assert_shown("6 5 [4] 3 2 1 ");
	request(7, "web", "/", 200);
	assert_shown("7 6 5 [4] 3 2 1 ");
	key('k');
	assert_shown("7 6 [5] 4 3 2 1 ");
	key('G');
	assert_shown("7 6 5 4 3 2 [1] ");
	key(TOP_KEY_DOWN);
	assert_shown("7 6 5 4 3 2 [1] ");
	view.page = 3;
	key(TOP_KEY_PAGE_UP);
	assert_shown("7 6 5 [4] 3 2 1 ");
	key(TOP_KEY_HOME);
	key(TOP_KEY_UP);
	request(8, "web", "/", 200);
	assert_shown("[8] 7 6 5 4 3 2 1 ");
}

static void a_filter_shows_what_has_it(void **state)
{
	type("/HOOK");
	assert_true(view.typing);
	assert_shown("[4] 3 ");
	key(TOP_KEY_ENTER);
	assert_false(view.typing);
	assert_shown("[4] 3 ");
	key('c');
	assert_shown("[5] 4 3 2 1 ");
	type("/5xx");
	assert_shown("[4] 3 ");
	key(TOP_KEY_BACKSPACE);
	key(TOP_KEY_BACKSPACE);
	key(TOP_KEY_BACKSPACE);
	type("api");
	assert_shown("[3] ");
	key(TOP_KEY_ESCAPE);
	assert_shown("[5] 4 3 2 1 ");
	/* nothing is left of the longer one */
	type("/4");
	assert_string_equal(view.filter, "4");
	key(TOP_KEY_ESCAPE);
	/* letters are letters there */
	type("/qqqq");
	assert_shown("");
	for (int i = 0; i < 2 * TOP_VIEW_FILTER; i++)
		key('x');
	assert_int_equal(strlen(view.filter), TOP_VIEW_FILTER - 1);
}

static void a_mark_that_a_filter_hides_is_where_it_would_be(void **state)
{
	key('j');
	key('j');
	assert_shown("5 4 [3] 2 1 ");
	type("/b");
	assert_shown("5 4 [2] 1 ");
}

static void a_pause_shows_no_more_and_counts_it(void **state)
{
	key('p');
	request(6, "web", "/", 200);
	request(7, "web", "/", 200);
	assert_shown("[5] 4 3 2 1 ");
	assert_int_equal(top_view_missed(&view, &data), 2);
	key('p');
	assert_shown("[7] 6 5 4 3 2 1 ");
	assert_int_equal(top_view_missed(&view, &data), 0);
}

static void a_tunnel_s_requests_alone_and_all_again(void **state)
{
	key(TOP_KEY_TAB);
	assert_int_equal(view.pane, TOP_TUNNELS);
	key('j');
	assert_int_equal(top_view_marked_tunnel(&view, &data), 1);
	key(TOP_KEY_ENTER);
	assert_shown("[3] ");
	key(TOP_KEY_ENTER);
	assert_shown("[5] 4 3 2 1 ");
	key('k');
	key(TOP_KEY_ENTER);
	assert_shown("[5] 4 2 1 ");
	key('c');
	assert_shown("[5] 4 3 2 1 ");
	key(TOP_KEY_TAB);
	assert_int_equal(view.pane, TOP_REQUESTS);
}

static void enter_and_r_mean_the_marked_request(void **state)
{
	uint64_t id;

	key('j');
	assert_int_equal(press(TOP_KEY_ENTER, &id), TOP_INSPECT);
	assert_int_equal(id, 4);
	assert_int_equal(press('r', &id), TOP_REPLAY);
	assert_int_equal(id, 4);
	type("/none");
	key(TOP_KEY_ENTER);
	assert_int_equal(press('r', &id), TOP_NOTHING);
	assert_int_equal(press(TOP_KEY_ENTER, &id), TOP_NOTHING);
	assert_int_equal(press('q', &id), TOP_QUIT);
}

static void lines_are_scrolled_within_their_ends(void **state)
{
	uint64_t id;

	view.detail = 4;
	view.page = 3;
	top_lines_add_text(&view.lines, "1\n2\r\n\n4\n5", 9);
	assert_int_equal(view.lines.n, 5);
	assert_string_equal(view.lines.lines[1], "2");
	assert_string_equal(view.lines.lines[2], "");
	key('k');
	assert_int_equal(view.lines.top, 0);
	key('j');
	assert_int_equal(view.lines.top, 1);
	key('G');
	assert_int_equal(view.lines.top, 2);
	key('l');
	key('l');
	key('h');
	assert_int_equal(view.lines.left, 8);
	key('h');
	key('h');
	assert_int_equal(view.lines.left, 0);
	assert_int_equal(press('r', &id), TOP_REPLAY);
	assert_int_equal(id, 4);
	key('q');
	assert_int_equal(view.detail, 0);
	assert_int_equal(view.lines.n, 0);
	assert_int_equal(press('q', &id), TOP_QUIT);
}

static void lines_are_bounded(void **state)
{
	for (int i = 0; i < TOP_LINES_MAX + 10; i++)
		top_lines_add(&view.lines, "x", 1);
	assert_int_equal(view.lines.n, TOP_LINES_MAX);
	assert_non_null(strstr(view.lines.lines[TOP_LINES_MAX - 1], "more"));
}

static void the_help_is_left_as_it_was_entered(void **state)
{
	key('?');
	assert_true(view.help);
	assert_true(view.lines.n > 5);
	key('r');
	assert_true(view.help);
	key('?');
	assert_false(view.help);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_mark_stays_on_its_request_or_on_the_newest),
		TEST(a_filter_shows_what_has_it),
		TEST(a_mark_that_a_filter_hides_is_where_it_would_be),
		TEST(a_pause_shows_no_more_and_counts_it),
		TEST(a_tunnel_s_requests_alone_and_all_again),
		TEST(enter_and_r_mean_the_marked_request),
		TEST(lines_are_scrolled_within_their_ends),
		TEST(lines_are_bounded),
		TEST(the_help_is_left_as_it_was_entered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
