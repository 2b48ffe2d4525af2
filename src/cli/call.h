/* SPDX-License-Identifier: MIT */
#pragma once

/* call: one Varlink call of a verb, its errors in words, and tunnelctl's exit statuses. */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/macros.h"

struct args;
struct ctl_client;

enum call_exit {
	CALL_DONE = 0,
	CALL_FAILED = 1,
	CALL_USAGE = 2,
	CALL_NO_DAEMON = 3,
	CALL_REFUSED = 4,
};

#define CALL_TIMEOUT_MS 15000 /* of an answer that waits for nothing */
#define CALL_WAIT_MS    30000 /* --timeout unless given */

struct call {
	struct ctl_client *client;
	const char *interface; /* "io.tunnelto.Client" */
	char socket[256];
	bool lasting;     /* in call_more: what it watched can end */
	clock_ms_t until; /* call_more ends then with CALL_DONE; 0: never */
	bool quiet;       /* say nothing of what goes wrong */
};

/* Connect to the socket that the options and the verb mean. CALL_DONE, or the exit status: said so.
 */
int call_open(struct call *c, const struct args *a) MUST_USE;
/* The same without words when nobody listens (CALL_NO_DAEMON). */
int call_try(struct call *c, const struct args *a) MUST_USE;
void call_close(struct call *c);
/* Call interface.@method; @params is stolen. Any other status than CALL_DONE was explained on
 * stderr. */
int call_do(struct call *c, const char *method, json_t *params, uint64_t timeout_ms,
	json_t **ret_reply) MUST_USE;
/* Open, call, close. */
int call_once(const struct args *a, const char *method, json_t *params,
	json_t **ret_reply) MUST_USE;
/* With "more": @each gets every reply until it returns false, or until SIGINT or SIGTERM, which
 * is CALL_DONE. */
typedef bool call_each_f(json_t *reply, void *arg);
int call_more(struct call *c, const char *method, json_t *params, call_each_f *each,
	void *arg) MUST_USE;
/* The milliseconds of --timeout. CALL_DONE or CALL_USAGE. */
int call_timeout(const struct args *a, uint64_t *ret_ms) MUST_USE;
/* For CLEANUP(call_free_json) json_t *reply. */
void call_free_json(json_t **o);
