/* SPDX-License-Identifier: MIT */
/* test_http_fault: each row can be said. */

#include "../cm.h"

#include <string.h>

#include "proto/http_fault.h"

static void every_fault_earns_a_status_and_a_word(void **state)
{
	for (int f = HTTP_FAULT_NONE + 1; f < HTTP_FAULT_COUNT; f++) {
		assert_in_range(http_fault_status((enum http_fault)f), 400, 505);
		assert_true(strlen(http_fault_word((enum http_fault)f)) > 3);
		assert_true(strlen(http_fault_text((enum http_fault)f)) > 10);
	}
	assert_int_equal(http_fault_status(HTTP_FAULT_VERSION), 505);
	assert_int_equal(http_fault_status(HTTP_FAULT_TARGET_TOO_LONG), 414);
	assert_int_equal(http_fault_status(HTTP_FAULT_HEAD_TOO_LARGE), 431);
	assert_int_equal(http_fault_status(HTTP_FAULT_CODING), 501);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_earns_a_status_and_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
