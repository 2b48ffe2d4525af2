/* SPDX-License-Identifier: MIT */
/*
 * hmac: HMAC (RFC 2104) by OpenSSL, and the comparison that goes with it.
 *
 * Used for session secrets, lane tokens and whatever else must be recognised without
 * being stored, and for webhooks, whose senders choose the digest and whose bodies come in
 * pieces. Failure of the library ends the process, as in digest.
 */

#include "crypt/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

struct hmac {
	EVP_MAC_CTX *ctx;
};

static void give_up(void)
{
	log_err("OpenSSL has no such HMAC, check its configuration");
	abort();
}

void hmac_sha256(uint8_t ret[static HMAC_LEN], const void *key, size_t key_len, const void *bytes,
	size_t n)
{
	static const uint8_t none; /* OpenSSL takes a NULL key for "the one from before" */
	size_t len = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key_len > 0 ? key : &none, key_len,
		    n > 0 ? bytes : &none, n, ret, HMAC_LEN, &len) ||
		len != HMAC_LEN)
		give_up();
}

size_t hmac_len(enum hmac_digest digest)
{
	static const size_t lengths[] = {[HMAC_SHA1] = 20, [HMAC_SHA256] = 32, [HMAC_SHA512] = 64};

	return lengths[digest];
}

struct hmac *hmac_new(enum hmac_digest digest, const void *key, size_t key_len)
{
	/* OpenSSL copies the name, and takes it unqualified */
	static char names[][8] = {
		[HMAC_SHA1] = "SHA1", [HMAC_SHA256] = "SHA256", [HMAC_SHA512] = "SHA512"};
	static const uint8_t none;
	struct hmac *h = mem_new(struct hmac);
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, names[digest], 0),
		OSSL_PARAM_construct_end()};

	h->ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac);
	if (!h->ctx || !EVP_MAC_init(h->ctx, key_len > 0 ? key : &none, key_len, params))
		give_up();
	return h;
}

void hmac_add(struct hmac *h, const void *bytes, size_t n)
{
	if (n > 0 && !EVP_MAC_update(h->ctx, bytes, n))
		give_up();
}

size_t hmac_finish(struct hmac *h, uint8_t ret[static HMAC_LEN_MAX])
{
	size_t n = 0;

	if (!EVP_MAC_final(h->ctx, ret, &n, HMAC_LEN_MAX))
		give_up();
	return n;
}

void hmac_free(struct hmac *h)
{
	if (!h)
		return;
	EVP_MAC_CTX_free(h->ctx);
	free(h);
}

bool hmac_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}
