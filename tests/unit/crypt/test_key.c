/* SPDX-License-Identifier: MIT */
/* test_key: API keys: what is made can be taken apart and recognised, nothing else can. */

#include "../cm.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "crypt/key.h"
#include "crypt/secret.h"

#define SAMPLE "tt_abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"

static void a_new_key_has_the_documented_form(void **state)
{
	struct secret key = {0};
	char id[KEY_ID_LEN + 1], split[KEY_ID_LEN + 1];

	for (int i = 0; i < 200; i++) {
		key_generate(&key, id);
		assert_int_equal(key.len, KEY_TEXT_LEN);
		assert_int_equal(strlen(secret_text(&key)), KEY_TEXT_LEN);
		assert_int_equal(key_split(secret_text(&key), split), 0);
		assert_string_equal(split, id);
		assert_true(key_is_id(id));
	}
	secret_deinit(&key);
}

static void no_two_keys_are_alike(void **state)
{
	struct secret a = {0}, b = {0};
	char ida[KEY_ID_LEN + 1], idb[KEY_ID_LEN + 1];

	key_generate(&a, ida);
	key_generate(&b, idb);
	assert_string_not_equal(ida, idb);
	assert_string_not_equal(secret_text(&a) + 16, secret_text(&b) + 16);
	secret_deinit(&a);
	secret_deinit(&b);
}

static void every_letter_of_the_alphabet_is_drawn(void **state)
{
	bool seen[128] = {false};
	struct secret key = {0};
	char id[KEY_ID_LEN + 1];
	size_t n = 0;

	for (int i = 0; i < 300; i++) {
		key_generate(&key, id);
		/* the last of the 43 carries four bits only */
		for (size_t k = 16; k < KEY_TEXT_LEN - 1; k++)
			seen[(unsigned char)key.data[k] & 127] = true;
	}
	for (size_t c = 0; c < 128; c++)
		n += seen[c];
	assert_int_equal(n, 64);
	secret_deinit(&key);
}

static void anything_else_is_not_a_key(void **state)
{
	static const char *const texts[] = {
		"",
		"tt_",
		"tt_abcdefghij12",
		"tt_abcdefghij12_",
		"TT_abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq",
		"tt_Abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq",
		"tt_abcdefghij1_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr",
		"tt_abcdefghij12-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq",
		"tt_abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop",
		"tt_abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr",
		"tt_abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop=",
		"tt_abcdefghij12_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop\n",
	};
	char id[KEY_ID_LEN + 1] = "untouched";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		print_message("  '%s'\n", texts[i]);
		assert_int_equal(key_split(texts[i], id), -EINVAL);
		assert_string_equal(id, "untouched");
	}
	assert_int_equal(key_split(SAMPLE, id), 0);
	assert_string_equal(id, "abcdefghij12");
}

static void ids_are_twelve_letters_and_digits(void **state)
{
	assert_true(key_is_id("abcdefghij12"));
	assert_false(key_is_id("abcdefghij1"));
	assert_false(key_is_id("abcdefghij123"));
	assert_false(key_is_id("abcdefghij1_"));
	assert_false(key_is_id("ABCDEFGHIJ12"));
	assert_false(key_is_id(""));
}

static void only_the_whole_key_matches_its_hash(void **state)
{
	char hash[KEY_HASH_SIZE], wrong[] = SAMPLE;

	key_hash(hash, SAMPLE);
	assert_int_equal(strlen(hash), KEY_HASH_SIZE - 1);
	assert_true(str_has_prefix(hash, "sha256:"));
	assert_true(key_is_hash(hash));
	assert_true(key_verify(SAMPLE, hash));
	wrong[KEY_TEXT_LEN - 1] = 'r';
	assert_false(key_verify(wrong, hash));
	assert_false(key_verify("", hash));
	hash[7] = hash[7] == '0' ? '1' : '0';
	assert_false(key_verify(SAMPLE, hash));
}

static void a_stored_hash_that_is_none_matches_nothing(void **state)
{
	assert_false(key_verify(SAMPLE, ""));
	assert_false(key_verify(SAMPLE, SAMPLE));
	assert_false(key_verify(SAMPLE, "sha256:"));
	assert_false(key_verify(SAMPLE, "sha256:zz"));
	assert_false(key_is_hash("md5:00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_key_has_the_documented_form),
		cmocka_unit_test(no_two_keys_are_alike),
		cmocka_unit_test(every_letter_of_the_alphabet_is_drawn),
		cmocka_unit_test(anything_else_is_not_a_key),
		cmocka_unit_test(ids_are_twelve_letters_and_digits),
		cmocka_unit_test(only_the_whole_key_matches_its_hash),
		cmocka_unit_test(a_stored_hash_that_is_none_matches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
