/* SPDX-License-Identifier: MIT */
#pragma once

/* inspector_conf: how much is kept of visitors' requests. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str_list.h"

struct inspector_conf {
	uint32_t requests, messages;
	uint64_t bytes, body;
	struct str_list redact; /* names of fields, as patterns */
	bool reveal;
};
