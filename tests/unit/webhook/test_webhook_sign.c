/* SPDX-License-Identifier: MIT */
/* test_webhook_sign: what is signed is found signed, in the fields that the provider uses. */

#include "webhook_test.h"

#include "webhook/webhook_check.h"
#include "webhook/webhook_sign.h"

#define NOW 1531420618000ULL

static const char body_text[] = "{\"a\":1}";
static const struct http_span body = {body_text, sizeof(body_text) - 1};

/* The fields as lines of a head. */
static const char *lines(const struct webhook_signature *s)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s: %s\r\n", s->fields[i].name,
			s->fields[i].value);
	return text;
}

static void assert_signed(const struct webhook_signature *s)
{
	struct webhook_check *c;
	struct http_head h;

	head(&h, lines(s));
	c = webhook_check_new(&rules, &h, NOW);
	webhook_check_add(c, body.at, body.n);
	assert_null(webhook_check_finish(c));
	webhook_check_free(c);
}

static void every_provider_finds_it_signed(void **state)
{
	struct webhook_signature s;

	for (int p = WEBHOOK_GITHUB; p < WEBHOOK_HMAC; p++) {
		rule((enum webhook_provider)p, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
		webhook_sign(&rules, NULL, body, NOW, &s);
		assert_signed(&s);
	}
	generic(HMAC_SHA512, WEBHOOK_BASE64, "v1:");
	webhook_sign(&rules, NULL, body, NOW, &s);
	assert_signed(&s);
}

static void nobody_signs_nothing(void **state)
{
	struct webhook_signature s;

	webhook_deinit(&rules);
	webhook_sign(&rules, NULL, body, NOW, &s);
	assert_int_equal(s.n, 0);
}

static void the_first_secret_signs(void **state)
{
	struct webhook_signature one, both;

	rule(WEBHOOK_GITHUB, "new");
	webhook_sign(&rules, NULL, body, NOW, &one);
	rule(WEBHOOK_GITHUB, "new\nold");
	webhook_sign(&rules, NULL, body, NOW, &both);
	assert_string_equal(one.fields[0].value, both.fields[0].value);
}

static void the_fields_are_those_of_the_provider(void **state)
{
	struct webhook_signature s;

	rule(WEBHOOK_SLACK, "x");
	webhook_sign(&rules, NULL, body, NOW, &s);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.fields[0].name, "X-Slack-Request-Timestamp");
	assert_string_equal(s.fields[0].value, "1531420618");
	assert_string_equal(s.fields[1].name, "X-Slack-Signature");
	rule(WEBHOOK_STRIPE, "x");
	webhook_sign(&rules, NULL, body, NOW, &s);
	assert_int_equal(s.n, 1);
	assert_true(str_has_prefix(s.fields[0].value, "t=1531420618,v1="));
}

static void a_message_keeps_its_id_and_its_names(void **state)
{
	struct webhook_signature s;
	struct http_head h;

	rule(WEBHOOK_STANDARD, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	head(&h, "webhook-id: msg_1\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,x\r\n");
	webhook_sign(&rules, &h, body, NOW, &s);
	assert_string_equal(s.fields[0].value, "msg_1");
	assert_string_equal(s.fields[1].value, "1531420618");
	assert_signed(&s);
	head(&h, "svix-id: msg_2\r\nsvix-timestamp: 1\r\nsvix-signature: v1,x\r\n");
	webhook_sign(&rules, &h, body, NOW, &s);
	assert_string_equal(s.fields[0].name, "svix-id");
	assert_string_equal(s.fields[0].value, "msg_2");
	assert_string_equal(s.fields[2].name, "svix-signature");
	assert_signed(&s);
	/* none: one is made */
	head(&h, "");
	webhook_sign(&rules, &h, body, NOW, &s);
	assert_true(str_has_prefix(s.fields[0].value, "msg_1531420618"));
	assert_signed(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_provider_finds_it_signed),
		cmocka_unit_test(nobody_signs_nothing),
		cmocka_unit_test(the_first_secret_signs),
		cmocka_unit_test(the_fields_are_those_of_the_provider),
		cmocka_unit_test(a_message_keeps_its_id_and_its_names),
	};

	return cmocka_run_group_tests(tests, NULL, forget_rules);
}
