/* SPDX-License-Identifier: MIT */
#pragma once

/* har: one exchange as an entry of an HTTP Archive 1.2. */

#include <jansson.h>

#include "base/macros.h"
#include "inspect/exchange.h"

/* Most of one body, decoded, and of one exchange's messages together, that an entry takes; what is
 * left out is told in a comment. */
#define HAR_BODY_MAX (512 * 1024)

/* A new reference, never NULL. Names that HAR does not have begin with an underscore, as it asks,
 * and are those of Chromium where that has them. */
json_t *har_entry(const struct exchange *e) MUST_USE;
