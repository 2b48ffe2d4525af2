/* SPDX-License-Identifier: MIT */
/* Reconnect tokens: the specification's, and every way in which one is not ours. */
#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "crypt/hmac.h"
#include "server/v1_token.h"

static const uint8_t key[V1_TOKEN_KEY_LEN] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

/* payload {"sub_domain":"demo","client_id":"abc","expires":"2022-09-24T21:30:44.123456789Z"} */
static const char golden[] =
	"eyJwYXlsb2FkIjoie1wic3ViX2RvbWFpblwiOlwiZGVtb1wiLFwiY2xpZW50X2lkXCI6XCJhYmNcIixcImV4cGlyZX"
	"NcIjpcIjIwMjItMDktMjRUMjE6MzA6NDQuMTIzNDU2Nzg5WlwifSIsInNpZyI6ImFkNzhlZDA4ODQ0ZTc3ZWQwZmJl"
	"N2M1YmU0Y2U2NWI1MmYwZGRiNTgxZWE3N2Y3Y2U4N2JkMzgxYjJlNmM0NzIifQ==";
#define EXPIRES 1664055044000ULL

static void the_specification_s_token_is_read(void **state)
{
	struct v1_token t;

	assert_int_equal(strlen(golden), 244);
	assert_int_equal(v1_token_decode(&t, key, golden, EXPIRES - 1), V1_TOKEN_OK);
	assert_string_equal(t.sub_domain, "demo");
	assert_string_equal(t.client_id, "abc");
	assert_int_equal(t.expires_ms, EXPIRES);
	assert_false(t.chosen);
	assert_int_equal(v1_token_decode(&t, key, golden, EXPIRES), V1_TOKEN_EXPIRED);
}

static void what_is_made_has_the_specification_s_form(void **state)
{
	static const char form[] =
		"{\"payload\":\"{\\\"sub_domain\\\":\\\"demo\\\",\\\"client_id\\\":\\\"abc\\\","
		"\\\"expires\\\":\\\"2022-09-24T21:30:44.123Z\\\"}\",\"sig\":\"";
	struct v1_token t = {.sub_domain = "demo", .client_id = "abc", .expires_ms = EXPIRES + 123};
	char text[V1_TOKEN_MAX];
	uint8_t json[V1_TOKEN_MAX];
	ssize_t n;

	assert_true(v1_token_encode(text, key, &t));
	n = base64_decode(json, sizeof(json) - 1, text);
	assert_true(n > 0);
	json[n] = '\0';
	assert_memory_equal(json, form, sizeof(form) - 1);
	assert_int_equal(v1_token_decode(&t, key, text, EXPIRES - 1), V1_TOKEN_OK);
	t.chosen = true;
	assert_true(v1_token_encode(text, key, &t));
	memset(&t, 0, sizeof(t));
	assert_int_equal(v1_token_decode(&t, key, text, EXPIRES - 1), V1_TOKEN_OK);
	assert_true(t.chosen);
}

static void every_changed_character_is_noticed(void **state)
{
	size_t n = strlen(golden);

	for (size_t i = 0; i < n; i++) {
		char text[sizeof(golden)];
		struct v1_token t;

		memcpy(text, golden, sizeof(golden));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_int_equal(v1_token_decode(&t, key, text, 0), V1_TOKEN_BAD);
		memcpy(text, golden, i);
		text[i] = '\0';
		assert_int_equal(v1_token_decode(&t, key, text, 0), V1_TOKEN_BAD);
	}
}

static void another_key_s_is_not_ours(void **state)
{
	uint8_t other[V1_TOKEN_KEY_LEN];
	struct v1_token t;

	for (size_t i = 0; i < sizeof(other); i++) {
		memcpy(other, key, sizeof(key));
		other[i] ^= 1;
		assert_int_equal(v1_token_decode(&t, other, golden, 0), V1_TOKEN_BAD);
	}
}

/* A token around @payload, properly signed. */
static enum v1_token_result decode_signed(const char *payload)
{
	char *json, *text;
	char hex[2 * HMAC_LEN + 1] = "";
	uint8_t digest[HMAC_LEN];
	struct v1_token t;
	enum v1_token_result r;

	hmac_sha256(digest, key, sizeof(key), payload, strlen(payload));
	for (size_t i = 0; i < HMAC_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	json = mem_printf("{\"payload\":\"%s\",\"sig\":\"%s\"}", payload, hex);
	text = mem_zalloc(BASE64_SIZE(strlen(json)));
	base64_encode(text, json, strlen(json));
	r = v1_token_decode(&t, key, text, 0);
	free(json);
	free(text);
	return r;
}

static void a_signed_payload_is_still_looked_at(void **state)
{
	assert_int_equal(decode_signed(""), V1_TOKEN_BAD);
	assert_int_equal(decode_signed("{}"), V1_TOKEN_BAD);
	assert_int_equal(decode_signed("[]"), V1_TOKEN_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_specification_s_token_is_read),
		cmocka_unit_test(what_is_made_has_the_specification_s_form),
		cmocka_unit_test(every_changed_character_is_noticed),
		cmocka_unit_test(another_key_s_is_not_ours),
		cmocka_unit_test(a_signed_payload_is_still_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
