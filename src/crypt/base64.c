/* SPDX-License-Identifier: MIT */
/*
 * base64: by OpenSSL, whose decoder skips blanks and counts padding as bytes; here it does not.
 */
#include "crypt/base64.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(char *ret, const void *bytes, size_t n)
{
	(void)EVP_EncodeBlock((unsigned char *)ret, bytes, (int)n);
}

ssize_t base64_decode(uint8_t *ret, size_t cap, const char *text)
{
	size_t n = strlen(text), digits = strspn(text, alphabet), padding = n - digits;

	if (n % 4 != 0 || padding > 2 || strspn(text + digits, "=") != padding || n / 4 * 3 > cap)
		return -EINVAL;
	if (n > 0 && EVP_DecodeBlock(ret, (const unsigned char *)text, (int)n) < 0)
		return -EINVAL;
	return (ssize_t)(n / 4 * 3 - padding);
}
