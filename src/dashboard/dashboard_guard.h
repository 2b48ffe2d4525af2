/* SPDX-License-Identifier: MIT */
#pragma once

/* dashboard_guard: who is let into the dashboard: by Host, Origin and token. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str_list.h"
#include "io/addr.h"

/* 128 bits in hex, and a NUL. */
#define DASHBOARD_TOKEN_SIZE 33

struct dashboard_guard {
	struct addr local;              /* where it listens */
	const struct str_list *allowed; /* NAME or NAME:PORT */
	char token[DASHBOARD_TOKEN_SIZE];
};

/*
 * Is a request for @host (its field Host) one for us? A page of a name that was made to point here
 * (DNS rebinding) names that one. Ours are 127.0.0.1, [::1], localhost and the address listened on
 * (any address, when that is every one), each with the port, and what is allowed in addition,
 * with any port unless one is given.
 */
bool dashboard_guard_host(const struct dashboard_guard *g, const char *host);
/* Does a page of @origin belong to @host? Absent (""), it is none, and the token says who asks. */
bool dashboard_guard_origin(const char *origin, const char *host);
/* Is the token among the subprotocols that were offered ("tunnelto.dashboard, token.HEX")? */
bool dashboard_guard_token(const struct dashboard_guard *g, const char *protocols);
/* A name or address, with or without a port, as `allowed` has it. */
bool dashboard_guard_is_host(const char *s);
