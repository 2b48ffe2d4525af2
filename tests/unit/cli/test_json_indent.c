/* SPDX-License-Identifier: MIT */
/* test_json_indent: only blanks change, and only in what is JSON. */

#include "../cm.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "cli/json_indent.h"

static void expect(const char *text, size_t max, const char *wanted)
{
	struct str out = STR_INIT(max);

	assert_int_equal(json_indent(&out, text, strlen(text)), wanted != NULL);
	assert_string_equal(str_get(&out), wanted ? wanted : "");
	str_deinit(&out);
}

static void only_blanks_change(void **state)
{
	expect("{\"a\":1.10,\"b\":[1,2]}", 1000,
		"{\n  \"a\": 1.10,\n  \"b\": [\n    1,\n    2\n  ]\n}");
	expect(" [ ] ", 1000, "[]");
	expect("{\"a\":{ },\"b\" : [\n]}", 1000, "{\n  \"a\": {},\n  \"b\": []\n}");
	expect("123456789012345678901234567890", 1000, "123456789012345678901234567890");
	expect("\"a \\\" {[,:]} \\\\\"", 1000, "\"a \\\" {[,:]} \\\\\"");
	expect("[true,null,\"\\u0000\",-0.0]", 1000,
		"[\n  true,\n  null,\n  \"\\u0000\",\n  -0.0\n]");
}

static void what_is_no_json_is_left_alone(void **state)
{
	static const char *const bad[] = {"", "{", "[1,]", "{\"a\":1", "]", "{]", "nothing",
		"{\"a\":1}}", "\"\xff\"", "[1] [2]"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect(bad[i], 1000, NULL);
}

/* Deep nesting would need the square of its length. */
static void what_would_get_too_long_is_left_alone(void **state)
{
	size_t n = 2000;
	char *text = malloc(2 * n + 1);
	struct str out = STR_INIT(64 * 1024);

	memset(text, '[', n);
	memset(text + n, ']', n);
	text[2 * n] = '\0';
	assert_false(json_indent(&out, text, 2 * n));
	assert_int_equal(out.len, 0);
	str_deinit(&out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_blanks_change),
		cmocka_unit_test(what_is_no_json_is_left_alone),
		cmocka_unit_test(what_would_get_too_long_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
