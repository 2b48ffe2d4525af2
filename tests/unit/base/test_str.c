/* SPDX-License-Identifier: MIT */
/* test_str: the string builder, and the helpers on plain strings. */

#include "../cm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static void pieces_add_up(void **state)
{
	CLEANUP(str_deinit) struct str s = STR_INIT(1000);

	assert_string_equal(str_get(&s), "");
	str_add(&s, "a");
	str_addc(&s, 'b');
	str_add_n(&s, "cde", 2);
	str_addf(&s, "-%d-%s", 12, "x");
	assert_string_equal(str_get(&s), "abcd-12-x");
	assert_int_equal(s.len, 9);
	assert_false(s.failed);
}

static void what_does_not_fit_is_cut_and_remembered(void **state)
{
	CLEANUP(str_deinit) struct str s = STR_INIT(5);

	str_add(&s, "abcd");
	str_addf(&s, "%s", "efgh");
	assert_true(s.failed);
	assert_string_equal(str_get(&s), "abcde");
	str_clear(&s);
	assert_false(s.failed);
	str_add(&s, "1234567");
	assert_string_equal(str_get(&s), "12345");
}

static void nothing_follows_a_cut(void **state)
{
	CLEANUP(str_deinit) struct str s = STR_INIT(3);

	str_add(&s, "abcd");
	s.max = 10;
	str_add(&s, "x");
	str_addf(&s, "y");
	assert_string_equal(str_get(&s), "abc");
}

static void exactly_the_maximum_fits(void **state)
{
	CLEANUP(str_deinit) struct str s = STR_INIT(64);

	for (int i = 0; i < 64; i++)
		str_addc(&s, 'a');
	assert_false(s.failed);
	assert_int_equal(strlen(str_get(&s)), 64);
	str_addc(&s, 'a');
	assert_true(s.failed);
}

static void the_text_can_be_taken_even_when_there_is_none(void **state)
{
	struct str s = STR_INIT(100);
	char *text = str_take(&s);

	assert_string_equal(text, "");
	free(text);
	str_add(&s, "hello");
	text = str_take(&s);
	assert_string_equal(text, "hello");
	assert_string_equal(str_get(&s), "");
	free(text);
	str_deinit(&s);
	str_deinit(&s);
}

static void equality_knows_null_and_case(void **state)
{
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "A"));
	assert_true(str_case_eq("Content-Length", "content-length"));
	assert_false(str_case_eq("content", "content-length"));
	assert_false(str_case_eq("[", "{")); /* differ by the case bit only */
	assert_true(str_has_prefix("abc", "ab"));
	assert_false(str_has_prefix("a", "ab"));
	assert_true(str_has_suffix("abc", "bc"));
	assert_false(str_has_suffix("c", "bc"));
}

static void distance_counts_slips(void **state)
{
	char big[100];

	assert_int_equal(str_distance("port", "port"), 0);
	assert_int_equal(str_distance("port", "prot"), 1); /* a swap is one slip */
	assert_int_equal(str_distance("port", "por"), 1);
	assert_int_equal(str_distance("port", "sport"), 1);
	assert_int_equal(str_distance("port", "pork"), 1);
	assert_int_equal(str_distance("", "abc"), 3);
	assert_int_equal(str_distance("kitten", "sitting"), 3);
	memset(big, 'a', sizeof(big));
	big[63] = '\0';
	assert_int_equal(str_distance(big, "a"), 62);
	big[63] = 'a';
	big[64] = '\0';
	assert_true(str_distance(big, "a") == SIZE_MAX);
}

static void only_likely_words_are_proposed(void **state)
{
	static const char *const words[] = {"port", "proto", "subdomain", "hostname"};

	assert_string_equal(str_nearest("prot", words, 4), "port");
	assert_string_equal(str_nearest("PORT", words, 4), "port");
	assert_string_equal(str_nearest("sub-domain", words, 4), "subdomain");
	assert_string_equal(str_nearest("hostnmae", words, 4), "hostname");
	assert_null(str_nearest("zebra", words, 4));
	assert_null(str_nearest("x", words, 4));
	assert_null(str_nearest("", words, 4));
	assert_null(str_nearest("port", NULL, 0));
}

static void globs_know_star_and_question_mark(void **state)
{
	static const struct {
		const char *pattern, *s;
		bool match;
	} rows[] = {
		{"ci-*", "ci-42", true},
		{"ci-*", "ci-", true},
		{"ci-*", "xci-1", false},
		{"*", "", true},
		{"?", "", false},
		{"?", "a", true},
		{"a?c", "abc", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"*a*b*c*", "xxaxxbxxcxx", true},
		{"*a*b*c*", "xxaxxcxxbxx", false},
		{"[a-z]", "b", false},
		{"abc", "ABC", false},
		{"", "", true},
		{"", "a", false},
		{"a**b", "ab", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("  '%s' '%s'\n", rows[i].pattern, rows[i].s);
		assert_int_equal(str_glob(rows[i].pattern, rows[i].s), rows[i].match);
	}
}

/* Exponential matchers take ages here; this one only multiplies the lengths. */
static void a_hostile_glob_is_not_slow(void **state)
{
	CLEANUP(mem_cleanup) char *s = mem_alloc(20001);
	char pattern[61];

	memset(s, 'a', 20000);
	s[20000] = '\0';
	for (int i = 0; i < 60; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[58] = '*';
	pattern[59] = 'b';
	pattern[60] = '\0';
	assert_false(str_glob(pattern, s));
}

static void lower_is_ascii_only(void **state)
{
	char s[] = "AbZ-[\xc3\x84";

	str_lower(s);
	assert_string_equal(s, "abz-[\xc3\x84");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_add_up),
		cmocka_unit_test(what_does_not_fit_is_cut_and_remembered),
		cmocka_unit_test(nothing_follows_a_cut),
		cmocka_unit_test(exactly_the_maximum_fits),
		cmocka_unit_test(the_text_can_be_taken_even_when_there_is_none),
		cmocka_unit_test(equality_knows_null_and_case),
		cmocka_unit_test(distance_counts_slips),
		cmocka_unit_test(only_likely_words_are_proposed),
		cmocka_unit_test(globs_know_star_and_question_mark),
		cmocka_unit_test(a_hostile_glob_is_not_slow),
		cmocka_unit_test(lower_is_ascii_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
