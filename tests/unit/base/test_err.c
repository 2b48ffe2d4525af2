/* SPDX-License-Identifier: MIT */
/* test_err: texts for people, and the allocation helpers they are made with. */

#include "../cm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/mem.h"

static void the_code_comes_back_and_the_text_stays(void **state)
{
	struct err err = {0};

	assert_int_equal(err_set(&err, -EINVAL, "no %s", "way"), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "no way");
}

static void errno_is_spelled_out(void **state)
{
	struct err err = {0};

	assert_int_equal(err_set_errno(&err, -ENOENT, "%s", "/x"), -ENOENT);
	assert_string_equal(err.text, "/x: No such file or directory");
}

static void context_goes_in_front(void **state)
{
	struct err err = {0};

	(void)err_set(&err, 7, "inner");
	err_prefix(&err, "outer %d", 1);
	assert_string_equal(err.text, "outer 1: inner");
	assert_int_equal(err.code, 7);
}

static void nobody_interested_is_fine(void **state)
{
	assert_int_equal(err_set(NULL, -1, "x"), -1);
	assert_int_equal(err_set_errno(NULL, -2, "x"), -2);
	err_prefix(NULL, "x");
}

static void long_texts_are_cut_not_overrun(void **state)
{
	struct err err = {0};
	char big[2 * ERR_TEXT_MAX];

	memset(big, 'a', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	(void)err_set(&err, 1, "%s", big);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_prefix(&err, "b");
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "b: aa", 5);
	(void)err_set_errno(&err, -EIO, "%s", big);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

static void texts_are_cut_between_characters(void **state)
{
	static const char *const letters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		size_t n = strlen(letters[i]);
		char text[2 * ERR_TEXT_MAX] = "";
		struct err err;

		for (size_t k = 0; k < ERR_TEXT_MAX / n; k++)
			memcpy(text + k * n, letters[i], n);
		for (size_t pad = 0; pad < n; pad++) {
			(void)err_set(&err, -1, "%.*s%s", (int)pad, "....", text);
			assert_int_equal((strlen(err.text) - pad) % n, 0);
			assert_in_range(strlen(err.text), ERR_TEXT_MAX - n, ERR_TEXT_MAX - 1);
			err_prefix(&err, "%s", letters[i]);
			assert_int_equal((strlen(err.text) - pad - 2) % n, 0);
		}
	}
}

static void nothing_is_ever_null_but_a_copied_null(void **state)
{
	char *p = mem_zalloc(0), *q = mem_alloc(0), *r = mem_dup(NULL, 0);

	assert_non_null(p);
	assert_non_null(q);
	assert_non_null(r);
	assert_null(mem_strdup(NULL));
	free(p);
	free(q);
	free(r);
}

static void copies_are_cut_at_the_length_or_the_end(void **state)
{
	CLEANUP(mem_cleanup) char *a = mem_strndup("hello", 3);
	CLEANUP(mem_cleanup) char *b = mem_strndup("hi", 30);
	CLEANUP(mem_cleanup) char *c = mem_printf("%d-%s", 5, "x");

	assert_string_equal(a, "hel");
	assert_string_equal(b, "hi");
	assert_string_equal(c, "5-x");
}

static void replacing_may_take_a_piece_of_the_old_text(void **state)
{
	char *s = mem_strdup("prefix-rest");

	mem_replace(&s, s + 7);
	assert_string_equal(s, "rest");
	mem_replace(&s, NULL);
	assert_null(s);
}

static void wiping_leaves_zeroes(void **state)
{
	char s[8] = "secret!";

	mem_wipe(s, sizeof(s));
	for (size_t i = 0; i < sizeof(s); i++)
		assert_int_equal(s[i], 0);
	mem_wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_code_comes_back_and_the_text_stays),
		cmocka_unit_test(errno_is_spelled_out),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(nobody_interested_is_fine),
		cmocka_unit_test(long_texts_are_cut_not_overrun),
		cmocka_unit_test(texts_are_cut_between_characters),
		cmocka_unit_test(nothing_is_ever_null_but_a_copied_null),
		cmocka_unit_test(copies_are_cut_at_the_length_or_the_end),
		cmocka_unit_test(replacing_may_take_a_piece_of_the_old_text),
		cmocka_unit_test(wiping_leaves_zeroes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
