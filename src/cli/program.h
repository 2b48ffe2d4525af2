/* SPDX-License-Identifier: MIT */
#pragma once

/* program: finding the daemons' programs, and becoming one. */

#include <stddef.h>

#include "base/macros.h"

#define PROGRAM_ARGS_MAX 32

/* The argv of a daemon; what it points to is borrowed, except .path. */
struct program {
	char *path;
	char *argv[PROGRAM_ARGS_MAX + 1];
	size_t n;
};

/* tunneltod: $TUNNELTO_DAEMON, else beside this program, else in ../sbin of it, else where it is
 * installed. tunnelto-server is looked for the same way, without a variable. */
void program_init(struct program *p, const char *name);
void program_deinit(struct program *p);
void program_add(struct program *p, const char *arg);
/* Both, unless @value is NULL. */
void program_add_option(struct program *p, const char *option, const char *value);
/* Become it. Returns only on failure: an exit status, after words on stderr. */
int program_exec(struct program *p) MUST_USE;
