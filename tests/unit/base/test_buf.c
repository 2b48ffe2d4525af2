/* SPDX-License-Identifier: MIT */
/* test_buf: a byte queue keeps order, its maximum, and no memory while empty. */

#include "../cm.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void a_new_buf_holds_no_memory(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	assert_null(b.data);
	assert_null(buf_data(&b));
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_room(&b), 100);
	buf_deinit(&b);
}

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(buf_add(&b, "hello ", 6), 6);
	assert_int_equal(buf_add(&b, "world", 5), 5);
	assert_memory_equal(buf_data(&b), "hello world", 11);
	buf_consume(&b, 6);
	assert_memory_equal(buf_data(&b), "world", 5);
	buf_deinit(&b);
}

static void no_more_than_the_maximum_is_taken(void **state)
{
	struct buf b;

	buf_init(&b, 10);
	assert_int_equal(buf_add(&b, "12345678", 8), 8);
	assert_int_equal(buf_add(&b, "90xxx", 5), 2);
	assert_int_equal(buf_room(&b), 0);
	assert_int_equal(buf_add(&b, "y", 1), 0);
	assert_memory_equal(buf_data(&b), "1234567890", 10);
	assert_null(buf_reserve(&b, 1));
	buf_deinit(&b);
}

static void reserved_space_counts_only_when_committed(void **state)
{
	struct buf b;
	uint8_t *at;

	buf_init(&b, 4096);
	at = buf_reserve(&b, 4096);
	assert_non_null(at);
	memset(at, 'a', 4096);
	assert_int_equal(buf_len(&b), 0);
	buf_commit(&b, 10);
	assert_int_equal(buf_len(&b), 10);
	assert_int_equal(buf_room(&b), 4086);
	assert_null(buf_reserve(&b, 4087));
	buf_deinit(&b);
}

static void committing_nothing_gives_the_memory_back(void **state)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_non_null(buf_reserve(&b, 100));
	buf_commit(&b, 0);
	assert_null(b.data);
}

static void memory_is_given_back_when_it_runs_empty(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	(void)buf_add(&b, "abc", 3);
	assert_non_null(b.data);
	buf_consume(&b, 3);
	assert_null(b.data);
	(void)buf_add(&b, "abc", 3);
	buf_clear(&b);
	assert_null(b.data);
	assert_int_equal(buf_room(&b), 1000);
}

static void what_is_wiped_is_overwritten(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(buf_add(&b, "secret rest", 11), 11);
	buf_wipe(&b, 7);
	assert_int_equal(buf_len(&b), 4);
	assert_memory_equal(b.data, "\0\0\0\0\0\0\0rest", 11);
	buf_wipe(&b, 4);
	assert_null(b.data);
	buf_wipe(&b, 0);
}

/* A model of plain counters beside a queue that is filled and drained unevenly. */
static void a_long_run_keeps_every_byte_and_stays_bounded(void **state)
{
	enum { MAX = 5000 };
	struct buf b;
	uint32_t rnd = 12345;
	uint8_t in = 0, out = 0;

	buf_init(&b, MAX);
	for (int i = 0; i < 20000; i++) {
		uint8_t chunk[700];
		size_t n, taken;

		rnd = rnd * 1664525 + 1013904223;
		n = (rnd >> 8) % sizeof(chunk);
		for (size_t k = 0; k < n; k++)
			chunk[k] = (uint8_t)(in + k);
		taken = buf_add(&b, chunk, n);
		in = (uint8_t)(in + taken);
		rnd = rnd * 1664525 + 1013904223;
		n = (rnd >> 8) % 700;
		if (n > buf_len(&b))
			n = buf_len(&b);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(buf_data(&b)[k], out++);
		buf_consume(&b, n);
		assert_true(buf_len(&b) <= MAX);
		assert_true(b.cap <= MAX + MAX / 2);
	}
	buf_deinit(&b);
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_buf_holds_no_memory),
		cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
		cmocka_unit_test(no_more_than_the_maximum_is_taken),
		cmocka_unit_test(reserved_space_counts_only_when_committed),
		cmocka_unit_test(committing_nothing_gives_the_memory_back),
		cmocka_unit_test(memory_is_given_back_when_it_runs_empty),
		cmocka_unit_test(what_is_wiped_is_overwritten),
		cmocka_unit_test(a_long_run_keeps_every_byte_and_stays_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
