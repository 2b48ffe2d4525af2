/* SPDX-License-Identifier: MIT */
#pragma once

/* redact: heads without the secrets in them. */

#include <stdbool.h>
#include <stddef.h>

#include "proto/http_head.h"

struct str;
struct str_list;

#define REDACT_MARK "[redacted]" /* what stands in a secret's place */
/* How much longer than a head of @n bytes its redacted form may be: a mark for each parameter of
 * one byte, "k=&k=&…". */
#define REDACT_MAX(n) ((n)*6 + sizeof(REDACT_MARK))

/* Fields and query parameters called Authorization, Cookie, Set-Cookie, Proxy-Authorization or
 * X-Api-Key are secret, in any case, and those that are named. */
struct redact {
	const struct str_list *names; /* more of them, borrowed; NULL: none */
	bool reveal;                  /* nothing is secret */
};

/*
 * Append @h, which was parsed from the @n bytes at @head, with marks for the values of secret
 * fields, and of secret parameters in the target, Referer, Location and Content-Location. False:
 * there was nothing to hide, and nothing was appended.
 */
bool redact_head(const struct redact *r, const struct http_head *h, const char *head, size_t n,
	struct str *to) MUST_USE;
/* The same with an address alone. */
bool redact_target(const struct redact *r, struct http_span target, struct str *to) MUST_USE;
