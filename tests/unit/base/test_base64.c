/* SPDX-License-Identifier: MIT */
/* test_base64: RFC 4648 §10, and what is none. */

#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/macros.h"

static void base64_is_rfc_4648_s(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	static const char *const bad[] = {"Z", "Zg",
		"Zg=", "Zg==Zg==", "====", "Z===", " Zg==", "Zg== ", "Zm9v\n", "Zm-v", "Zm9vYg==="};
	char text[BASE64_SIZE(6)];
	uint8_t bytes[16];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = strlen(rows[i][0]);

		base64_encode(text, rows[i][0], n);
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(base64_decode(bytes, sizeof(bytes), text), n);
		assert_memory_equal(bytes, rows[i][0], n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(base64_decode(bytes, sizeof(bytes), bad[i]) < 0);
	assert_true(base64_decode(bytes, 5, "Zm9vYmFy") < 0);
}

static void every_byte_survives(void **state)
{
	uint8_t bytes[256], back[256];
	char text[BASE64_SIZE(sizeof(bytes))];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		base64_encode(text, bytes, n);
		assert_int_equal(strlen(text), BASE64_SIZE(n) - 1);
		assert_int_equal(base64_decode(back, n, text), n);
		assert_memory_equal(back, bytes, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_rfc_4648_s),
		cmocka_unit_test(every_byte_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
