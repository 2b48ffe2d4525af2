/* SPDX-License-Identifier: MIT */
/*
 * key: API keys.
 *
 *	tt_a1b2c3d4e5f6_Qm9v…(43 characters)
 *	   \___ id ___/ \_ base64url of 32 random bytes
 *
 * The id is public: logs, `key list` and revocation use it. The whole text is the
 * secret; servers keep only its SHA-256. A plain hash is enough, and no salt is needed,
 * because the secret has 256 random bits: there is no dictionary to try.
 *
 * Not here: who may claim what with a key (server/keys).
 */

#include "crypt/key.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/rand.h"
#include "crypt/digest.h"
#include "crypt/hmac.h"
#include "crypt/secret.h"

#define KEY_RANDOM_BYTES 32

static const char base64url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; /* RFC 4648 §5 */

/* Without padding: 43 characters, the last one of 4 bits. */
static void encode_random(char ret[static KEY_RANDOM_LEN],
	const uint8_t bytes[static KEY_RANDOM_BYTES])
{
	for (size_t i = 0; i < KEY_RANDOM_LEN; i++) {
		size_t bit = i * 6, byte = bit / 8;
		uint32_t pair = (uint32_t)bytes[byte] << 8;

		if (byte + 1 < KEY_RANDOM_BYTES)
			pair |= bytes[byte + 1];
		ret[i] = base64url[pair >> (10 - bit % 8) & 63];
	}
}

void key_generate(struct secret *ret, char ret_id[static KEY_ID_LEN + 1])
{
	uint8_t bytes[KEY_RANDOM_BYTES];
	char text[KEY_TEXT_LEN];
	int r;

	rand_label(ret_id, KEY_ID_LEN);
	rand_bytes(bytes, sizeof(bytes));
	memcpy(text, KEY_PREFIX, 3);
	memcpy(text + 3, ret_id, KEY_ID_LEN);
	text[3 + KEY_ID_LEN] = '_';
	encode_random(text + 3 + KEY_ID_LEN + 1, bytes);
	r = secret_set(ret, text, sizeof(text));
	assert(r == 0);
	(void)r;
	mem_wipe(bytes, sizeof(bytes));
	mem_wipe(text, sizeof(text));
}

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Looks at KEY_ID_LEN characters at most, and not past a NUL. */
static bool starts_with_id(const char *s)
{
	for (size_t i = 0; i < KEY_ID_LEN; i++)
		if (!is_id_char(s[i]))
			return false;
	return true;
}

bool key_is_id(const char *id)
{
	return starts_with_id(id) && id[KEY_ID_LEN] == '\0';
}

int key_split(const char *text, char ret_id[static KEY_ID_LEN + 1])
{
	const char *id = text + 3, *random = text + 3 + KEY_ID_LEN + 1;

	if (strncmp(text, KEY_PREFIX, 3) != 0 || !starts_with_id(id) || id[KEY_ID_LEN] != '_')
		return -EINVAL;
	if (strspn(random, base64url) != KEY_RANDOM_LEN || random[KEY_RANDOM_LEN] != '\0')
		return -EINVAL;
	memcpy(ret_id, id, KEY_ID_LEN);
	ret_id[KEY_ID_LEN] = '\0';
	return 0;
}

void key_hash(char ret[static KEY_HASH_SIZE], const char *text)
{
	memcpy(ret, KEY_HASH_PREFIX, 7);
	digest_sha256_hex(ret + 7, text, strlen(text));
}

bool key_is_hash(const char *hash)
{
	uint8_t raw[DIGEST_LEN];

	if (strncmp(hash, KEY_HASH_PREFIX, 7) != 0 || parse_hex(hash + 7, raw, sizeof(raw)) < 0)
		return false;
	return true;
}

bool key_verify(const char *text, const char *hash)
{
	uint8_t stored[DIGEST_LEN], given[DIGEST_LEN];

	if (!key_is_hash(hash) || parse_hex(hash + 7, stored, sizeof(stored)) < 0)
		return false;
	digest_sha256(given, text, strlen(text));
	return hmac_equal(stored, given, sizeof(stored));
}
