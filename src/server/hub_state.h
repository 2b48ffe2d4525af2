/* SPDX-License-Identifier: MIT */
#pragma once

/* hub_state: where the server keeps names, keys and the secret of assigned names. */

#include "base/macros.h"

struct err;
struct hub;

/* The state directory: as configured, the service manager's, or the system's. */
const char *hub_state_dir(const struct hub *h);
/* Make it where it is missing, and read the keys and the secret. Negative and words. */
int hub_state_open(struct hub *h, struct err *err) MUST_USE;
