/* SPDX-License-Identifier: MIT */
#pragma once

/* json_indent: a JSON text with line ends and blanks where people want them. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct str;

/* Only blanks change: numbers and strings stay as they were written. False, and nothing in @out:
 * it is no JSON, or would get too long. */
bool json_indent(struct str *out, const char *bytes, size_t n) MUST_USE;
