/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_params: optional parameters of a call; null counts as absent. Pure. */

#include <stdbool.h>

#include <jansson.h>

static inline bool ctl_params_is_given(const json_t *v)
{
	return v && !json_is_null(v);
}
/* A text without NUL, borrowed; *ret is left when it is absent. False: it is something else. */
bool ctl_params_text(const json_t *params, const char *key, const char **ret);
/* Absent is false. False: it is no boolean. */
bool ctl_params_flag(const json_t *params, const char *key, bool *ret);
