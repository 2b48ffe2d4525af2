/* SPDX-License-Identifier: MIT */
/* test_decode: content codings undone, alone and on top of each other; bombs, cuts, garbage. */

#include "../cm.h"

#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <zlib.h>

#include "inspect/decode.h"

#define SAID "what was said, was said, was said again and again and again\n"

/* @window: deflateInit2's. The result is malloc'ed. */
static uint8_t *pack(const void *bytes, size_t n, int window, size_t *ret_n)
{
	size_t cap = n + n / 1000 + 128;
	uint8_t *out = malloc(cap);
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)bytes;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*ret_n = cap - z.avail_out;
	(void)deflateEnd(&z);
	return out;
}

static uint8_t *pack_brotli(const void *bytes, size_t n, size_t *ret_n)
{
	uint8_t *out;

	*ret_n = BrotliEncoderMaxCompressedSize(n) + 64;
	out = malloc(*ret_n);
	assert_true(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, n, bytes,
		ret_n, out));
	return out;
}

static void expect(const char *codings, const uint8_t *bytes, size_t n, enum decode_result result,
	const char *text)
{
	struct buf out;

	assert_int_equal(decode_body(&out, codings, bytes, n, DECODE_MAX), result);
	assert_int_equal(buf_len(&out), strlen(text));
	if (buf_len(&out) > 0)
		assert_memory_equal(buf_data(&out), text, strlen(text));
	buf_deinit(&out);
}

static void each_coding_is_undone(void **state)
{
	static const struct {
		const char *coding;
		int window;
	} rows[] = {{"gzip", 31}, {"x-gzip", 31}, {"GZip", 31}, {"deflate", 15}, {"deflate", -15},
		{" gzip , identity", 31}};
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t *packed = pack(SAID, strlen(SAID), rows[i].window, &n);

		assert_true(decode_knows(rows[i].coding));
		expect(rows[i].coding, packed, n, DECODE_WHOLE, SAID);
		free(packed);
	}
	uint8_t *packed = pack_brotli(SAID, strlen(SAID), &n);

	expect("br", packed, n, DECODE_WHOLE, SAID);
	free(packed);
}

static void codings_come_off_in_reverse(void **state)
{
	size_t n, m;
	uint8_t *inner = pack(SAID, strlen(SAID), 15, &n);
	uint8_t *outer = pack_brotli(inner, n, &m);

	expect("deflate, br", outer, m, DECODE_WHOLE, SAID);
	expect("br, deflate", outer, m, DECODE_BROKEN, "");
	free(inner);
	free(outer);
}

static void without_a_coding_bytes_are_bytes(void **state)
{
	expect(NULL, (const uint8_t *)SAID, strlen(SAID), DECODE_WHOLE, SAID);
	expect("", (const uint8_t *)SAID, strlen(SAID), DECODE_WHOLE, SAID);
	expect("identity", (const uint8_t *)SAID, strlen(SAID), DECODE_WHOLE, SAID);
	expect("gzip", NULL, 0, DECODE_WHOLE, ""); /* an answer to HEAD has a coding and no body */
}

static void what_is_not_known_is_said_so(void **state)
{
	assert_false(decode_knows("zstd"));
	assert_false(decode_knows("gzip, zstd"));
	assert_false(decode_knows("gzip,gzip,gzip,gzip,gzip"));
	assert_true(decode_knows("gzip,gzip,gzip,gzip"));
	expect("zstd", (const uint8_t *)SAID, strlen(SAID), DECODE_UNKNOWN, "");
	expect("gzip,gzip,gzip,gzip,gzip", (const uint8_t *)SAID, strlen(SAID), DECODE_UNKNOWN, "");
}

static void gzip_may_have_several_members(void **state)
{
	size_t a, b;
	uint8_t *first = pack("one ", 4, 31, &a), *second = pack("two", 3, 31, &b);
	uint8_t *both = malloc(a + b + 5);

	memcpy(both, first, a);
	memcpy(both + a, second, b);
	memcpy(both + a + b, "trash", 5);
	expect("gzip", both, a + b, DECODE_WHOLE, "one two");
	expect("gzip", both, a + b + 5, DECODE_WHOLE, "one two");
	free(first);
	free(second);
	free(both);
}

/* The kept part of a body may be its beginning: each cut gives a beginning, and none more. */
static void a_cut_gives_what_can_be_had(void **state)
{
	char text[4000];
	size_t n[3];
	uint8_t *packed[3];
	static const char *const codings[] = {"gzip", "deflate", "br"};

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + (i * i / 7 + i) % 26);
	packed[0] = pack(text, sizeof(text), 31, &n[0]);
	packed[1] = pack(text, sizeof(text), 15, &n[1]);
	packed[2] = pack_brotli(text, sizeof(text), &n[2]);
	for (size_t i = 0; i < 3; i++) {
		for (size_t cut = 1; cut < n[i]; cut += 1 + n[i] / 50) {
			struct buf out;

			assert_int_equal(decode_body(&out, codings[i], packed[i], cut, DECODE_MAX),
				DECODE_CUT);
			assert_true(buf_len(&out) <= sizeof(text));
			if (buf_len(&out) > 0)
				assert_memory_equal(buf_data(&out), text, buf_len(&out));
			buf_deinit(&out);
		}
		free(packed[i]);
	}
}

static void garbage_is_broken_and_keeps_what_came_before(void **state)
{
	size_t n;
	uint8_t *packed = pack(SAID, strlen(SAID), 31, &n);
	struct buf out;

	expect("gzip", (const uint8_t *)"this is no gzip", 15, DECODE_BROKEN, "");
	expect("br", (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff", 7, DECODE_BROKEN, "");
	packed[n - 6] ^= 0x55; /* the checksum */
	assert_int_equal(decode_body(&out, "gzip", packed, n, DECODE_MAX), DECODE_BROKEN);
	assert_int_equal(buf_len(&out), strlen(SAID));
	buf_deinit(&out);
	free(packed);
}

/* Gigabytes in a few KiB, once and packed again: what comes out is bounded, the work too. */
static void bombs_are_bounded(void **state)
{
	static const char *const codings[] = {"gzip", "br", "gzip, gzip", "br, br"};
	size_t big = 64 * 1024 * 1024, n[4];
	uint8_t *zeroes = calloc(1, big), *packed[4];

	packed[0] = pack(zeroes, big, 31, &n[0]);
	packed[1] = pack_brotli(zeroes, big, &n[1]);
	packed[2] = pack(packed[0], n[0], 31, &n[2]);
	packed[3] = pack_brotli(packed[1], n[1], &n[3]);
	for (size_t i = 0; i < 4; i++) {
		struct buf out;

		assert_true(n[i] < 100000);
		assert_int_equal(decode_body(&out, codings[i], packed[i], n[i], big), DECODE_LARGE);
		assert_int_equal(buf_len(&out), DECODE_MAX);
		buf_deinit(&out);
		assert_int_equal(decode_body(&out, codings[i], packed[i], n[i], 1000),
			DECODE_LARGE);
		assert_int_equal(buf_len(&out), 1000);
		buf_deinit(&out);
		free(packed[i]);
	}
	free(zeroes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_coding_is_undone),
		cmocka_unit_test(codings_come_off_in_reverse),
		cmocka_unit_test(without_a_coding_bytes_are_bytes),
		cmocka_unit_test(what_is_not_known_is_said_so),
		cmocka_unit_test(gzip_may_have_several_members),
		cmocka_unit_test(a_cut_gives_what_can_be_had),
		cmocka_unit_test(garbage_is_broken_and_keeps_what_came_before),
		cmocka_unit_test(bombs_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
