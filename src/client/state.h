/* SPDX-License-Identifier: MIT */
#pragma once

/* state: what the daemon keeps from one run to the next, in files of its state directory. */

#include <stdbool.h>

#include "base/macros.h"

/* 128 bits in hex, and a NUL. */
#define STATE_ID_SIZE 33

/* Of the service manager, else of the user, else the system's; to be freed. Where it is the user's
 * own, it is made. */
char *state_dir(bool user) MUST_USE;
/* The 32 hex digits that are kept as @name in @dir, or new random ones, which are kept from then on
 * if that can be (mode 0600). A file that holds something else is replaced; a @secret one that
 * others may read, too. @dir NULL: for this run alone. */
void state_id(const char *dir, const char *name, bool secret, char ret[static STATE_ID_SIZE]);
