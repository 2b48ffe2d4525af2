/* SPDX-License-Identifier: MIT */
#pragma once

/* hmac: HMAC-SHA-256, and comparing in constant time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_LEN 32

void hmac_sha256(uint8_t ret[static HMAC_LEN], const void *key, size_t key_len, const void *bytes,
	size_t n);
/* Takes the same time wherever the first difference is. */
bool hmac_equal(const void *a, const void *b, size_t n);
