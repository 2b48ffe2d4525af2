/* SPDX-License-Identifier: MIT */
#pragma once

/* err: what went wrong, in words for the person who asked; only on paths a human triggered. */

#include <stdbool.h>

#include "base/macros.h"

#define ERR_TEXT_MAX 512

struct err {
	int code; /* 0, a negative errno, or a code of the module that set it */
	char text[ERR_TEXT_MAX];
};

/* Fill @err (may be NULL) and return @code. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);
/* The same with ": strerror(-code)" appended; @code is a negative errno. */
int err_set_errno(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);
/* Put "…: " in front of the text there is. */
void err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);
