/* SPDX-License-Identifier: MIT */
/* test_rand: spread and bounds of random numbers and of back-off delays. */

#include "../cm.h"

#include <string.h>

#include "base/backoff.h"
#include "base/rand.h"

static void every_value_below_the_bound_turns_up(void **state)
{
	unsigned int hits[5] = {0};

	for (int i = 0; i < 5000; i++) {
		uint32_t v = rand_below(5);

		assert_true(v < 5);
		hits[v]++;
	}
	for (int i = 0; i < 5; i++) /* a thousand each; this far off once in 10^50 runs */
		assert_in_range(hits[i], 500, 1500);
	assert_int_equal(rand_below(1), 0);
}

static void labels_are_lower_case_letters_and_digits(void **state)
{
	char label[41];

	memset(label, 'X', sizeof(label));
	rand_label(label, 40);
	assert_int_equal(strlen(label), 40);
	assert_int_equal(strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789"), 40);
	rand_label(label, 0);
	assert_string_equal(label, "");
}

static void bytes_differ_each_time(void **state)
{
	uint8_t a[16], b[16];

	rand_bytes(a, sizeof(a));
	rand_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(rand_u64() != rand_u64());
}

static void delays_double_up_to_the_cap(void **state)
{
	struct backoff b;

	backoff_init(&b, 100, 30000);
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t high = i < 9 ? 100u << i : 30000;

		assert_in_range(backoff_next(&b), 50, high < 30000 ? high : 30000);
	}
	backoff_reset(&b);
	assert_in_range(backoff_next(&b), 50, 100);
}

static void delays_use_the_whole_span(void **state)
{
	uint32_t least = UINT32_MAX, most = 0;
	struct backoff b;

	backoff_init(&b, 1000, 16000);
	for (int i = 0; i < 10; i++)
		(void)backoff_next(&b);
	for (int i = 0; i < 1000; i++) {
		uint32_t v = backoff_next(&b);

		least = v < least ? v : least;
		most = v > most ? v : most;
	}
	assert_in_range(least, 500, 2000);
	assert_in_range(most, 14000, 16000);
}

static void the_widest_span_does_not_overflow(void **state)
{
	struct backoff b;

	backoff_init(&b, 1, UINT32_MAX);
	for (int i = 0; i < 100; i++)
		(void)backoff_next(&b);
	backoff_init(&b, UINT32_MAX, UINT32_MAX);
	assert_true(backoff_next(&b) >= UINT32_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_below_the_bound_turns_up),
		cmocka_unit_test(labels_are_lower_case_letters_and_digits),
		cmocka_unit_test(bytes_differ_each_time),
		cmocka_unit_test(delays_double_up_to_the_cap),
		cmocka_unit_test(delays_use_the_whole_span),
		cmocka_unit_test(the_widest_span_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
