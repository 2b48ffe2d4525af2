/* SPDX-License-Identifier: MIT */
#pragma once

/* verify_option: --verify SENDER --secret-file FILE: who signs a tunnel's requests. */

#include <jansson.h>

#include "base/macros.h"

struct args;

/* Do the two come together? NULL, or words. */
const char *verify_option_check(const struct args *a);
/* What Open is to be told, with the secret that is in the file; nothing when the option is not
 * given. CALL_DONE, or an exit status after words. */
int verify_option_add(const struct args *a, json_t *params) MUST_USE;
