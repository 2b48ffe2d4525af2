/* SPDX-License-Identifier: MIT */
#pragma once

/* dashboard_conf: whether there is a page, where, and by which names. */

#include <stdbool.h>

#include "base/str_list.h"

struct dashboard_conf {
	bool enabled;
	char *listen; /* NULL: 127.0.0.1, the first port from 4040 on that is free */
	struct str_list allowed_hosts;
};
