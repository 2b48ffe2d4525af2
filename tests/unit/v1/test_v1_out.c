/* SPDX-License-Identifier: MIT */
/* Messages that wait: in order, whole, counted by stream, and bounded. */
#include "../cm.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "v1/v1_out.h"

#define CAP (64 * 1024)

static const uint8_t id[V1_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

static void messages_come_out_whole_and_in_order(void **state)
{
	static uint8_t out[CAP], big[16384];
	struct v1_out_sent sent;
	struct v1_out o;

	v1_out_init(&o);
	memset(big, 'x', sizeof(big));
	assert_int_equal(v1_out_next(&o, out, CAP, &sent), 0);
	assert_true(v1_out_add(&o, "\"auth_failed\"", 13));
	assert_true(v1_out_add_packet(&o, V1_INIT, id, NULL, 0));
	assert_true(v1_out_add_packet(&o, V1_DATA, id, big, sizeof(big)));
	assert_true(v1_out_add_packet(&o, V1_END, id, NULL, 0));
	assert_int_equal(v1_out_next(&o, out, CAP, &sent), 13);
	assert_memory_equal(out, "\"auth_failed\"", 13);
	assert_int_equal(sent.data, 0);
	assert_int_equal(v1_out_next(&o, out, CAP, &sent), 9);
	assert_int_equal(out[0], V1_INIT);
	assert_int_equal(sent.data, 0);
	assert_int_equal(v1_out_next(&o, out, CAP, &sent), 9 + sizeof(big));
	assert_int_equal(sent.data, sizeof(big));
	assert_memory_equal(sent.id, id, sizeof(id));
	assert_memory_equal(out + 9, big, sizeof(big));
	assert_int_equal(v1_out_next(&o, out, CAP, &sent), 9);
	assert_int_equal(out[0], V1_END);
	assert_int_equal(v1_out_next(&o, out, CAP, &sent), 0);
	v1_out_deinit(&o);
}

static void the_marks_and_the_bound_hold(void **state)
{
	static uint8_t out[CAP], block[16384];
	struct v1_out_sent sent;
	struct v1_out o;
	size_t n = 0;

	v1_out_init(&o);
	while (v1_out_add_packet(&o, V1_DATA, id, block, sizeof(block))) {
		n += sizeof(block);
		assert_int_equal(v1_out_is_high(&o), n + n / sizeof(block) * 13 >= V1_OUT_HIGH);
	}
	assert_true(n > V1_OUT_MAX - 2 * sizeof(block) && n <= V1_OUT_MAX);
	while (!v1_out_is_low(&o)) {
		assert_true(n > 0 && v1_out_next(&o, out, CAP, &sent) > 0);
		n -= sent.data;
	}
	assert_true(n < V1_OUT_LOW);
	v1_out_deinit(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_whole_and_in_order),
		cmocka_unit_test(the_marks_and_the_bound_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
