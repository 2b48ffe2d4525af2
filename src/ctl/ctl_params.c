/* SPDX-License-Identifier: MIT */
/* ctl_params: looks at what a caller sent; the answer to a bad one is the method's. */
#include "ctl/ctl_params.h"

#include <string.h>

bool ctl_params_text(const json_t *params, const char *key, const char **ret)
{
	const json_t *v = json_object_get(params, key);

	if (!ctl_params_is_given(v))
		return true;
	*ret = json_string_value(v);
	return *ret && strlen(*ret) == json_string_length(v);
}

bool ctl_params_flag(const json_t *params, const char *key, bool *ret)
{
	const json_t *v = json_object_get(params, key);

	*ret = json_is_true(v);
	return !ctl_params_is_given(v) || json_is_boolean(v);
}
