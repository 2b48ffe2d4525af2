/* SPDX-License-Identifier: MIT */
#pragma once

/* verify_conf: a tunnel's `verify`: who signs its requests, and what becomes of those he did not.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "conf/bind.h"
#include "webhook/webhook.h"

struct conf_node;
struct conf_report;
struct err;

#define VERIFY_CONF_BODY_MAX (1024UL * 1024 * 1024)

struct verify_conf {
	struct webhook_rules rules; /* provider WEBHOOK_NONE: nothing is checked */
	char *secret;               /* as written, until it is among the rules */
	char *secret_file;
	bool enforce;      /* false: found out and told, and passed on */
	uint64_t max_body; /* bytes, chunks included */
	uint64_t timeout;  /* ms, for a whole request */
};

extern const struct conf_table verify_conf_table;

/* The defaults, with nothing to check. */
void verify_conf_init(struct verify_conf *v);
void verify_conf_deinit(struct verify_conf *v);
void verify_conf_copy(struct verify_conf *v, const struct verify_conf *from);
/* What visitors feel: whether requests are held back. */
bool verify_conf_same_gate(const struct verify_conf *a, const struct verify_conf *b);
/* Nothing differs at all. */
bool verify_conf_same(const struct verify_conf *a, const struct verify_conf *b);
static inline bool verify_conf_is_on(const struct verify_conf *v)
{
	return v->rules.provider != WEBHOOK_NONE;
}
/*
 * For tunnels that no file defines: @provider is a word, or "hmac:FIELD"; its secrets are in @text.
 * -EINVAL with words.
 */
int verify_conf_set(struct verify_conf *v, const char *provider, const struct secret *text,
	struct err *err) MUST_USE;
/* The secrets of "credential:NAME" or of a file that others must not read. */
int verify_conf_load(struct secret *ret, const char *secret_file, struct err *err) MUST_USE;
