/* SPDX-License-Identifier: MIT */
/*
 * digest: SHA-256, by OpenSSL.
 *
 * The one-shot call cannot fail on a sound library; where it does (a broken provider
 * configuration), nothing that relies on it may go on, so the process ends.
 */

#include "crypt/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/parse.h"

void digest_sha256(uint8_t ret[static DIGEST_LEN], const void *bytes, size_t n)
{
	unsigned int len = 0;

	if (EVP_Digest(bytes, n, ret, &len, EVP_sha256(), NULL) != 1 || len != DIGEST_LEN) {
		log_err("OpenSSL has no SHA-256, check its configuration");
		abort();
	}
}

void digest_sha256_hex(char ret[static DIGEST_HEX_SIZE], const void *bytes, size_t n)
{
	uint8_t raw[DIGEST_LEN];

	digest_sha256(raw, bytes, n);
	parse_format_hex(ret, raw, sizeof(raw));
}
