/* SPDX-License-Identifier: MIT */
/* Which failed starts are tried again. */
#include "../cm.h"

#include <errno.h>
#include <stddef.h>

#include "base/err.h"
#include "base/macros.h"
#include "sys/exit.h"

static void only_what_passes_by_itself_is_tried_again(void **state)
{
	static const struct {
		int error;
		enum exit_status status;
	} table[] = {{-EADDRINUSE, EXIT_UNAVAILABLE}, {-EADDRNOTAVAIL, EXIT_UNAVAILABLE},
		{-EMFILE, EXIT_OSERR}, {-ENOMEM, EXIT_OSERR}, {-EACCES, EXIT_CONFIG},
		{-ENOENT, EXIT_CONFIG}, {-EINVAL, EXIT_CONFIG}, {0, EXIT_CONFIG}};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct err err = {.code = table[i].error};

		assert_int_equal(exit_of_start(&err), table[i].status);
	}
	assert_int_equal(EXIT_CONFIG, 78);
	assert_int_equal(EXIT_DONE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_passes_by_itself_is_tried_again),
	};

	return cmocka_run_group_tests_name("exit", tests, NULL, NULL);
}
