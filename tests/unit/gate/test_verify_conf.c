/* SPDX-License-Identifier: MIT */
/* test_verify_conf: who signs, and with what: sound and not, and no secret in any message. */

#include "../cm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "conf/report.h"
#include "gate/verify_conf.h"

static struct verify_conf v;
static struct conf_report report;
static char path[] = "/tmp/test_verify_conf.XXXXXX";

static int setup(void **state)
{
	memset(&v, 0, sizeof(v));
	report_init(&report);
	return 0;
}

static int teardown(void **state)
{
	bind_deinit(&verify_conf_table, &v);
	verify_conf_deinit(&v);
	report_deinit(&report);
	return 0;
}

static bool load(const char *text)
{
	return bind_text(&verify_conf_table, "v", text, &v, &report);
}

static void nothing_written_checks_nothing(void **state)
{
	assert_true(load(""));
	assert_false(verify_conf_is_on(&v));
	teardown(state);
	setup(state);
	assert_true(load("provider: none\n"));
	assert_false(verify_conf_is_on(&v));
}

static void everything_that_can_be_written_is_taken_over(void **state)
{
	assert_true(load("provider: github\nsecret: sesame\n"));
	assert_true(verify_conf_is_on(&v));
	assert_true(v.enforce);
	assert_int_equal(v.max_body, 25 << 20);
	assert_int_equal(v.timeout, 30000);
	assert_int_equal(v.rules.tolerance_ms, 300000);
	assert_string_equal(secret_text(&v.rules.secrets[0]), "sesame");
	assert_null(v.secret); /* among the rules alone */
	teardown(state);
	setup(state);
	assert_true(load("{provider: hmac, secret: sesame, enforce: false, max_body: 1M,\n"
			 " timeout: 1s, header: X-Sum, prefix: 'v=', encoding: base64,\n"
			 " algorithm: sha512}\n"));
	assert_int_equal(v.rules.n_secrets, 1);
	assert_false(v.enforce);
	assert_int_equal(v.max_body, 1 << 20);
	assert_string_equal(v.rules.header, "X-Sum");
	assert_string_equal(v.rules.prefix, "v=");
	assert_int_equal(v.rules.encoding, WEBHOOK_BASE64);
	assert_int_equal(v.rules.digest, HMAC_SHA512);
}

static void each_mistake_says_where_and_why(void **state)
{
	static const struct {
		const char *text, *mistakes;
	} table[] = {
		{"provider: gitlab\n",
			"v:1:11: provider: expected one of none, github, stripe, slack, shopify, "
			"standard-webhooks, hmac, found 'gitlab'; did you mean 'github'?\n"},
		{"secret: sesame\n", "v:1:1: provider: is required\n"},
		{"provider: github\n", "v:1:1: secret: is required, or 'secret_file'\n"},
		{"{provider: github, secret: sesame, secret_file: x}\n",
			"v:1:49: secret_file: excludes 'secret'\n"},
		{"{provider: github, secret: [sesame]}\n",
			"v:1:28: secret: expected text, found a list\n"},
		{"{provider: github, secret_file: /nowhere}\n",
			"v:1:33: secret_file: /nowhere: cannot be opened: No such file or "
			"directory\n"},
		{"{provider: github, secret_file: 'credential:x'}\n",
			"v:1:33: secret_file: there is no credential 'x'\n"},
		{"{provider: standard-webhooks, secret: 'sesame!'}\n",
			"v:1:39: secret: is not 'whsec_' and base64\n"},
		{"{provider: github, secret: sesame, tolerance: 1m}\n",
			"v:1:47: tolerance: is for providers that sign the time, stripe, slack and "
			"standard-webhooks\n"},
		{"{provider: stripe, secret: sesame, header: X}\n",
			"v:1:44: header: is for provider hmac, the others say how they sign\n"},
		{"{provider: hmac, secret: sesame}\n",
			"v:1:1: header: is required for provider hmac\n"},
		{"{provider: hmac, secret: sesame, header: 'X Y'}\n",
			"v:1:42: header: 'X Y' is no name of a header field\n"},
		{"{provider: hmac, secret: sesame, header: X, prefix: 'a b'}\n",
			"v:1:53: prefix: has what no signature begins with\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		CLEANUP(str_deinit) struct str text = STR_INIT(4096);

		setup(state);
		assert_false(load(table[i].text));
		report_print(&report, &text);
		assert_string_equal(str_get(&text), table[i].mistakes);
		teardown(state);
	}
	setup(state);
}

static void a_file_is_for_its_owner(void **state)
{
	char text[128];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "one\ntwo\n", 8), 8);
	assert_int_equal(fchmod(fd, 0640), 0);
	(void)snprintf(text, sizeof(text), "{provider: slack, secret_file: %s}\n", path);
	assert_true(load(text));
	assert_int_equal(v.rules.n_secrets, 2);
	assert_string_equal(secret_text(&v.rules.secrets[1]), "two");
	teardown(state);
	setup(state);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_false(load(text));
	close(fd);
	(void)unlink(path);
}

static void what_visitors_feel_is_whether_they_are_held_up(void **state)
{
	struct verify_conf copy;

	assert_true(load("provider: github\nsecret: sesame\n"));
	verify_conf_copy(&copy, &v);
	assert_true(verify_conf_same(&copy, &v));
	copy.timeout++;
	assert_false(verify_conf_same(&copy, &v));
	copy.timeout--;
	assert_int_equal(secret_set(&copy.rules.secrets[0], "other", 5), 0);
	assert_false(verify_conf_same(&copy, &v));
	assert_true(verify_conf_same_gate(&copy, &v));
	copy.enforce = false;
	assert_false(verify_conf_same_gate(&copy, &v));
	copy.enforce = true;
	verify_conf_deinit(&copy);
	assert_false(verify_conf_same_gate(&copy, &v));
}

static void words_of_a_command_line_will_do(void **state)
{
	struct secret text = {0};
	struct err err = {0};

	assert_int_equal(secret_set(&text, "sesame", 6), 0);
	verify_conf_init(&v);
	assert_int_equal(verify_conf_set(&v, "gitlab", &text, &err), -EINVAL);
	assert_true(str_has_prefix(err.text, "'gitlab' is no sender of webhooks: "));
	assert_int_equal(verify_conf_set(&v, "hmac", &text, &err), -EINVAL);
	assert_int_equal(verify_conf_set(&v, "hmac:", &text, &err), -EINVAL);
	assert_int_equal(verify_conf_set(&v, "hmac:a b", &text, &err), -EINVAL);
	assert_int_equal(verify_conf_set(&v, "none", &text, &err), -EINVAL);
	assert_int_equal(verify_conf_set(&v, "hmac:X-Sum", &text, &err), 0);
	assert_string_equal(v.rules.header, "X-Sum");
	assert_string_equal(secret_text(&v.rules.secrets[0]), "sesame");
	verify_conf_deinit(&v);
	assert_int_equal(verify_conf_set(&v, "standard-webhooks", &text, &err), -EINVAL);
	assert_string_equal(err.text, "the secret: is not 'whsec_' and base64");
	secret_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(nothing_written_checks_nothing),
		TEST(everything_that_can_be_written_is_taken_over),
		TEST(each_mistake_says_where_and_why),
		TEST(a_file_is_for_its_owner),
		TEST(what_visitors_feel_is_whether_they_are_held_up),
		TEST(words_of_a_command_line_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
