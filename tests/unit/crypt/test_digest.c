/* SPDX-License-Identifier: MIT */
/* test_digest: SHA-256 and HMAC against the published vectors. */

#include "../cm.h"

#include <string.h>

#include "base/parse.h"
#include "crypt/digest.h"
#include "crypt/hmac.h"

static void sha256_gives_the_values_of_fips_180(void **state)
{
	char hex[DIGEST_HEX_SIZE];

	digest_sha256_hex(hex, "", 0);
	assert_string_equal(hex,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_sha256_hex(hex, "abc", 3);
	assert_string_equal(hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void assert_hmac(const void *key, size_t key_len, const char *text, const char *expected)
{
	uint8_t mac[HMAC_LEN];
	char hex[2 * HMAC_LEN + 1];

	hmac_sha256(mac, key, key_len, text, strlen(text));
	parse_format_hex(hex, mac, sizeof(mac));
	assert_string_equal(hex, expected);
}

static void hmac_gives_the_values_of_rfc_4231(void **state)
{
	char long_key[131];

	assert_hmac("Jefe", 4, "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(long_key, 0xaa, sizeof(long_key));
	assert_hmac(long_key, sizeof(long_key),
		"Test Using Larger Than Block-Size Key - Hash Key First",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void an_empty_key_and_text_are_allowed(void **state)
{
	assert_hmac("", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	assert_hmac(NULL, 0, "",
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* The second case of RFC 2202 (SHA-1) and of RFC 4231. */
static void pieces_give_what_the_whole_gives(void **state)
{
	static const struct {
		enum hmac_digest digest;
		const char *hex;
	} rows[] = {
		{HMAC_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{HMAC_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{HMAC_SHA512, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
			      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
	};
	uint8_t mac[HMAC_LEN_MAX];
	char hex[2 * HMAC_LEN_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hmac *h = hmac_new(rows[i].digest, "Jefe", 4);

		hmac_add(h, "what do ya ", 11);
		hmac_add(h, NULL, 0);
		hmac_add(h, "want for nothing?", 17);
		assert_int_equal(hmac_finish(h, mac), hmac_len(rows[i].digest));
		hmac_free(h);
		parse_format_hex(hex, mac, hmac_len(rows[i].digest));
		assert_string_equal(hex, rows[i].hex);
	}
	hmac_free(NULL);
}

static void equality_looks_at_every_byte(void **state)
{
	assert_true(hmac_equal("abcd", "abcd", 4));
	assert_false(hmac_equal("abcd", "abce", 4));
	assert_false(hmac_equal("abcd", "xbcd", 4));
	assert_true(hmac_equal(NULL, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_values_of_fips_180),
		cmocka_unit_test(hmac_gives_the_values_of_rfc_4231),
		cmocka_unit_test(an_empty_key_and_text_are_allowed),
		cmocka_unit_test(pieces_give_what_the_whole_gives),
		cmocka_unit_test(equality_looks_at_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
