/* SPDX-License-Identifier: MIT */
/* test_ctl_params: what is absent, what is of another type. */

#include "../cm.h"

#include "ctl/ctl_params.h"

static json_t *params;

static int setup(void **state)
{
	params = json_pack("{s:s, s:n, s:i, s:b, s:b, s:s%}", "text", "x", "null", "number", 1,
		"yes", 1, "no", 0, "nul", "a\0b", (size_t)3);
	return params ? 0 : -1;
}

static int teardown(void **state)
{
	json_decref(params);
	return 0;
}

static void a_text_is_lent_and_an_absent_one_changes_nothing(void **state)
{
	const char *s = "before";

	assert_true(ctl_params_text(params, "absent", &s));
	assert_true(ctl_params_text(params, "null", &s));
	assert_string_equal(s, "before");
	assert_true(ctl_params_text(params, "text", &s));
	assert_string_equal(s, "x");
	assert_false(ctl_params_text(params, "number", &s));
	assert_false(ctl_params_text(params, "nul", &s));
}

static void a_flag_that_is_absent_is_down(void **state)
{
	bool flag = true;

	assert_true(ctl_params_flag(params, "absent", &flag));
	assert_false(flag);
	assert_true(ctl_params_flag(params, "yes", &flag));
	assert_true(flag);
	assert_true(ctl_params_flag(params, "null", &flag));
	assert_false(flag);
	assert_true(ctl_params_flag(params, "no", &flag));
	assert_false(flag);
	assert_false(ctl_params_flag(params, "number", &flag));
	assert_false(ctl_params_flag(params, "text", &flag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_text_is_lent_and_an_absent_one_changes_nothing),
		TEST(a_flag_that_is_absent_is_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
