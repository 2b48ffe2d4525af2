/* SPDX-License-Identifier: MIT */
/* test_varlink: what is a call, what is a reply, and that both survive the way there and back. */

#include "../cm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "proto/varlink.h"

static int parse(struct varlink_call *c, const char *text)
{
	return varlink_call_parse(c, text, strlen(text));
}

static void a_call_is_split_into_interface_and_method(void **state)
{
	struct varlink_call c;

	assert_int_equal(parse(&c,
				 "{\"method\":\"io.tunnelto.Client.Up\",\"parameters\":{\"a\":1}}"),
		0);
	assert_string_equal(c.interface, "io.tunnelto.Client");
	assert_string_equal(c.method, "Up");
	assert_int_equal(json_integer_value(json_object_get(c.parameters, "a")), 1);
	assert_false(c.more || c.oneway || c.upgrade);
	varlink_call_deinit(&c);
	assert_null(c.parameters);
	varlink_call_deinit(&c);
}

static void parameters_may_be_left_out(void **state)
{
	static const char *const texts[] = {"{\"method\":\"a.B\"}",
		"{\"method\":\"a.B\",\"parameters\":null}",
		"{\"method\":\"a.B\",\"parameters\":{}}"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct varlink_call c;

		assert_int_equal(parse(&c, texts[i]), 0);
		assert_true(json_is_object(c.parameters));
		assert_int_equal(json_object_size(c.parameters), 0);
		varlink_call_deinit(&c);
	}
}

static void flags_are_taken_when_they_are_true(void **state)
{
	struct varlink_call c;

	assert_int_equal(parse(&c, "{\"method\":\"a.B\",\"more\":true}"), 0);
	assert_true(c.more && !c.oneway && !c.upgrade);
	varlink_call_deinit(&c);
	assert_int_equal(parse(&c, "{\"method\":\"a.B\",\"oneway\":true,\"more\":false}"), 0);
	assert_true(!c.more && c.oneway && !c.upgrade);
	varlink_call_deinit(&c);
	assert_int_equal(parse(&c, "{\"upgrade\":true,\"method\":\"a.B\",\"more\":1}"), 0);
	assert_true(!c.more && !c.oneway && c.upgrade);
	varlink_call_deinit(&c);
}

static void what_is_not_a_call_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"null",
		"true",
		"1",
		"\"a.B\"",
		"[]",
		"{",
		"{}",
		"{\"method\":null}",
		"{\"method\":[]}",
		"{\"method\":\"\"}",
		"{\"method\":\"B\"}",
		"{\"method\":\".\"}",
		"{\"method\":\".B\"}",
		"{\"method\":\"a.\"}",
		"{\"method\":\"a/.B\"}",
		"{\"method\":\"a.B\\n\"}",
		"{\"method\":\"a.\\u00e4\"}",
		"{\"method\":\"a.B\\u0000\"}",
		"{\"method\":\"a.B\",\"parameters\":1}",
		"{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"parameters\":\"x\"}",
		"{\"method\":\"a.B\"}x",
		"{\"method\":\"a.B\",\"method\":\"a.B\"}",
		"{\"method\":\"a.B\",\"parameters\":{\"x\":1,\"x\":2}}",
		"{'method':'a.B'}",
		"{\"method\":\"a.\xff\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct varlink_call c;

		if (parse(&c, bad[i]) != -EPROTO)
			fail_msg("taken: %s", bad[i]);
		varlink_call_deinit(&c); /* harmless after a refusal */
	}
}

static void names_have_a_limit(void **state)
{
	char text[2 * VARLINK_NAME_MAX];
	struct varlink_call c;

	for (int n = VARLINK_NAME_MAX - 2; n <= VARLINK_NAME_MAX + 1; n++) {
		char name[VARLINK_NAME_MAX + 2];

		memset(name, 'a', sizeof(name));
		name[n] = '\0';
		name[n - 2] = '.';
		(void)snprintf(text, sizeof(text), "{\"method\":\"%s\"}", name);
		assert_int_equal(parse(&c, text), n < VARLINK_NAME_MAX ? 0 : -EPROTO);
		varlink_call_deinit(&c);
	}
}

static void nesting_without_end_is_refused(void **state)
{
	static const char head[] = "{\"method\":\"a.B\",\"parameters\":{\"x\":";
	size_t n = 1 << 20;
	char *text = malloc(n);
	struct varlink_call c;

	memset(text, '[', n);
	memcpy(text, head, sizeof(head) - 1);
	assert_int_equal(varlink_call_parse(&c, text, n), -EPROTO);
	free(text);
}

static void a_formatted_call_is_parsed_to_the_same(void **state)
{
	char *text = varlink_call_format("a.b.C", json_pack("{s:s}", "x", "\"\n\\"),
		/* more= */ true);
	struct varlink_call c;

	assert_int_equal(parse(&c, text), 0);
	assert_string_equal(c.interface, "a.b");
	assert_string_equal(c.method, "C");
	assert_true(c.more);
	assert_string_equal(json_string_value(json_object_get(c.parameters, "x")), "\"\n\\");
	varlink_call_deinit(&c);
	free(text);
	text = varlink_call_format("a.B", NULL, /* more= */ false);
	assert_string_equal(text, "{\"method\":\"a.B\",\"parameters\":{}}");
	free(text);
}

static void a_formatted_reply_is_parsed_to_the_same(void **state)
{
	char *text = varlink_reply_format(json_pack("{s:i}", "n", 7), NULL, /* continues= */ true);
	struct varlink_reply r;

	assert_int_equal(varlink_reply_parse(&r, text, strlen(text)), 0);
	assert_int_equal(json_integer_value(json_object_get(r.parameters, "n")), 7);
	assert_string_equal(r.error, "");
	assert_true(r.continues);
	varlink_reply_deinit(&r);
	free(text);
	text = varlink_reply_format(NULL, "a.Bad", /* continues= */ false);
	assert_int_equal(varlink_reply_parse(&r, text, strlen(text)), 0);
	assert_string_equal(r.error, "a.Bad");
	assert_int_equal(json_object_size(r.parameters), 0);
	assert_false(r.continues);
	varlink_reply_deinit(&r);
	varlink_reply_deinit(&r);
	free(text);
}

/* An error that cannot be read must not look like success. */
static void what_is_not_a_reply_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "1", "{", "{\"parameters\":1}",
		"{\"parameters\":[]}", "{\"error\":1}", "{\"error\":{}}", "{\"error\":true}",
		"{}{}"};
	char longer[4 * VARLINK_NAME_MAX];
	struct varlink_reply r;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (varlink_reply_parse(&r, bad[i], strlen(bad[i])) != -EPROTO)
			fail_msg("taken: %s", bad[i]);
		varlink_reply_deinit(&r);
	}
	(void)snprintf(longer, sizeof(longer), "{\"error\":\"%0*d\"}", 2 * VARLINK_NAME_MAX, 0);
	assert_int_equal(varlink_reply_parse(&r, longer, strlen(longer)), -EPROTO);
	varlink_reply_deinit(&r);
	(void)snprintf(longer, sizeof(longer), "{\"error\":\"%0*d\"}", 2 * VARLINK_NAME_MAX - 1, 0);
	assert_int_equal(varlink_reply_parse(&r, longer, strlen(longer)), 0);
	varlink_reply_deinit(&r);
	assert_int_equal(varlink_reply_parse(&r, "{\"error\":null}", 14), 0);
	assert_string_equal(r.error, "");
	varlink_reply_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_split_into_interface_and_method),
		cmocka_unit_test(parameters_may_be_left_out),
		cmocka_unit_test(flags_are_taken_when_they_are_true),
		cmocka_unit_test(what_is_not_a_call_is_refused),
		cmocka_unit_test(names_have_a_limit),
		cmocka_unit_test(nesting_without_end_is_refused),
		cmocka_unit_test(a_formatted_call_is_parsed_to_the_same),
		cmocka_unit_test(a_formatted_reply_is_parsed_to_the_same),
		cmocka_unit_test(what_is_not_a_reply_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
