/* SPDX-License-Identifier: MIT */
#pragma once

/* base64: RFC 4648 §4, with padding. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

/* With the NUL. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* @ret has BASE64_SIZE(n) bytes. */
void base64_encode(char *ret, const void *bytes, size_t n);
/* Bytes written, or -EINVAL: not base64, or more than @cap bytes. */
ssize_t base64_decode(uint8_t *ret, size_t cap, const char *text) MUST_USE;
