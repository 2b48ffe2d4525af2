/* SPDX-License-Identifier: MIT */
#pragma once

/* digest: SHA-256 of bytes. */

#include <stddef.h>
#include <stdint.h>

#define DIGEST_LEN      32
#define DIGEST_HEX_SIZE (2 * DIGEST_LEN + 1)

void digest_sha256(uint8_t ret[static DIGEST_LEN], const void *bytes, size_t n);
/* In lower-case hex, with a NUL. */
void digest_sha256_hex(char ret[static DIGEST_HEX_SIZE], const void *bytes, size_t n);
