/* SPDX-License-Identifier: MIT */
#pragma once

/* listen_fds: sockets passed by the service manager (sd_listen_fds_with_names), taken by name. */

#include <stddef.h>

#include "base/macros.h"

/* Collect what was passed, once, at start-up; unsets the variables. 0 or -errno. */
int listen_fds_collect(void) MUST_USE;
/* Take the next descriptor of that FileDescriptorName; -1 when there is none (left). */
int listen_fds_take(const char *name) MUST_USE;
/* Close and warn about those that nobody took. */
void listen_fds_close_rest(void);
