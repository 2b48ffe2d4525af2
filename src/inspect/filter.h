/* SPDX-License-Identifier: MIT */
#pragma once

/* filter: which requests are meant: a Filter of tunnelto-control(7). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macros.h"
#include "inspect/exchange.h"

#define FILTER_HEADERS_MAX 32

struct str;

struct filter {
	char *tunnel, *method, *path, *kind, *state, *verification, *text;
	struct filter_header {
		char *name, *value; /* the value a glob */
	} headers[FILTER_HEADERS_MAX];
	size_t n_headers;
	char *status; /* as it was written */
	unsigned int status_low, status_high;
	uint64_t since_ms;
	enum filter_replay { FILTER_REPLAY_ANY, FILTER_REPLAY_NONE, FILTER_REPLAY_ALONE } replay;
};

/* @o may be NULL or null: everything is meant. NULL, or the name of the member that is none; @f is
 * to be deinit'ed either way. */
const char *filter_parse(struct filter *f, const json_t *o) MUST_USE;
void filter_deinit(struct filter *f);
/* False: not (yet), and @why, unless NULL, gets a sentence on the first thing that differs. */
bool filter_matches(const struct filter *f, const struct exchange *e, struct str *why);
