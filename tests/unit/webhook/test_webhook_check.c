/* SPDX-License-Identifier: MIT */
/*
 * test_webhook_check: each provider's scheme, by what it publishes, and everything that is wrong.
 *
 * Where the values are from:
 *   github    docs.github.com "Validating webhook deliveries", "Testing the webhook payload"
 *   slack     api.slack.com "Verifying requests from Slack", the worked example
 *   standard  the test vector of the Standard Webhooks libraries (and of Svix)
 *   stripe, shopify publish none: these and those of hmac were computed by Python's hmac module
 */
#include "webhook_test.h"

#include "webhook/webhook_check.h"

#define GITHUB_SECRET    "It's a Secret to Everybody"
#define GITHUB_BODY      "Hello, World!"
#define GITHUB_SIGNATURE "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define GITHUB_FIELD     "X-Hub-Signature-256: sha256=" GITHUB_SIGNATURE "\r\n"

#define STRIPE_SECRET    "whsec_test_secret"
#define STRIPE_BODY      "{\"id\":\"evt_1\",\"object\":\"event\"}"
#define STRIPE_SIGNATURE "654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543"
#define STRIPE_NOW       1492774577000ULL

#define SLACK_SECRET "8f742231b10e8888abcd99yyyzzz85a5"
#define SLACK_BODY                                                                                 \
	"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="     \
	"G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-" \
	"collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"         \
	"2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."           \
	"803a0bc887a14d10d2c447fce8b6703c"
#define SLACK_FIELDS                                                                               \
	"X-Slack-Request-Timestamp: 1531420618\r\nX-Slack-Signature: "                             \
	"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503\r\n"
#define SLACK_NOW 1531420618000ULL

#define STANDARD_SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_BODY      "{\"test\": 2432232314}"
#define STANDARD_SIGNATURE "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define STANDARD_NOW       1614265330000ULL

#define OTHER_HEX "0000000000000000000000000000000000000000000000000000000000000000"

/* Why it is not signed, "" when it is; the body comes in pieces of three bytes. */
static const char *verdict(const char *fields, const char *body, uint64_t now_ms)
{
	static char why[WEBHOOK_WHY_MAX];
	struct webhook_check *c;
	struct http_head h;
	const char *r;

	head(&h, fields);
	c = webhook_check_new(&rules, &h, now_ms);
	memset(head_text, 'x', sizeof(head_text)); /* nothing of the head is kept */
	for (size_t at = 0, n = strlen(body); at < n; at += 3)
		webhook_check_add(c, body + at, MIN(n - at, (size_t)3));
	r = webhook_check_finish(c);
	(void)snprintf(why, sizeof(why), "%s", r ? r : "");
	webhook_check_free(c);
	return why;
}

static void github_is_as_published(void **state)
{
	rule(WEBHOOK_GITHUB, GITHUB_SECRET);
	assert_string_equal(verdict(GITHUB_FIELD, GITHUB_BODY, 0), "");
	assert_string_equal(verdict("x-hub-signature-256: sha256=" GITHUB_SIGNATURE "\r\n",
				    GITHUB_BODY, 0),
		"");
	assert_string_equal(verdict(GITHUB_FIELD, "Hello, World?", 0),
		"the signature does not match: is the secret right?");
	rule(WEBHOOK_GITHUB, "another");
	assert_string_equal(verdict(GITHUB_FIELD, GITHUB_BODY, 0),
		"the signature does not match: is the secret right?");
}

static void any_of_several_secrets_will_do(void **state)
{
	rule(WEBHOOK_GITHUB, "new\n" GITHUB_SECRET "\nold");
	assert_string_equal(verdict(GITHUB_FIELD, GITHUB_BODY, 0), "");
	assert_string_not_equal(verdict(GITHUB_FIELD, "Hello", 0), "");
}

static void a_field_that_is_none_is_told(void **state)
{
	static const char form[] =
		"the X-Hub-Signature-256 field is not sha256= and 32 bytes in hex";
	static const char *const bad[] = {
		"X-Hub-Signature-256: \r\n",
		"X-Hub-Signature-256: sha256=\r\n",
		"X-Hub-Signature-256: sha1=" GITHUB_SIGNATURE "\r\n",
		"X-Hub-Signature-256: " GITHUB_SIGNATURE "\r\n",
		"X-Hub-Signature-256: SHA256=" GITHUB_SIGNATURE "\r\n",
		"X-Hub-Signature-256: sha256=" GITHUB_SIGNATURE "0\r\n",
		"X-Hub-Signature-256: sha256=" GITHUB_SIGNATURE "00\r\n",
		"X-Hub-Signature-256: sha256= " GITHUB_SIGNATURE "\r\n",
		"X-Hub-Signature-256: "
		"sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379"
		"c8b0"
		"43e17\r\n",
	};

	rule(WEBHOOK_GITHUB, GITHUB_SECRET);
	assert_string_equal(verdict("", GITHUB_BODY, 0), "no X-Hub-Signature-256 field");
	assert_string_equal(verdict(GITHUB_FIELD GITHUB_FIELD, GITHUB_BODY, 0),
		"there are several X-Hub-Signature-256 fields");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_string_equal(verdict(bad[i], GITHUB_BODY, 0), form);
}

static void a_hopeless_head_is_known_before_the_body(void **state)
{
	struct webhook_check *c;
	struct http_head h;

	rule(WEBHOOK_GITHUB, GITHUB_SECRET);
	head(&h, "");
	c = webhook_check_new(&rules, &h, 0);
	assert_string_equal(webhook_check_hopeless(c), "no X-Hub-Signature-256 field");
	webhook_check_free(c);
	head(&h, GITHUB_FIELD);
	c = webhook_check_new(&rules, &h, 0);
	assert_null(webhook_check_hopeless(c));
	webhook_check_free(c);
	webhook_check_free(NULL);
}

static void stripe_signs_time_and_body(void **state)
{
	rule(WEBHOOK_STRIPE, STRIPE_SECRET);
	assert_string_equal(verdict("Stripe-Signature: t=1492774577,v1=" STRIPE_SIGNATURE "\r\n",
				    STRIPE_BODY, STRIPE_NOW),
		"");
	/* several while a secret is changed, and those of other schemes */
	assert_string_equal(verdict("Stripe-Signature: v0=123,t=1492774577, v1=" OTHER_HEX
				    ",v1=" STRIPE_SIGNATURE ",v2=x\r\n",
				    STRIPE_BODY, STRIPE_NOW),
		"");
	assert_string_equal(verdict("Stripe-Signature: t=1492774578,v1=" STRIPE_SIGNATURE "\r\n",
				    STRIPE_BODY, STRIPE_NOW),
		"the signature does not match: is the secret right?");
	assert_string_equal(verdict("Stripe-Signature: v1=" STRIPE_SIGNATURE "\r\n", STRIPE_BODY,
				    STRIPE_NOW),
		"the Stripe-Signature field has no time stamp (t=)");
	assert_string_equal(verdict("Stripe-Signature: t=1,t=1492774577,v1=" STRIPE_SIGNATURE
				    "\r\n",
				    STRIPE_BODY, STRIPE_NOW),
		"the Stripe-Signature field has several time stamps (t=)");
	assert_string_equal(verdict("Stripe-Signature: t=1492774577,v0=" STRIPE_SIGNATURE
				    ",v1=12\r\n",
				    STRIPE_BODY, STRIPE_NOW),
		"the Stripe-Signature field has no signature of scheme v1");
	assert_string_equal(verdict("Stripe-Signature: ,,=,t,v1\r\n", STRIPE_BODY, STRIPE_NOW),
		"the Stripe-Signature field has no time stamp (t=)");
}

static void a_time_stamp_may_be_so_far_away_and_no_further(void **state)
{
	static const char fields[] = "Stripe-Signature: t=1492774577,v1=" STRIPE_SIGNATURE "\r\n";
	const char *const time_bad = "the time stamp is not a number of seconds";

	rule(WEBHOOK_STRIPE, STRIPE_SECRET);
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW + 300000), "");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW - 300000), "");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW + 300001),
		"the time stamp is 300.001 seconds old, 300 are allowed");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW + 12 * 60000),
		"the time stamp is 12 minutes old, 5 minutes are allowed");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW + 3 * 86400000ULL),
		"the time stamp is 3 days old, 5 minutes are allowed");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW - 7200000),
		"the time stamp is 2 hours ahead, 5 minutes are allowed: is the clock right?");
	rules.tolerance_ms = 10000;
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW + 11000),
		"the time stamp is 11 seconds old, 10 seconds are allowed");
	assert_string_equal(verdict("Stripe-Signature: t=,v1=" STRIPE_SIGNATURE "\r\n", "", 0),
		time_bad);
	assert_string_equal(verdict("Stripe-Signature: t=-1,v1=" STRIPE_SIGNATURE "\r\n", "", 0),
		time_bad);
	assert_string_equal(verdict("Stripe-Signature: t=1234567890123,v1=" STRIPE_SIGNATURE "\r\n",
				    "", 0),
		time_bad);
}

static void slack_is_as_published(void **state)
{
	rule(WEBHOOK_SLACK, SLACK_SECRET);
	assert_string_equal(verdict(SLACK_FIELDS, SLACK_BODY, SLACK_NOW + 60000), "");
	assert_string_equal(verdict(SLACK_FIELDS, SLACK_BODY "&x", SLACK_NOW),
		"the signature does not match: is the secret right?");
	assert_string_equal(verdict(SLACK_FIELDS, SLACK_BODY, SLACK_NOW + 600000),
		"the time stamp is 10 minutes old, 5 minutes are allowed");
	assert_string_equal(verdict("X-Slack-Signature: v0=" OTHER_HEX "\r\n", "", SLACK_NOW),
		"no X-Slack-Request-Timestamp field");
	assert_string_equal(verdict("X-Slack-Request-Timestamp: 1531420618\r\n", SLACK_BODY,
				    SLACK_NOW),
		"no X-Slack-Signature field");
}

static void shopify_signs_in_base64(void **state)
{
	static const char body[] = "{\"id\":820982911946154508}";

	rule(WEBHOOK_SHOPIFY, "hush");
	assert_string_equal(verdict("X-Shopify-Hmac-Sha256: "
				    "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I=\r\n",
				    body, 0),
		"");
	assert_string_equal(verdict("X-Shopify-Hmac-Sha256: "
				    "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I\r\n",
				    body, 0),
		"the X-Shopify-Hmac-Sha256 field is not 32 bytes in base64");
}

#define STANDARD(signatures)                                                                       \
	"webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n"            \
	"webhook-signature: " signatures "\r\n"
#define OTHER_BASE64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void standard_webhooks_are_as_published(void **state)
{
	rule(WEBHOOK_STANDARD, STANDARD_SECRET);
	assert_string_equal(verdict(STANDARD("v1," STANDARD_SIGNATURE), STANDARD_BODY,
				    STANDARD_NOW),
		"");
	assert_string_equal(verdict(STANDARD("v1," OTHER_BASE64 " v1a,xyz v1," STANDARD_SIGNATURE),
				    STANDARD_BODY, STANDARD_NOW),
		"");
	assert_string_equal(verdict("svix-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nsvix-timestamp: "
				    "1614265330\r\nsvix-signature: v1," STANDARD_SIGNATURE "\r\n",
				    STANDARD_BODY, STANDARD_NOW),
		"");
	assert_string_equal(verdict(STANDARD("v1," OTHER_BASE64), STANDARD_BODY, STANDARD_NOW),
		"the signature does not match: is the secret right?");
	assert_string_equal(verdict(STANDARD("v1a,xyz"), STANDARD_BODY, STANDARD_NOW),
		"there are only signatures of scheme v1a, which is not supported");
	assert_string_equal(verdict(STANDARD("v2,xyz v1,12"), STANDARD_BODY, STANDARD_NOW),
		"there is no signature of scheme v1");
	assert_string_equal(verdict("webhook-signature: v1," OTHER_BASE64 "\r\n", STANDARD_BODY,
				    STANDARD_NOW),
		"no webhook-id field");
}

static void signatures_are_counted(void **state)
{
	static const char one[] = "v1=" OTHER_HEX ",";
	char fields[2048] = "Stripe-Signature: t=1492774577,";

	rule(WEBHOOK_STRIPE, STRIPE_SECRET);
	for (size_t i = 0; i < WEBHOOK_SIGNATURES_MAX - 1; i++)
		strcat(fields, one);
	(void)snprintf(fields + strlen(fields), 200, "v1=" STRIPE_SIGNATURE "\r\n");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW), "");
	(void)snprintf(fields + strlen(fields) - 2, 200, ",v1=" STRIPE_SIGNATURE "\r\n");
	assert_string_equal(verdict(fields, STRIPE_BODY, STRIPE_NOW),
		"there are more than 16 signatures");
}

static void hmac_is_what_it_is_said_to_be(void **state)
{
	generic(HMAC_SHA1, WEBHOOK_HEX, "sha1=");
	assert_string_equal(verdict("X-Signature: "
				    "sha1=70bbf6819d1037aa94ca7e7f537cbea25fe49283\r\n",
				    "body", 0),
		"");
	generic(HMAC_SHA1, WEBHOOK_BASE64, NULL);
	assert_string_equal(verdict("X-Signature: cLv2gZ0QN6qUyn5/U3y+ol/kkoM=\r\n", "body", 0),
		"");
	generic(HMAC_SHA256, WEBHOOK_HEX, NULL);
	assert_string_equal(verdict("X-Signature: 515AAE133B435D4000956731F68AE5CF5EB85D4F0DC6A546D"
				    "2BFCD3595EC1AE1\r\n",
				    "body", 0),
		"");
	generic(HMAC_SHA512, WEBHOOK_HEX, "v1:");
	assert_string_equal(verdict("X-Signature: "
				    "v1:b71e82b42ece244182aae00f5c418d84b5b0ac844874765e658e91b262"
				    "61b32df39e9fcbf44424d0e3b53bab192e78a4936224ec940cf953164b70aa"
				    "cdd4c845\r\n",
				    "body", 0),
		"");
	generic(HMAC_SHA512, WEBHOOK_BASE64, "");
	assert_string_equal(verdict("X-Signature: tx6CtC7OJEGCquAPXEGNhLWwrIRIdHZeZY6RsmJhsy3znp/"
				    "L9EQk0OO1O6sZLnikk2Ik7JQM+VMWS3CqzdTIRQ==\r\n",
				    "body", 0),
		"");
	assert_string_equal(verdict("X-Signature: cLv2gZ0QN6qUyn5/U3y+ol/kkoM=\r\n", "body", 0),
		"the X-Signature field is not 64 bytes in base64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(github_is_as_published),
		cmocka_unit_test(any_of_several_secrets_will_do),
		cmocka_unit_test(a_field_that_is_none_is_told),
		cmocka_unit_test(a_hopeless_head_is_known_before_the_body),
		cmocka_unit_test(stripe_signs_time_and_body),
		cmocka_unit_test(a_time_stamp_may_be_so_far_away_and_no_further),
		cmocka_unit_test(slack_is_as_published),
		cmocka_unit_test(shopify_signs_in_base64),
		cmocka_unit_test(standard_webhooks_are_as_published),
		cmocka_unit_test(signatures_are_counted),
		cmocka_unit_test(hmac_is_what_it_is_said_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, forget_rules);
}
