/* SPDX-License-Identifier: MIT */
#pragma once

/* open_params: what the control socket's Open says of a tunnel. */

#include <jansson.h>

#include "base/macros.h"

struct client_conf_tunnel;
struct err;

/* Fill @def. 0; -EINVAL: @ret_bad names a parameter that is none; -ENOENT: words for what cannot
 * be.
 */
int open_params_read(struct client_conf_tunnel *def, const json_t *params, const char **ret_bad,
	struct err *err) MUST_USE;
