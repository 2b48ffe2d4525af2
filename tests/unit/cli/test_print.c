/* SPDX-License-Identifier: MIT */
/* test_print: tables, sizes, events; and that no text steers a terminal. */

#include "../cm.h"

#include "cli_test.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/print.h"

static void controls_are_escaped_and_letters_are_not(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"},
		{"\033[2J", "\\x1b[2J"},
		{"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\xc2\x9b"
		 "31m",
			"\\x9b31m"}, /* CSI as C1 */
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xc2", "\xc2"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(str_deinit) struct str s = STR_INIT(1000);

		print_safe(&s, cases[i].in);
		assert_string_equal(str_get(&s), cases[i].out);
	}
}

static void sizes_are_short(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1023, "1023"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{10240, "10 KiB"},
		{1024 * 1024, "1.0 MiB"},
		{5ULL << 30, "5.0 GiB"},
		{UINT64_MAX, "16384 PiB"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[PRINT_BYTES_MAX];

		print_bytes(text, cases[i].n);
		assert_string_equal(text, cases[i].text);
	}
}

static void members_are_text_whatever_they_are(void **state)
{
	json_t *o = json_pack("{s:s, s:s, s:i, s:b, s:n}", "s", "x", "e", "", "i", 7, "b", 1, "n");
	static const char *const wanted[][2] = {
		{"s", "x"}, {"e", "-"}, {"i", "7"}, {"b", "yes"}, {"n", "-"}, {"none", "-"}};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		CLEANUP(mem_cleanup) char *text = print_member(o, wanted[i][0]);

		assert_string_equal(text, wanted[i][1]);
	}
	json_decref(o);
}

static int show_table(int argc, const char *const *argv)
{
	json_t *o = json_pack("{s:s, s:i, s:s}", "name", "b\nb", "bytes_in", 2048, "last", "z");
	struct print_table t;
	struct args a;

	if (args_parse(&a, argc, argv, NULL) < 0)
		return 1;
	print_table_init(&t, "NAME IN LAST");
	print_table_add(&t, "\xc3\xbc");
	print_table_add(&t, "");
	print_table_add(&t, NULL);
	print_table_members(&t, o, "name bytes_in last");
	print_table_show(&t, &a);
	print_table_deinit(&t);
	json_decref(o);
	return 0;
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct cli_test t;

	cli_test_start(&t, show_table, (const char *const[]){"tunnelctl", NULL});
	cli_test_end(&t);
	assert_string_equal(t.out, "NAME    IN       LAST\n"
				   "\xc3\xbc       -        -\n"
				   "b\\x0ab  2.0 KiB  z\n");
	cli_test_start(&t, show_table, (const char *const[]){"tunnelctl", "--no-legend", NULL});
	cli_test_end(&t);
	assert_string_equal(t.out, "\xc3\xbc       -        -\nb\\x0ab  2.0 KiB  z\n");
}

static int show_event(int argc, const char *const *argv)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "time_ms",
		(json_int_t)1769860800000, "level", "info", "message", "request\033", "fields",
		"TUNNEL", "web", "PATH", "/a b\"\\", "EMPTY", "", "EVIL",
		"x\n2026 err forged\xc2\x9b"
		"2J\xc3\xbc");

	print_event(o);
	json_decref(o);
	return 0;
}

static void an_event_is_one_line_whatever_its_fields_hold(void **state)
{
	struct cli_test t;

	cli_test_start(&t, show_event, (const char *const[]){"tunnelctl", NULL});
	cli_test_end(&t);
	assert_string_equal(t.out, "2026-01-31T12:00:00Z info request\\x1b tunnel=web "
				   "path=\"/a b\\\"\\\\\" empty=\"\" "
				   "evil=\"x\\x0a2026 err forged\\x9b2J\xc3\xbc\"\n");
}

static int show_mistakes(int argc, const char *const *argv)
{
	json_t *o = json_pack("{s:[{s:s, s:i, s:i, s:s, s:s}, {s:s, s:i, s:i, s:s, s:s}]}",
		"mistakes", "file", "/etc/t.yaml", "line", 3, "column", 5, "key",
		"tunnels.web.local", "why", "no port", "file", "b.yaml", "line", 1, "column", 1,
		"key", "", "why", "empty");

	print_mistakes(o);
	json_decref(o);
	return 0;
}

static void a_mistake_is_told_with_its_place(void **state)
{
	struct cli_test t;

	cli_test_start(&t, show_mistakes, (const char *const[]){"tunnelctl", NULL});
	cli_test_end(&t);
	assert_string_equal(t.out, "");
	assert_string_equal(t.err, "/etc/t.yaml:3:5: tunnels.web.local: no port\n"
				   "b.yaml:1:1: empty\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_are_escaped_and_letters_are_not),
		cmocka_unit_test(sizes_are_short),
		cmocka_unit_test(members_are_text_whatever_they_are),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(an_event_is_one_line_whatever_its_fields_hold),
		cmocka_unit_test(a_mistake_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
