/* SPDX-License-Identifier: MIT */
/* Chunked bodies, whole, byte by byte and in two parts at every place: always the same verdict. */
#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "proto/http_chunk.h"
#include "proto/http_head.h"

/* Bytes, NULs included. */
#define B(text) text, sizeof(text) - 1

#define BAD     (-(long)HTTP_FAULT_CHUNK)
#define TRAILER (-(long)HTTP_FAULT_TRAILER)

struct row {
	const char *bytes;
	size_t n;
	long end; /* where the body ends; 0: it goes on; or a fault */
};

static const struct row rows[] = {
	/* sound and whole */
	{B("0\r\n\r\n"), 5},
	{B("9\r\n012345678\r\n0\r\n\r\n"), 19},
	{B("000\r\n\r\n"), 7},
	{B("5\r\nhello\r\n0\r\n\r\n"), 15},
	{B("5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), 15},
	{B("5\r\nhello\r\n0\r\n\r\n\r\n"), 15},
	{B("a\r\n0123456789\r\n0\r\n\r\n"), 20},
	{B("A\r\n0123456789\r\n0\r\n\r\n"), 20},
	{B("00000000000000a\r\n0123456789\r\n0\r\n\r\n"), 34},
	{B("3\r\n\r\n0\r\n0\r\n\r\n"), 13}, /* data that looks like an end */
	{B("1\r\n\0\r\n1\r\n\n\r\n0\r\n\r\n"), 17},
	{B("1;x\r\na\r\n0\r\n\r\n"), 13},
	{B("1;x=y;z=\"q r\"\r\na\r\n0;last\r\n\r\n"), 28},
	{B("1; x\t= \x80\r\na\r\n0\r\n\r\n"), 18},
	{B("0\r\nX-Sum: 1\r\n\r\n"), 15},
	{B("0\r\nX-Sum: 1\r\nEmpty:\r\nA: \tb\xff\r\n\r\n"), 31},
	{B("0\r\nserver-timing-and-other-long-names: 1\r\n\r\n"), 44},
	/* not finished */
	{B(""), 0},
	{B("5"), 0},
	{B("5\r"), 0},
	{B("5\r\nhell"), 0},
	{B("5\r\nhello"), 0},
	{B("5\r\nhello\r"), 0},
	{B("5\r\nhello\r\n"), 0},
	{B("fffffffffffffff\r\nx"), 0},
	{B("0\r\n"), 0},
	{B("0\r\n\r"), 0},
	{B("0\r\nX: y\r\n"), 0},
	{B("5;ext"), 0},
	/* sizes */
	{B("\r\n"), BAD},
	{B(";x\r\n"), BAD},
	{B("g\r\n"), BAD},
	{B("-1\r\n"), BAD},
	{B("+1\r\n"), BAD},
	{B("0x5\r\nhello\r\n"), BAD},
	{B("5x\r\nhello\r\n"), BAD},
	{B(" 5\r\nhello\r\n"), BAD},
	{B("5 \r\nhello\r\n"), BAD},
	{B("5\t;x\r\nhello\r\n"), BAD},
	{B("5,5\r\nhello\r\n"), BAD},
	{B("5_0\r\n"), BAD},
	{B("5\0\r\nhello\r\n"), BAD},
	{B("1000000000000000\r\n"), BAD}, /* sixteen digits */
	{B("0000000000000005\r\nhello"), BAD},
	{B("10000000000000005\r\nhello"), BAD}, /* 5, to whom 64 bits wrap */
	{B("\xef\xbc\x95\r\nhello\r\n"), BAD},  /* a full-width 5 */
	/* line ends */
	{B("5\nhello\r\n0\r\n\r\n"), BAD},
	{B("5\rhello\r\n0\r\n\r\n"), BAD},
	{B("5\r\r\nhello\r\n"), BAD},
	{B("5\r\nhello\n0\r\n\r\n"), BAD},
	{B("5\r\nhello\r0\r\n\r\n"), BAD},
	{B("5\r\nhello\r\r\n"), BAD},
	{B("5\r\nhello0\r\n\r\n"), BAD},
	{B("5\r\nhello!\r\n0\r\n\r\n"), BAD}, /* longer than it said */
	{B("5\r\nhell\r\n0\r\n\r\n"), BAD},   /* shorter than it said */
	{B("0\n\r\n"), BAD},
	{B("0\r\n\n"), TRAILER},
	{B("0\r\n\rX"), TRAILER},
	{B("1;x\na\r\n0\r\n\r\n"), BAD}, /* an extension that ends for some */
	{B("1;x\ry\r\na\r\n"), BAD},
	{B("1;x\0\r\na\r\n"), BAD},
	{B("1;\x7f\r\na\r\n"), BAD},
	{B("0;\nGET / HTTP/1.1\r\n"), BAD},
	/* trailers */
	{B("0\r\nX : y\r\n\r\n"), TRAILER},
	{B("0\r\n X: y\r\n\r\n"), TRAILER},
	{B("0\r\nX: y\r\n z\r\n\r\n"), TRAILER},
	{B("0\r\n: y\r\n\r\n"), TRAILER},
	{B("0\r\nno colon\r\n\r\n"), TRAILER},
	{B("0\r\nX\r\n\r\n"), TRAILER},
	{B("0\r\nX: y\nZ: y\r\n\r\n"), TRAILER},
	{B("0\r\nX: y\rZ: y\r\n\r\n"), TRAILER},
	{B("0\r\nX: \0\r\n\r\n"), TRAILER},
	{B("0\r\nGET / HTTP/1.1\r\n\r\n"), TRAILER},
	{B("0\r\nContent-Length: 5\r\n\r\n"), TRAILER},
	{B("0\r\nTransfer-Encoding: chunked\r\n\r\n"), TRAILER},
	{B("0\r\nTRANSFER_ENCODING: chunked\r\n\r\n"), TRAILER},
	{B("0\r\nX: y\r\nHost: b\r\n\r\n"), TRAILER},
	{B("0\r\nAuthorization: x\r\n\r\n"), TRAILER},
	{B("0\r\nAUTHORIZATION: x\r\n\r\n"), TRAILER},
	{B("0\r\nConnection: close\r\n\r\n"), TRAILER},
	{B("0\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"), TRAILER},
};

/* Feed pieces of at most @piece bytes, the first one of @first. */
static long feed(const struct row *r, size_t first, size_t piece)
{
	struct http_chunk c;
	size_t at = 0;

	http_chunk_init(&c);
	for (size_t step = first; at < r->n && !http_chunk_is_done(&c); step = piece) {
		size_t n = step < r->n - at ? step : r->n - at;
		long taken = http_chunk_take(&c, (const uint8_t *)r->bytes + at, n);

		if (taken < 0)
			return taken;
		assert_true(http_chunk_is_done(&c) || (size_t)taken == n);
		at += (size_t)taken;
	}
	return at < r->n || r->end > 0 ? (long)at : 0;
}

static void a_body_ends_where_it_says_however_it_arrives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		long got = feed(r, r->n, r->n);

		if (got != r->end)
			fail_msg("row %zu: %ld instead of %ld:\n%s", i, got, r->end, r->bytes);
		assert_int_equal(feed(r, 1, 1), r->end);
		for (size_t at = 1; at < r->n; at++)
			assert_int_equal(feed(r, at, r->n), r->end);
	}
}

static void a_body_that_goes_on_is_not_done(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_chunk c;
		long taken;

		http_chunk_init(&c);
		taken = http_chunk_take(&c, (const uint8_t *)rows[i].bytes, rows[i].n);
		assert_int_equal(http_chunk_is_done(&c), rows[i].end > 0);
		assert_true(taken == rows[i].end || (size_t)taken == rows[i].n);
	}
}

static void what_was_bad_once_stays_bad(void **state)
{
	struct http_chunk c;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"x", 1), BAD);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n\r\n", 5), BAD);
	assert_false(http_chunk_is_done(&c));
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n:", 4), TRAILER);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"\r\n", 2), TRAILER);
}

static void a_body_that_is_done_takes_nothing_more(void **state)
{
	struct http_chunk c;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n\r\nx", 6), 5);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n\r\n", 5), 0);
	assert_true(http_chunk_is_done(&c));
}

static void a_chunk_of_exabytes_is_counted_without_overflow(void **state)
{
	static const uint8_t data[4096];
	struct http_chunk c;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"fffffffffffffff\r\n", 17), 17);
	assert_int_equal(http_chunk_take(&c, data, sizeof(data)), (long)sizeof(data));
	assert_int_equal(c.left, 0xfffffffffffffffULL - sizeof(data));
}

static long take_repeated(struct http_chunk *c, char byte, size_t times)
{
	long taken = 0;

	for (size_t i = 0; i < times && taken >= 0; i++)
		taken = http_chunk_take(c, (const uint8_t *)&byte, 1);
	return taken;
}

static void extensions_have_a_limit(void **state)
{
	struct http_chunk c;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"1;", 2), 2);
	assert_int_equal(take_repeated(&c, 'x', HTTP_CHUNK_LINE_MAX), 1);
	assert_int_equal(take_repeated(&c, 'x', 1), BAD);
	/* which begins anew with each chunk */
	http_chunk_init(&c);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(http_chunk_take(&c, (const uint8_t *)"1;", 2), 2);
		assert_int_equal(take_repeated(&c, 'x', HTTP_CHUNK_LINE_MAX), 1);
		assert_int_equal(http_chunk_take(&c, (const uint8_t *)"\r\na\r\n", 5), 5);
	}
}

static void trailers_have_a_limit_all_together(void **state)
{
	struct http_chunk c;
	long taken = 0;
	size_t lines = 0;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n", 3), 3);
	while (taken >= 0 && lines < HTTP_CHUNK_TRAILER_MAX) {
		taken = http_chunk_take(&c, (const uint8_t *)"Name: value\r\n", 13);
		lines++;
	}
	assert_int_equal(taken, TRAILER);
	assert_int_equal(lines, HTTP_CHUNK_TRAILER_MAX / 12 + 1);
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n", 3), 3);
	assert_int_equal(take_repeated(&c, 'x', HTTP_CHUNK_TRAILER_MAX), 1);
	assert_int_equal(take_repeated(&c, 'x', 1), TRAILER);
}

static void it_is_known_whether_there_were_trailers(void **state)
{
	struct http_chunk c;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\n\r\n", 5), 5);
	assert_false(c.has_trailers);
	http_chunk_init(&c);
	assert_int_equal(http_chunk_take(&c, (const uint8_t *)"0\r\nX: y\r\n\r\n", 11), 11);
	assert_true(c.has_trailers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_ends_where_it_says_however_it_arrives),
		cmocka_unit_test(a_body_that_goes_on_is_not_done),
		cmocka_unit_test(what_was_bad_once_stays_bad),
		cmocka_unit_test(a_body_that_is_done_takes_nothing_more),
		cmocka_unit_test(a_chunk_of_exabytes_is_counted_without_overflow),
		cmocka_unit_test(extensions_have_a_limit),
		cmocka_unit_test(trailers_have_a_limit_all_together),
		cmocka_unit_test(it_is_known_whether_there_were_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
