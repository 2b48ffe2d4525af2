/* SPDX-License-Identifier: MIT */
#pragma once

/* server_env: the variables that configure the Rust tunnelto's server (tunnelto-server(8),
 * ENVIRONMENT), laid over the configuration file. */

#include <stdbool.h>

#include "base/macros.h"

struct conf_report;
struct server_conf;

/* Is one of them set, and not empty? */
bool server_env_is_set(void);
/* Put what is set over what the file says. False after mistakes, which name the variable; values
 * that are secret are not repeated. */
bool server_env_apply(struct server_conf *c, struct conf_report *report) MUST_USE;
