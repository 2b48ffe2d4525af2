/* SPDX-License-Identifier: MIT */
#pragma once

/* hmac: keyed digests (RFC 2104), at once or piece by piece, and comparing in constant time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define HMAC_LEN     32 /* of SHA-256 */
#define HMAC_LEN_MAX 64

enum hmac_digest { HMAC_SHA1, HMAC_SHA256, HMAC_SHA512 };

struct hmac; /* one that is under way; holds the key until it is freed */

void hmac_sha256(uint8_t ret[static HMAC_LEN], const void *key, size_t key_len, const void *bytes,
	size_t n);
struct hmac *hmac_new(enum hmac_digest digest, const void *key, size_t key_len) MUST_USE;
void hmac_add(struct hmac *h, const void *bytes, size_t n);
/* The digest of all that was added: how many bytes it has. Nothing may be added after that. */
size_t hmac_finish(struct hmac *h, uint8_t ret[static HMAC_LEN_MAX]);
/* NULL is allowed. */
void hmac_free(struct hmac *h);
size_t hmac_len(enum hmac_digest digest);
/* Takes the same time wherever the first difference is. */
bool hmac_equal(const void *a, const void *b, size_t n);
