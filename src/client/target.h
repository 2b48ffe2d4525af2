/* SPDX-License-Identifier: MIT */
#pragma once

/* target: where a tunnel leads: PORT, HOST:PORT, http(s)://HOST[:PORT], unix:/path. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define TARGET_HOST_MAX 256

struct target {
	bool tls;
	bool is_unix;
	uint16_t port;
	char host[TARGET_HOST_MAX]; /* or the unix path */
};

/* 0, or -EINVAL. A bare port is on localhost. */
int target_parse(struct target *ret, const char *text) MUST_USE;

/* The server's URL: http(s):// or ws(s)://, a host, perhaps a port; no path but "/". */
struct target_url {
	bool tls;
	uint16_t port;
	char host[TARGET_HOST_MAX];       /* without brackets */
	char header[TARGET_HOST_MAX + 8]; /* as a Host field has it */
};
int target_parse_url(struct target_url *ret, const char *text) MUST_USE;
