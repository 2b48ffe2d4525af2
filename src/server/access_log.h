/* SPDX-License-Identifier: MIT */
#pragma once

/* access_log: one structured line per HTTP request or TCP connection. */

#include <stdbool.h>
#include <stdint.h>

#include "proto/close.h"

struct addr;
struct tunnel;

struct access_log_http {
	const struct addr *visitor;
	const struct tunnel *tunnel; /* NULL: none was found */
	const char *host;            /* as normalised, "" unknown */
	const char *method, *target; /* printable, cut at 256 bytes; "-" unknown */
	unsigned int status;         /* what the visitor was told; 0 nothing */
	enum close_reason why;       /* DONE, or what went wrong */
	uint64_t bytes_in, bytes_out;
	uint64_t duration_ms;
	uint64_t parked_ms; /* of these, waiting for the client */
};
/* Fields TUNNEL, VISITOR, HOST, METHOD, TARGET (query cut off), STATUS, BYTES_IN, BYTES_OUT,
 * DURATION_MS, PARKED_MS (if it was), CLOSE_REASON, KEY_ID. */
void access_log_http(const struct access_log_http *r);
struct access_log_tcp {
	const struct addr *visitor;
	const struct tunnel *tunnel;
	enum close_reason why;
	uint64_t bytes_in, bytes_out, duration_ms, parked_ms;
};
void access_log_tcp(const struct access_log_tcp *r);
/* Off: nothing is written per request. */
void access_log_set(bool on);
