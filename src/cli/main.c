/* SPDX-License-Identifier: MIT */
/*
 * main of tunnelctl, which is tunnelto when it is called so. It only chooses between the two, and
 * sees to it that what could not be written is no success.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/call.h"
#include "cli/one_shot.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "proto/varlink.h"

int main(int argc, char **argv)
{
	bool one_shot = str_eq(program_invocation_short_name, "tunnelto");
	const char *const *args = (const char *const *)argv;
	int code;

	varlink_setup();
	code = one_shot ? one_shot_main(argc, args) : verbs_main(argc, args);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		print_error("standard output: %s", strerror(errno));
		return code ? code : CALL_FAILED;
	}
	return code;
}
