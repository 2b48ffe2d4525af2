/* SPDX-License-Identifier: MIT */
#pragma once

/* request_filter: options and words of a verb as a Filter of tunnelto-control(7). */

#include <jansson.h>

#include "base/macros.h"

struct args;

/* --method, --path, --header, --status, --kind, --state, --verification, --text and --since; the
 * first word is the tunnel. CALL_DONE, or
 * CALL_USAGE after words. *ret is to be decref'ed either way. */
int request_filter(const struct args *a, json_t **ret) MUST_USE;
/* "Name: value" into @fields, an array of Header. CALL_DONE or CALL_USAGE. */
int request_filter_add_field(const struct args *a, const char *text, json_t *fields) MUST_USE;
