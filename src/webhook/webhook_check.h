/* SPDX-License-Identifier: MIT */
#pragma once

/* webhook_check: is a request signed by who knows the secret, and just now? */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct http_head;
struct webhook_check;
struct webhook_rules;

#define WEBHOOK_WHY_MAX 192

/*
 * Begin with the head; @now_ms since 1970. Keeps nothing of @r and @h: the rules may change while
 * the body comes.
 */
struct webhook_check *webhook_check_new(const struct webhook_rules *r, const struct http_head *h,
	uint64_t now_ms) MUST_USE;
/* What the head alone decides: words, or NULL while it may still turn out to be signed. */
const char *webhook_check_hopeless(const struct webhook_check *c);
/* The body as it was signed: without chunks, with its content coding. */
void webhook_check_add(struct webhook_check *c, const void *bytes, size_t n);
/* At the body's end, once: NULL is signed, else why not, in words that live as long as @c. */
const char *webhook_check_finish(struct webhook_check *c);
/* NULL is allowed. */
void webhook_check_free(struct webhook_check *c);
