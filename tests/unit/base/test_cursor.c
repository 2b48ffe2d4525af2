/* SPDX-License-Identifier: MIT */
/* test_cursor: big-endian fields, and a failure that sticks. */

#include "../cm.h"

#include <string.h>

#include "base/cursor.h"

static void fields_are_big_endian(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct cursor c;

	cursor_read_init(&c, bytes, sizeof(bytes));
	assert_int_equal(cursor_u8(&c), 0x01);
	assert_int_equal(cursor_u16(&c), 0x0203);
	assert_int_equal(cursor_u32(&c), 0x04050607);
	assert_true(cursor_u64(&c) == 0x08090a0b0c0d0e0f);
	assert_true(cursor_is_done(&c));
}

static void what_is_written_is_what_is_read(void **state)
{
	uint8_t bytes[20];
	struct cursor w, r;

	cursor_write_init(&w, bytes, sizeof(bytes));
	cursor_put_u8(&w, 0xfe);
	cursor_put_u16(&w, 0xfedc);
	cursor_put_u32(&w, 0xfedcba98);
	cursor_put_u64(&w, 0xfedcba9876543210);
	cursor_put(&w, "hello", 5);
	assert_true(cursor_is_done(&w));
	cursor_read_init(&r, bytes, sizeof(bytes));
	assert_int_equal(cursor_u8(&r), 0xfe);
	assert_int_equal(cursor_u16(&r), 0xfedc);
	assert_true(cursor_u32(&r) == 0xfedcba98);
	assert_true(cursor_u64(&r) == 0xfedcba9876543210);
	assert_memory_equal(cursor_bytes(&r, 5), "hello", 5);
	assert_true(cursor_is_done(&r));
}

static void the_first_read_past_the_end_spoils_all_later_ones(void **state)
{
	const uint8_t bytes[] = {1, 2, 3};
	struct cursor c;

	cursor_read_init(&c, bytes, sizeof(bytes));
	assert_int_equal(cursor_u16(&c), 0x0102);
	assert_int_equal(cursor_u16(&c), 0);
	assert_true(c.failed);
	assert_int_equal(cursor_u8(&c), 0); /* would have fitted */
	assert_null(cursor_bytes(&c, 1));
	assert_false(cursor_is_done(&c));
}

static void a_write_past_the_end_writes_nothing(void **state)
{
	uint8_t bytes[3] = {9, 9, 9};
	struct cursor c;

	cursor_write_init(&c, bytes, sizeof(bytes));
	cursor_put_u32(&c, 0x01020304);
	cursor_put_u8(&c, 1);
	assert_true(c.failed);
	assert_memory_equal(bytes, "\x09\x09\x09", 3);
}

static void left_over_bytes_are_not_done(void **state)
{
	struct cursor c;

	cursor_read_init(&c, "ab", 2);
	(void)cursor_u8(&c);
	assert_int_equal(cursor_left(&c), 1);
	assert_false(cursor_is_done(&c));
}

static void an_empty_span_is_done_and_gives_nothing(void **state)
{
	struct cursor c;

	cursor_read_init(&c, NULL, 0);
	assert_true(cursor_is_done(&c));
	assert_null(cursor_bytes(&c, 0));
	assert_true(cursor_is_done(&c));
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.failed);
}

static void a_length_near_the_end_of_size_t_does_not_wrap(void **state)
{
	struct cursor c;

	cursor_read_init(&c, "abcd", 4);
	(void)cursor_u8(&c);
	assert_null(cursor_bytes(&c, SIZE_MAX));
	assert_true(c.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_big_endian),
		cmocka_unit_test(what_is_written_is_what_is_read),
		cmocka_unit_test(the_first_read_past_the_end_spoils_all_later_ones),
		cmocka_unit_test(a_write_past_the_end_writes_nothing),
		cmocka_unit_test(left_over_bytes_are_not_done),
		cmocka_unit_test(an_empty_span_is_done_and_gives_nothing),
		cmocka_unit_test(a_length_near_the_end_of_size_t_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
