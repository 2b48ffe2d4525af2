/* SPDX-License-Identifier: MIT */
/*
 * base64: bytes to text and back. OpenSSL has it too, but tunnelctl does without OpenSSL, and
 * libjansson, which everybody has, does without base64. Reading is strict: no blanks, padding
 * where it belongs; bits that the last digit leaves over are not looked at.
 */
#include "base/base64.h"

#include <errno.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(char *ret, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (; n >= 3; n -= 3, p += 3) {
		*ret++ = alphabet[p[0] >> 2];
		*ret++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		*ret++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		*ret++ = alphabet[p[2] & 63];
	}
	if (n > 0) {
		uint8_t second = n == 2 ? p[1] : 0;

		*ret++ = alphabet[p[0] >> 2];
		*ret++ = alphabet[(p[0] & 3) << 4 | second >> 4];
		*ret++ = n == 2 ? alphabet[(second & 15) << 2] : '=';
		*ret++ = '=';
	}
	*ret = '\0';
}

/* 0…63, or -1: no digit. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

ssize_t base64_decode(uint8_t *ret, size_t cap, const char *text)
{
	size_t n = strlen(text), padding = 0, at = 0;
	uint32_t bits = 0;

	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	if (n % 4 != 0 || n / 4 * 3 - padding > cap)
		return -EINVAL;
	for (size_t i = 0; i < n - padding; i++) {
		int v = value_of(text[i]);

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 != 0)
			ret[at++] = (uint8_t)(bits >> (6 - i % 4 * 2));
	}
	return (ssize_t)at;
}
