/* SPDX-License-Identifier: MIT */
#pragma once

/* captured: one captured request and its bodies, asked of the daemon. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macros.h"

struct args;
struct call;

#define CAPTURED_BODY_MAX (64 * 1024 * 1024) /* taken of one body; the rest is not asked for */

struct captured_body {
	char *bytes; /* NUL-terminated behind its end */
	size_t n;
	bool decoded; /* without the content coding that it had */
	bool failed;  /* it has one, and cannot be had without */
};

/* The number of a request. CALL_DONE or CALL_USAGE. */
int captured_id(const struct args *a, const char *text, uint64_t *ret) MUST_USE;
/* The answer of Request; the exit status, after words. */
int captured_get(struct call *c, uint64_t id, json_t **ret) MUST_USE;
/* The body of @side ("request", "response"), whose Part is @part, as far as it was kept, without
 * its coding where that can be. The exit status, after words. */
int captured_get_body(struct call *c, uint64_t id, const char *side, const json_t *part,
	struct captured_body *ret) MUST_USE;
/* The bytes themselves, as far as they were kept: of the body with its coding, of the head. */
int captured_get_raw(struct call *c, uint64_t id, const char *side,
	struct captured_body *ret) MUST_USE;
int captured_get_head(struct call *c, uint64_t id, const char *side,
	struct captured_body *ret) MUST_USE;
void captured_free_body(struct captured_body *b);
