/* SPDX-License-Identifier: MIT */
#pragma once

/* limits: descriptor limits of this process. */

#include <stddef.h>

/* Raise RLIMIT_NOFILE's soft limit to the hard one; returns what is in force. */
size_t limits_raise_nofile(void);
