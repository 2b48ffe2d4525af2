/* SPDX-License-Identifier: MIT */
/* test_report: every mistake in one sorted, bounded list of lines. */

#include "../cm.h"

#include <string.h>

#include "base/str.h"
#include "conf/doc.h"
#include "conf/report.h"

static struct conf_report report;

static int setup(void **state)
{
	report_init(&report);
	return 0;
}

static int teardown(void **state)
{
	report_deinit(&report);
	report_deinit(&report);
	return 0;
}

static void assert_printed(const char *expected)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(100000);

	report_print(&report, &text);
	assert_string_equal(str_get(&text), expected);
}

static void an_empty_report_is_sound(void **state)
{
	assert_int_equal(report_count(&report), 0);
	assert_null(report_get(&report, 0));
	assert_printed("");
}

static void a_line_is_file_line_column_key_why(void **state)
{
	report_add_at(&report, "a.yaml", 3, 7, "port", "is %s", "wrong");
	report_add_at(&report, "a.yaml", 4, 1, NULL, "no key");
	report_add_at(&report, "b.yaml", 0, 0, NULL, "cannot be read");
	assert_printed("a.yaml:3:7: port: is wrong\n"
		       "a.yaml:4:1: no key\n"
		       "b.yaml: cannot be read\n");
}

static void mistakes_are_sorted_by_file_and_position(void **state)
{
	report_add_at(&report, "z.yaml", 9, 1, NULL, "4");
	report_add_at(&report, "a.yaml", 1, 1, NULL, "5");
	report_add_at(&report, "z.yaml", 2, 5, NULL, "2");
	report_add_at(&report, "z.yaml", 2, 1, NULL, "1");
	report_add_at(&report, "a.yaml", 1, 2, NULL, "6");
	report_add_at(&report, "z.yaml", 2, 5, NULL, "3");
	/* the file complained about first comes first; equal places keep their order */
	assert_printed("z.yaml:2:1: 1\nz.yaml:2:5: 2\nz.yaml:2:5: 3\nz.yaml:9:1: 4\n"
		       "a.yaml:1:1: 5\na.yaml:1:2: 6\n");
	assert_string_equal(report_get(&report, 0)->why, "1");
	assert_string_equal(report_get(&report, 5)->why, "6");
	assert_null(report_get(&report, 6));
}

static void the_path_follows_the_binder(void **state)
{
	struct conf_doc doc = {.name = (char[]){"f"}};
	struct conf_node node = {.line = 1, .col = 2, .doc = &doc};
	size_t outer = report_enter(&report, "tunnels", 0);
	size_t inner = report_enter(&report, "web", 0);
	size_t index = report_enter(&report, NULL, 3);

	report_add(&report, &node, "a");
	report_leave(&report, index);
	report_add_key(&report, &node, "port", "b");
	report_leave(&report, inner);
	report_add(&report, &node, "c");
	report_leave(&report, outer);
	report_add(&report, &node, "d");
	assert_printed("f:1:2: tunnels.web[3]: a\nf:1:2: tunnels.web.port: b\n"
		       "f:1:2: tunnels: c\nf:1:2: d\n");
}

static void a_path_without_end_is_cut(void **state)
{
	size_t marks[200];

	for (size_t i = 0; i < 200; i++)
		marks[i] = report_enter(&report, "a-rather-long-key", 0);
	assert_int_equal(strlen(report.path), REPORT_PATH_MAX - 1);
	for (size_t i = 200; i > 0; i--)
		report_leave(&report, marks[i - 1]);
	assert_string_equal(report.path, "");
}

static void a_thousand_mistakes_are_counted_not_kept(void **state)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(100000);

	for (unsigned int i = 1; i <= 1000; i++)
		report_add_at(&report, "f", i, 1, NULL, "x");
	assert_int_equal(report_count(&report), 1000);
	assert_int_equal(report.n, REPORT_MAX);
	report_print(&report, &text);
	assert_true(str_has_suffix(str_get(&text), "f:100:1: x\nand 900 more mistakes\n"));
}

static void a_value_cannot_forge_a_line(void **state)
{
	report_add_at(&report, "f", 1, 1, "a\nb", "found '%s'", "x\n/etc:1:1: y\x1b[2J");
	assert_printed("f:1:1: a\\x0ab: found 'x\\x0a/etc:1:1: y\\x1b[2J'\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_report_is_sound),
		TEST(a_line_is_file_line_column_key_why),
		TEST(mistakes_are_sorted_by_file_and_position),
		TEST(the_path_follows_the_binder),
		TEST(a_path_without_end_is_cut),
		TEST(a_thousand_mistakes_are_counted_not_kept),
		TEST(a_value_cannot_forge_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
