/* SPDX-License-Identifier: MIT */
/* test_time: the clocks, and the token bucket that is told the time. */

#include "../cm.h"

#include "base/bucket.h"
#include "base/clock.h"

static void the_monotonic_clock_does_not_go_back(void **state)
{
	clock_ms_t before = clock_ms();

	for (int i = 0; i < 1000; i++) {
		clock_ms_t now = clock_ms();

		assert_true(now >= before);
		before = now;
	}
	assert_in_range(clock_us() / 1000 - clock_ms() + 1, 0, 2);
	assert_true(clock_wall_ms() > 1700000000000);
}

static void times_are_written_in_utc(void **state)
{
	char text[21];

	clock_format_utc(text, 0);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	clock_format_utc(text, 1769860800999);
	assert_string_equal(text, "2026-01-31T12:00:00Z");
	clock_format_utc(text, UINT64_MAX);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static unsigned int take_all(struct bucket *b, clock_ms_t now)
{
	unsigned int n = 0;

	while (bucket_take(b, now))
		n++;
	return n;
}

static void a_bucket_starts_full_and_refills_at_its_rate(void **state)
{
	struct bucket b;

	bucket_init(&b, 10, 5, 1000);
	assert_int_equal(take_all(&b, 1000), 5);
	assert_int_equal(take_all(&b, 1099), 0);
	assert_int_equal(take_all(&b, 1100), 1);
	assert_int_equal(take_all(&b, 1400), 3);
}

static void a_bucket_never_holds_more_than_its_burst(void **state)
{
	struct bucket b;

	bucket_init(&b, 1000000, 3, 0);
	assert_int_equal(take_all(&b, 0), 3);
	assert_int_equal(take_all(&b, UINT64_MAX), 3);
}

static void many_looks_lose_no_fractions(void **state)
{
	struct bucket b;
	unsigned int n = 0;

	bucket_init(&b, 3, 1, 0);
	(void)take_all(&b, 0);
	for (clock_ms_t now = 1; now <= 10000; now++)
		n += bucket_take(&b, now);
	assert_in_range(n, 29, 30);
}

static void time_standing_still_or_going_back_gives_nothing(void **state)
{
	struct bucket b;

	bucket_init(&b, 10, 1, 5000);
	assert_true(bucket_take(&b, 5000));
	assert_false(bucket_take(&b, 4000));
	assert_false(bucket_take(&b, 5050));
	assert_true(bucket_take(&b, 5100));
}

static void a_rate_of_zero_is_a_fixed_allowance(void **state)
{
	struct bucket b;

	bucket_init(&b, 0, 2, 0);
	assert_int_equal(take_all(&b, 0), 2);
	assert_int_equal(take_all(&b, 1000000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_monotonic_clock_does_not_go_back),
		cmocka_unit_test(times_are_written_in_utc),
		cmocka_unit_test(a_bucket_starts_full_and_refills_at_its_rate),
		cmocka_unit_test(a_bucket_never_holds_more_than_its_burst),
		cmocka_unit_test(many_looks_lose_no_fractions),
		cmocka_unit_test(time_standing_still_or_going_back_gives_nothing),
		cmocka_unit_test(a_rate_of_zero_is_a_fixed_allowance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
