/* SPDX-License-Identifier: MIT */
/*
 * hmac: HMAC-SHA-256 (RFC 2104) by OpenSSL, and the comparison that goes with it.
 *
 * Used for session secrets, lane tokens and whatever else must be recognised without
 * being stored. Failure of the library ends the process, as in digest.
 */

#include "crypt/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/log.h"

void hmac_sha256(uint8_t ret[static HMAC_LEN], const void *key, size_t key_len, const void *bytes,
	size_t n)
{
	static const uint8_t none; /* OpenSSL takes a NULL key for "the one from before" */
	size_t len = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key_len > 0 ? key : &none, key_len,
		    n > 0 ? bytes : &none, n, ret, HMAC_LEN, &len) ||
		len != HMAC_LEN) {
		log_err("OpenSSL has no HMAC-SHA-256, check its configuration");
		abort();
	}
}

bool hmac_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}
