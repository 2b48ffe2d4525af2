/* SPDX-License-Identifier: MIT */
/* test_draft: what options and an editor make of a captured request, and what a replay is told. */

#include "../cm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/draft.h"

struct drafts {
	struct draft first, now;
	struct err err;
};

/* A POST with two fields of one name; @body NULL: none is here. */
static void begin(struct drafts *d, const char *body, size_t n)
{
	json_t *part = json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}",
		"line", "POST /hook?a=1 HTTP/1.1", "headers", "name", "Host", "value", "a", "name",
		"X-One", "value", "1", "name", "content-length", "value", "5", "name", "x-one",
		"value", "2");

	memset(d, 0, sizeof(*d));
	assert_int_equal(draft_read(&d->first, part, &d->err), 0);
	json_decref(part);
	if (body)
		draft_set_body(&d->first, body, n, false);
}

static void end(struct drafts *d)
{
	draft_deinit(&d->first);
	draft_deinit(&d->now);
}

/* What a replay is told, as text. */
static char *told(struct drafts *d)
{
	json_t *params = json_object();
	char *text;

	assert_int_equal(draft_changes(params, &d->first, &d->now, &d->err), 0);
	text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(params);
	return text;
}

static void assert_told(struct drafts *d, const char *what)
{
	char *text = told(d);

	assert_string_equal(text, what);
	free(text);
}

static int edited(struct drafts *d, const char *text)
{
	draft_deinit(&d->now);
	return draft_parse(&d->now, text, strlen(text), &d->first, &d->err);
}

static void set(struct drafts *d, const char *const *argv)
{
	struct args a;
	int argc = 0;

	while (argv[argc])
		argc++;
	assert_int_equal(args_parse(&a, argc, argv, NULL), 0);
	draft_deinit(&d->now);
	draft_copy(&d->now, &d->first);
	assert_int_equal(draft_set_fields(&d->now, &a, &d->err), 0);
}

#define SET(d, ...)    set(d, (const char *const[]){"tunnelctl", __VA_ARGS__, NULL})
#define H(name, value) "{\"name\":\"" name "\",\"value\":\"" value "\"}"

static void what_is_shown_and_not_touched_is_no_difference(void **state)
{
	struct str text = STR_INIT(4096);
	struct drafts d;

	begin(&d, "{\"a\": 1}", 8);
	draft_format(&text, &d.first, "one\n\ntwo\n");
	assert_string_equal(str_get(&text),
		"# one\n#\n# two\nPOST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n\n{\"a\": 1}\n");
	assert_int_equal(edited(&d, str_get(&text)), 0);
	assert_told(&d, "{}");
	str_deinit(&text);
	end(&d);
}

static void an_editor_s_changes_are_told(void **state)
{
	struct drafts d;

	begin(&d, "old", 3);
	assert_int_equal(edited(&d, "\n# c\nPUT /other HTTP/1.1\r\nhost: a\r\nX-Two:  b \r\nX-"
				    "One: 1\r\n\r\nnew\n"),
		0);
	assert_told(&d, "{\"body\":\"bmV3\",\"headers\":[" H("X-Two", "b") "," H("X-One",
				"1") "],\"method\":\"PUT\",\"target\":\"/other\"}");
	assert_int_equal(edited(&d, "POST /hook?a=1\nX-One: 1\nx-one: 2\n\nold\n"), 0);
	assert_told(&d, "{\"headers\":[" H("Host", "") "]}");
	assert_int_equal(edited(&d, "POST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n"), 0);
	assert_told(&d, "{\"body\":\"\"}");
	end(&d);
}

static void a_line_feed_at_the_end_is_the_body_s_where_it_had_one(void **state)
{
	struct drafts d;
	const char *same = "POST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n\nold\n";

	begin(&d, "old", 3);
	assert_int_equal(edited(&d, same), 0);
	assert_told(&d, "{}");
	end(&d);
	begin(&d, "old\n", 4);
	assert_int_equal(edited(&d, same), 0);
	assert_told(&d, "{}");
	assert_int_equal(edited(&d, "POST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n\nold"), 0);
	assert_told(&d, "{\"body\":\"b2xk\"}");
	end(&d);
}

static void a_binary_body_is_not_shown_and_stays(void **state)
{
	struct str text = STR_INIT(4096);
	struct drafts d;

	begin(&d, "\x89PNG\0x", 6);
	assert_false(d.first.is_text);
	draft_format(&text, &d.first, "");
	assert_null(strstr(str_get(&text), "PNG"));
	assert_int_equal(edited(&d, str_get(&text)), 0);
	assert_told(&d, "{}");
	assert_int_equal(edited(&d, "POST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n\ntext\n"), 0);
	assert_told(&d, "{\"body\":\"dGV4dA==\"}");
	str_deinit(&text);
	end(&d);
}

static void a_body_that_was_not_kept_stays_away_unless_one_is_written(void **state)
{
	struct drafts d;

	begin(&d, NULL, 0);
	assert_int_equal(edited(&d, "POST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n\n"), 0);
	assert_told(&d, "{}");
	assert_int_equal(edited(&d, "POST /hook?a=1\nHost: a\nX-One: 1\nx-one: 2\n\nnew\n"), 0);
	assert_told(&d, "{\"body\":\"bmV3\"}");
	end(&d);
}

static void a_decoded_body_that_was_edited_loses_its_coding(void **state)
{
	struct drafts d;

	begin(&d, NULL, 0);
	assert_int_equal(draft_set_field(&d.first, "Content-Encoding: gzip", true, &d.err), 0);
	draft_set_body(&d.first, "old", 3, true);
	draft_copy(&d.now, &d.first);
	assert_told(&d, "{}");
	draft_set_body(&d.now, "new", 3, true);
	assert_told(&d, "{\"body\":\"bmV3\",\"headers\":[" H("Content-Encoding", "") "]}");
	end(&d);
}

static void options_replace_join_and_remove(void **state)
{
	struct drafts d;

	begin(&d, NULL, 0);
	SET(&d, "-H", "X-ONE: 3");
	assert_told(&d, "{\"headers\":[" H("X-ONE", "3") "]}");
	SET(&d, "-H", "X-One:3", "-H", "x-one: 4", "-H", "New: n");
	assert_told(&d,
		"{\"headers\":[" H("X-One", "3") "," H("x-one", "4") "," H("New", "n") "]}");
	SET(&d, "-H", "x-one:");
	assert_told(&d, "{\"headers\":[" H("X-One", "") "]}");
	SET(&d, "-H", "X-One: 1", "-H", "X-One: 2");
	assert_told(&d, "{}");
	assert_int_equal(draft_set_field(&d.now, "no colon", false, &d.err), -EINVAL);
	assert_int_equal(draft_set_field(&d.now, ": no name", false, &d.err), -EINVAL);
	end(&d);
}

static void what_cannot_be_read_is_refused_with_its_line(void **state)
{
	struct drafts d;

	begin(&d, NULL, 0);
	assert_int_equal(edited(&d, ""), -ECANCELED);
	assert_int_equal(edited(&d, "# only\n\n  \n"), -ECANCELED);
	assert_int_equal(edited(&d, "# c\nPOST\n"), -EINVAL);
	assert_non_null(strstr(d.err.text, "line 2"));
	assert_int_equal(edited(&d, "GET / x y\n"), -EINVAL);
	assert_int_equal(edited(&d, "GET /\nHost: a\nno colon\n"), -EINVAL);
	assert_non_null(strstr(d.err.text, "line 3"));
	end(&d);
}

static void what_a_replay_cannot_be_told_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"GET /\nX-New:\n", "X-New"},
		{"GET /\nX-New: \xff\n", "UTF-8"},
		{"GET /\xff\n", "target is no UTF-8"},
		{"G\xff /\n", "method is no UTF-8"},
	};
	struct drafts d;

	begin(&d, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *params = json_object();

		assert_int_equal(edited(&d, rows[i].text), 0);
		assert_int_equal(draft_changes(params, &d.first, &d.now, &d.err), -EINVAL);
		assert_non_null(strstr(d.err.text, rows[i].says));
		json_decref(params);
	}
	end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown_and_not_touched_is_no_difference),
		cmocka_unit_test(an_editor_s_changes_are_told),
		cmocka_unit_test(a_line_feed_at_the_end_is_the_body_s_where_it_had_one),
		cmocka_unit_test(a_binary_body_is_not_shown_and_stays),
		cmocka_unit_test(a_body_that_was_not_kept_stays_away_unless_one_is_written),
		cmocka_unit_test(a_decoded_body_that_was_edited_loses_its_coding),
		cmocka_unit_test(options_replace_join_and_remove),
		cmocka_unit_test(what_a_replay_cannot_be_told_is_refused),
		cmocka_unit_test(what_cannot_be_read_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
