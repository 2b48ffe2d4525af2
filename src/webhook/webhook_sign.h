/* SPDX-License-Identifier: MIT */
#pragma once

/* webhook_sign: the fields that make a request signed, as its sender would write them. */

#include <stddef.h>
#include <stdint.h>

#include "proto/http_head.h"
#include "webhook/webhook.h"

#define WEBHOOK_SIGN_VALUE_MAX  512
#define WEBHOOK_SIGN_FIELDS_MAX 3

struct webhook_signature {
	struct {
		char name[WEBHOOK_NAME_MAX + 1];
		char value[WEBHOOK_SIGN_VALUE_MAX];
	} fields[WEBHOOK_SIGN_FIELDS_MAX]; /* to be set in place of all of these names */
	size_t n;
};

/*
 * Sign @body with the first secret of @r at @now_ms since 1970. @h (may be NULL) is the head that
 * the request has so far: a message's id is kept, and so are the names Svix sends it under.
 */
void webhook_sign(const struct webhook_rules *r, const struct http_head *h, struct http_span body,
	uint64_t now_ms, struct webhook_signature *ret);
