/* SPDX-License-Identifier: MIT */
#pragma once

/* old_ways: what the Rust tunnelto's users have in their environment and home directory. */

#include "base/macros.h"

/* The server that CTRL_HOST, CTRL_PORT and CTRL_TLS_OFF name, as a URL to be freed; NULL when
 * CTRL_HOST is not set. */
char *old_ways_server(void) MUST_USE;
/*
 * ~/.tunnelto/key.token, to be freed, when there is one. Files that the old tool wrote can be read
 * by others: those permissions are taken away, with a warning. NULL: there is none.
 */
char *old_ways_key_file(void) MUST_USE;
