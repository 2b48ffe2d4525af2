/* SPDX-License-Identifier: MIT */
#pragma once

/* stored_key: `tunnelto set-auth`, and a key of the command line on its way to the daemon's
 * program.
 */

#include "base/macros.h"

/* Room for "/proc/self/fd/N" */
#define STORED_KEY_FD_PATH 32

/*
 * Keep @key (NULL: a line of standard input, not echoed on a terminal) in ~/.tunnelto/key.token,
 * mode 0600, whole or not at all. The exit status; words on stderr either way.
 */
int stored_key_set(const char *key) MUST_USE;
/* Put @key into a file without a name, mode 0600, that survives exec: its path into @ret. 0, or a
 * negative errno. The descriptor stays open. */
int stored_key_pass(const char *key, char ret[static STORED_KEY_FD_PATH]) MUST_USE;
