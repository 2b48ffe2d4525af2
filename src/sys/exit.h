/* SPDX-License-Identifier: MIT */
#pragma once

/* exit: the status that a daemon ends with; exit.def.h has the rows. */

struct err;

enum exit_status {
#define EXIT(name, code, restart, who, meaning) EXIT_##name = (code),
#include "sys/exit.def.h"
#undef EXIT
};

/* Of a start that failed: whether it might succeed in a while, or a person has to mend something.
 */
enum exit_status exit_of_start(const struct err *err);
