/* SPDX-License-Identifier: MIT */
/* test_webhook: the table of providers, and secrets of every form. */

#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "webhook/webhook.h"

static struct webhook_rules rules;
static struct err err;

static int teardown(void **state)
{
	webhook_deinit(&rules);
	webhook_deinit(&rules);
	return 0;
}

static int add(enum webhook_provider provider, const char *text)
{
	struct secret s = {0};
	int r;

	webhook_deinit(&rules);
	rules.provider = (int)provider;
	assert_int_equal(secret_set(&s, text, strlen(text)), 0);
	r = webhook_add_secrets(&rules, &s, &err);
	secret_deinit(&s);
	return r;
}

static void each_line_is_a_secret(void **state)
{
	assert_int_equal(add(WEBHOOK_GITHUB, "one"), 0);
	assert_int_equal(rules.n_secrets, 1);
	assert_string_equal(secret_text(&rules.secrets[0]), "one");
	assert_int_equal(add(WEBHOOK_GITHUB, "one two \r\n\nthree\n"), 0);
	assert_int_equal(rules.n_secrets, 2);
	assert_string_equal(secret_text(&rules.secrets[0]), "one two ");
	assert_string_equal(secret_text(&rules.secrets[1]), "three");
}

static void secrets_are_counted_and_not_repeated(void **state)
{
	assert_int_equal(add(WEBHOOK_STRIPE, "\n\r\n"), -EINVAL);
	assert_string_equal(err.text, "is empty");
	assert_int_equal(add(WEBHOOK_STRIPE, "a\nb\nc\nd"), 0);
	assert_int_equal(add(WEBHOOK_STRIPE, "a\nb\nc\nd\nsesame"), -EINVAL);
	assert_string_equal(err.text, "holds more than 4 secrets, one a line");
}

static void a_standard_secret_is_base64(void **state)
{
	assert_int_equal(add(WEBHOOK_STANDARD, "whsec_c2VzYW1l"), 0);
	assert_string_equal(secret_text(&rules.secrets[0]), "sesame");
	assert_int_equal(add(WEBHOOK_STANDARD, "c2VzYW1l"), 0);
	assert_string_equal(secret_text(&rules.secrets[0]), "sesame");
	assert_int_equal(add(WEBHOOK_STANDARD, "whsec_sesame!"), -EINVAL);
	assert_string_equal(err.text, "is not 'whsec_' and base64");
	assert_int_equal(add(WEBHOOK_STANDARD, "whsec_"), -EINVAL);
	assert_int_equal(add(WEBHOOK_STANDARD, "whsk_c2VzYW1l"), -EINVAL);
	assert_string_equal(err.text,
		"is a key of the asymmetric scheme (v1a), which is not supported");
	/* Stripe's begin the same, and are the key as they stand */
	assert_int_equal(add(WEBHOOK_STRIPE, "whsec_c2VzYW1l"), 0);
	assert_string_equal(secret_text(&rules.secrets[0]), "whsec_c2VzYW1l");
}

static void copies_are_equal_until_something_differs(void **state)
{
	struct webhook_rules copy = {0};

	assert_int_equal(add(WEBHOOK_HMAC, "one\ntwo"), 0);
	rules.header = mem_strdup("X-Sig");
	webhook_copy(&copy, &rules);
	assert_true(webhook_same(&copy, &rules));
	copy.tolerance_ms++;
	assert_false(webhook_same(&copy, &rules));
	copy.tolerance_ms--;
	mem_replace(&copy.header, "X-Other");
	assert_false(webhook_same(&copy, &rules));
	mem_replace(&copy.header, "X-Sig");
	assert_int_equal(secret_set(&copy.secrets[1], "owt", 3), 0);
	assert_false(webhook_same(&copy, &rules));
	webhook_deinit(&copy);
	assert_false(webhook_same(&copy, &rules));
}

static void every_provider_has_a_word_and_knows_whether_it_signs_the_time(void **state)
{
	size_t n = 0;

	while (webhook_provider_words[n])
		n++;
	assert_int_equal(n, WEBHOOK_PROVIDER_COUNT);
	assert_string_equal(webhook_provider_words[WEBHOOK_NONE], "none");
	assert_true(webhook_is_timed(WEBHOOK_SLACK));
	assert_false(webhook_is_timed(WEBHOOK_GITHUB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_line_is_a_secret, teardown),
		cmocka_unit_test_teardown(secrets_are_counted_and_not_repeated, teardown),
		cmocka_unit_test_teardown(a_standard_secret_is_base64, teardown),
		cmocka_unit_test_teardown(copies_are_equal_until_something_differs, teardown),
		cmocka_unit_test(every_provider_has_a_word_and_knows_whether_it_signs_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
