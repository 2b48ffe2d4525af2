/* SPDX-License-Identifier: MIT */
#pragma once

/* program: finding the daemons' programs, and becoming one. */

#include <stddef.h>

#include "base/macros.h"

#define PROGRAM_ARGS_MAX 40

/* The argv of a daemon. */
struct program {
	char *argv[PROGRAM_ARGS_MAX + 1];
	size_t n;
};

void program_init(struct program *p, const char *name);
void program_deinit(struct program *p);
void program_add(struct program *p, const char *arg);
/* Both, unless @value is NULL. */
void program_add_option(struct program *p, const char *option, const char *value);
/* Become it. tunneltod: $TUNNELTO_DAEMON, else beside this program, else in ../sbin of it, else
 * where it is installed. tunnelto-server is looked for the same way, without a variable. Returns an
 * exit status, after words on stderr: that of the failure, or where the daemon is inside, the
 * daemon's. */
int program_exec(struct program *p) MUST_USE;
