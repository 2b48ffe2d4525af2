/* SPDX-License-Identifier: MIT */
/* test_args: the command line's splitting, and what a synopsis allows. */

#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"

#define ARGV(...) ((const char *const[]){"tunnelctl", __VA_ARGS__, NULL})

static int parse(struct args *a, const char *const *argv, struct err *err)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return args_parse(a, argc, argv, err);
}

static void options_may_stand_anywhere(void **state)
{
	const char *const *const lines[] = {
		ARGV("--json", "up", "web", "--timeout", "5s"),
		ARGV("up", "--timeout=5s", "web", "--json"),
		ARGV("up", "web", "--timeout", "5s", "--json"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct args a;

		assert_int_equal(parse(&a, lines[i], NULL), 0);
		assert_int_equal(a.n_words, 2);
		assert_string_equal(a.word[0], "up");
		assert_string_equal(a.word[1], "web");
		assert_null(a.word[2]);
		assert_true(args_has(&a, ARGS_JSON));
		assert_string_equal(a.value[ARGS_TIMEOUT], "5s");
		assert_false(args_has(&a, ARGS_WAIT));
	}
}

static void letters_may_be_joined_and_carry_their_value(void **state)
{
	const char *const *const lines[] = {
		ARGV("-f", "-n", "5"), ARGV("-fn", "5"), ARGV("-fn5"), ARGV("-n5", "-f")};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct args a;

		assert_int_equal(parse(&a, lines[i], NULL), 0);
		assert_int_equal(a.n_words, 0);
		assert_true(args_has(&a, ARGS_FOLLOW));
		assert_string_equal(a.value[ARGS_LINES], "5");
	}
}

static void nothing_is_an_option_behind_two_dashes(void **state)
{
	struct args a;

	assert_int_equal(parse(&a, ARGV("up", "--", "--json", "-f"), NULL), 0);
	assert_int_equal(a.n_words, 3);
	assert_string_equal(a.word[1], "--json");
	assert_false(args_has(&a, ARGS_JSON));
}

static void one_dash_alone_is_a_word(void **state)
{
	struct args a;

	assert_int_equal(parse(&a, ARGV("check", "-"), NULL), 0);
	assert_string_equal(a.word[1], "-");
}

static void the_last_value_counts(void **state)
{
	struct args a;

	assert_int_equal(parse(&a, ARGV("--socket=a", "--socket", "b"), NULL), 0);
	assert_string_equal(a.value[ARGS_SOCKET], "b");
}

static void every_value_counts_of_an_option_that_may_be_repeated(void **state)
{
	struct args a;
	size_t at = 0;

	assert_int_equal(parse(&a,
				 ARGV("-H", "A: 1", "--socket", "s", "--header=B: 2", "-HC:", "w"),
				 NULL),
		0);
	assert_string_equal(args_next(&a, ARGS_HEADER, &at), "A: 1");
	assert_string_equal(args_next(&a, ARGS_HEADER, &at), "B: 2");
	assert_string_equal(args_next(&a, ARGS_HEADER, &at), "C:");
	assert_null(args_next(&a, ARGS_HEADER, &at));
	assert_true(args_has(&a, ARGS_HEADER));
	at = 0;
	assert_null(args_next(&a, ARGS_SOCKET, &at));
}

static void repeated_options_are_bounded(void **state)
{
	static const char *argv[2 * ARGS_MANY_MAX + 4];
	struct args a;
	struct err err;

	for (size_t i = 1; i < ARRAY_SIZE(argv) - 1; i += 2) {
		argv[i] = "--header";
		argv[i + 1] = "A: 1";
	}
	assert_int_equal(args_parse(&a, 2 * ARGS_MANY_MAX + 1, argv, &err), 0);
	assert_int_equal(args_parse(&a, 2 * ARGS_MANY_MAX + 3, argv, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--header"));
}

static void an_empty_value_is_a_value(void **state)
{
	struct args a;

	assert_int_equal(parse(&a, ARGV("--subdomain="), NULL), 0);
	assert_string_equal(a.value[ARGS_SUBDOMAIN], "");
}

static void a_wrong_option_is_refused_with_words(void **state)
{
	static const struct {
		const char *arg, *says;
	} cases[] = {
		{"--jsno", "did you mean '--json'"},
		{"--completely-else", "there is no option"},
		{"-x", "'-x'"},
		{"-fx", "'-fx'"},
		{"--json=yes", "takes no value"},
		{"--socket", "needs a value: --socket PATH"},
		{"-n", "needs a value: --lines N"},
		{"--", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char arg[64];
		const char *const argv[] = {"tunnelctl", arg, NULL};
		struct err err = {0};
		struct args a;
		int r;

		memcpy(arg, cases[i].arg, strlen(cases[i].arg) + 1);
		r = parse(&a, argv, &err);
		assert_int_equal(r, cases[i].says ? -EINVAL : 0);
		if (cases[i].says && !strstr(err.text, cases[i].says))
			fail_msg("'%s': %s", arg, err.text);
	}
}

static void a_value_that_is_one_of_some_words_is_held_against_them(void **state)
{
	struct err err = {0};
	struct args a;

	assert_int_equal(parse(&a, ARGV("requests", "--kind", "sse", "--state=open"), &err), 0);
	assert_string_equal(a.value[ARGS_KIND], "sse");
	assert_int_equal(parse(&a, ARGV("requests", "--kind", "tcp"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "'--kind tcp' is none of http|websocket|sse"));
	assert_int_equal(parse(&a, ARGV("requests", "--state="), &err), -EINVAL);
	assert_int_equal(parse(&a, ARGV("replay", "--body", "any|thing"), &err), 0);
}

static void words_are_bounded(void **state)
{
	static const char *argv[ARGS_WORDS_MAX + 3];
	struct args a;
	struct err err;

	for (size_t i = 0; i < ARGS_WORDS_MAX + 2; i++)
		argv[i] = "w";
	assert_int_equal(args_parse(&a, ARGS_WORDS_MAX + 1, argv, &err), 0);
	assert_int_equal(a.n_words, ARGS_WORDS_MAX);
	assert_null(a.word[ARGS_WORDS_MAX]);
	assert_int_equal(args_parse(&a, ARGS_WORDS_MAX + 2, argv, &err), -EINVAL);
}

static void shifting_drops_the_first_words(void **state)
{
	struct args a;

	assert_int_equal(parse(&a, ARGV("server", "key", "list"), NULL), 0);
	args_shift(&a, 2);
	assert_int_equal(a.n_words, 1);
	assert_string_equal(a.word[0], "list");
	assert_null(a.word[1]);
	args_shift(&a, 5);
	assert_int_equal(a.n_words, 0);
	assert_null(a.word[0]);
}

static void a_synopsis_names_whole_options_only(void **state)
{
	assert_true(args_in_synopsis("[--port PORT]", "--port"));
	assert_true(args_in_synopsis("NAME...|--all [--wait]", "--all"));
	assert_true(args_in_synopsis("--wait", "--wait"));
	assert_false(args_in_synopsis("[--remote-port PORT]", "--port"));
	assert_false(args_in_synopsis("[--port-range R]", "--port"));
	assert_true(args_in_synopsis("[--port-range R] [--port P]", "--port"));
	assert_false(args_in_synopsis("", "--port"));
}

static void an_option_of_another_verb_does_not_belong_here(void **state)
{
	struct args a;
	struct err err;

	assert_int_equal(parse(&a, ARGV("--follow", "--json"), NULL), 0);
	assert_int_equal(args_check(&a, "[--follow]", true, &err), 0);
	assert_int_equal(args_check(&a, "[--wait]", true, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--follow"));
	/* where the global ones are not granted, they must be named too */
	assert_int_equal(args_check(&a, "[--follow]", false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--json"));
}

static void the_table_has_no_option_or_letter_twice(void **state)
{
	for (size_t i = 0; i < ARGS_OPTION_COUNT; i++) {
		const struct args_option_row *one = args_row(i);

		assert_true(str_has_prefix(one->name, "--"));
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(one->name, args_row(k)->name);
			assert_true(!one->letter || one->letter != args_row(k)->letter);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(letters_may_be_joined_and_carry_their_value),
		cmocka_unit_test(nothing_is_an_option_behind_two_dashes),
		cmocka_unit_test(one_dash_alone_is_a_word),
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(every_value_counts_of_an_option_that_may_be_repeated),
		cmocka_unit_test(repeated_options_are_bounded),
		cmocka_unit_test(an_empty_value_is_a_value),
		cmocka_unit_test(a_wrong_option_is_refused_with_words),
		cmocka_unit_test(a_value_that_is_one_of_some_words_is_held_against_them),
		cmocka_unit_test(words_are_bounded),
		cmocka_unit_test(shifting_drops_the_first_words),
		cmocka_unit_test(a_synopsis_names_whole_options_only),
		cmocka_unit_test(an_option_of_another_verb_does_not_belong_here),
		cmocka_unit_test(the_table_has_no_option_or_letter_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
