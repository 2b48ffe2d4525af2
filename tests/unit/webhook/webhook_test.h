/* SPDX-License-Identifier: MIT */
#pragma once

/* webhook_test: rules and heads of one line each. */

#include "../cm.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "proto/http_head.h"
#include "webhook/webhook.h"

static struct webhook_rules rules;
static char head_text[8192];

static inline int forget_rules(void **state)
{
	webhook_deinit(&rules);
	return 0;
}

/* One rule at a time. */
static inline void rule(enum webhook_provider provider, const char *secret)
{
	struct secret text = {0};

	webhook_deinit(&rules);
	rules.provider = (int)provider;
	rules.tolerance_ms = 300000;
	rules.digest = HMAC_SHA256;
	assert_int_equal(secret_set(&text, secret, strlen(secret)), 0);
	assert_int_equal(webhook_add_secrets(&rules, &text, NULL), 0);
	secret_deinit(&text);
}

static inline void generic(enum hmac_digest digest, enum webhook_encoding encoding,
	const char *prefix)
{
	rule(WEBHOOK_HMAC, "key");
	mem_replace(&rules.header, "X-Signature");
	mem_replace(&rules.prefix, prefix);
	rules.digest = (int)digest;
	rules.encoding = (int)encoding;
}

/* @fields: whole lines. */
static inline void head(struct http_head *h, const char *fields)
{
	(void)snprintf(head_text, sizeof(head_text), "POST /hook HTTP/1.1\r\nHost: a\r\n%s\r\n",
		fields);
	assert_int_equal(http_head_request(h, (const uint8_t *)head_text, strlen(head_text)),
		HTTP_FAULT_NONE);
}
