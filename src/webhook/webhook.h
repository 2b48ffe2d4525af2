/* SPDX-License-Identifier: MIT */
#pragma once

/* webhook: how a sender of webhooks signs them, and the secrets it shares. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "crypt/hmac.h"
#include "crypt/secret.h"

struct err;

#define WEBHOOK_SECRETS_MAX    4  /* the one, and those it is being changed from */
#define WEBHOOK_SIGNATURES_MAX 16 /* in one request */
#define WEBHOOK_NAME_MAX       64 /* bytes of a field's name, and of a prefix */
#define WEBHOOK_SLACK_TIME     "X-Slack-Request-Timestamp"

enum webhook_provider {
#define PROVIDER(name, word, shape, field, prefix, encoding, timed) WEBHOOK_##name,
#include "webhook/webhook.def.h"
#undef PROVIDER
	WEBHOOK_PROVIDER_COUNT,
};

enum webhook_shape { WEBHOOK_SINGLE, WEBHOOK_PAIRS, WEBHOOK_LIST };
enum webhook_encoding { WEBHOOK_HEX, WEBHOOK_BASE64 };

extern const char *const webhook_provider_words[]; /* by enum webhook_provider; ends in NULL */
extern const char *const webhook_encoding_words[];
extern const char *const webhook_digest_words[]; /* by enum hmac_digest */

/* All zero: nothing is signed. */
struct webhook_rules {
	int provider; /* enum webhook_provider */
	struct secret secrets[WEBHOOK_SECRETS_MAX];
	size_t n_secrets;
	uint64_t tolerance_ms; /* what a time stamp may be old, or ahead */
	/* Of WEBHOOK_HMAC alone. */
	char *header, *prefix; /* prefix NULL: none */
	int encoding, digest;  /* enum webhook_encoding, enum hmac_digest */
};

/* A provider's scheme; for WEBHOOK_HMAC filled from @r, and valid as long as that. */
struct webhook_scheme {
	const char *word, *field, *prefix;
	enum webhook_shape shape;
	enum webhook_encoding encoding;
	enum hmac_digest digest;
	bool timed;
};
void webhook_scheme(struct webhook_scheme *ret, const struct webhook_rules *r);
/* Does the provider sign a time stamp? */
bool webhook_is_timed(int provider);

void webhook_deinit(struct webhook_rules *r);
bool webhook_same(const struct webhook_rules *a, const struct webhook_rules *b);
/* A copy of @from into the unset @r. */
void webhook_copy(struct webhook_rules *r, const struct webhook_rules *from);
/*
 * Add the secrets of @text, one a line; the provider is set. -EINVAL with words in @err that do
 * not repeat them: none, too many, or not of the form that the provider gives out.
 */
int webhook_add_secrets(struct webhook_rules *r, const struct secret *text,
	struct err *err) MUST_USE;
