/* SPDX-License-Identifier: MIT */
/*
 * webhook: the table of providers, and secrets as HMAC wants them.
 *
 * A secret's text is the key itself, but for standard-webhooks, which gives out "whsec_" and the
 * key in base64 (Standard Webhooks specification, "Signature scheme"). Several lines are several
 * secrets: a sender that changes its secret signs with the old one for a while.
 *
 * Not here: the check (webhook_check), signing (webhook_sign), and where secrets are read from.
 */
#include "webhook/webhook.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

const char *const webhook_provider_words[] = {
#define PROVIDER(name, word, shape, field, prefix, encoding, timed) word,
#include "webhook/webhook.def.h"
#undef PROVIDER
	NULL};
const char *const webhook_encoding_words[] = {"hex", "base64", NULL};
const char *const webhook_digest_words[] = {"sha1", "sha256", "sha512", NULL};

static const struct webhook_scheme schemes[] = {
#define PROVIDER(name, word, shape, field, prefix, encoding, timed)                                \
	{word, field, prefix, WEBHOOK_##shape, WEBHOOK_##encoding, HMAC_SHA256, timed},
#include "webhook/webhook.def.h"
#undef PROVIDER
};

void webhook_scheme(struct webhook_scheme *ret, const struct webhook_rules *r)
{
	*ret = schemes[r->provider];
	if (r->provider != WEBHOOK_HMAC)
		return;
	ret->field = r->header;
	ret->prefix = r->prefix ? r->prefix : "";
	ret->encoding = (enum webhook_encoding)r->encoding;
	ret->digest = (enum hmac_digest)r->digest;
}

bool webhook_is_timed(int provider)
{
	return schemes[provider].timed;
}

/* Part of a secret that there is: it cannot be too long. */
static void set_part(struct secret *to, const void *bytes, size_t n)
{
	int r = secret_set(to, bytes, n);

	assert(r == 0);
	(void)r;
}

void webhook_deinit(struct webhook_rules *r)
{
	for (size_t i = 0; i < r->n_secrets; i++)
		secret_deinit(&r->secrets[i]);
	free(r->header);
	free(r->prefix);
	memset(r, 0, sizeof(*r));
}

bool webhook_same(const struct webhook_rules *a, const struct webhook_rules *b)
{
	if (a->provider != b->provider || a->n_secrets != b->n_secrets ||
		a->tolerance_ms != b->tolerance_ms || !str_eq(a->header, b->header) ||
		!str_eq(a->prefix, b->prefix) || a->encoding != b->encoding ||
		a->digest != b->digest)
		return false;
	for (size_t i = 0; i < a->n_secrets; i++) {
		if (!secret_equal(&a->secrets[i], &b->secrets[i]))
			return false;
	}
	return true;
}

void webhook_copy(struct webhook_rules *r, const struct webhook_rules *from)
{
	*r = *from;
	r->header = mem_strdup(from->header);
	r->prefix = mem_strdup(from->prefix);
	memset(r->secrets, 0, sizeof(r->secrets));
	for (size_t i = 0; i < r->n_secrets; i++)
		set_part(&r->secrets[i], from->secrets[i].data, from->secrets[i].len);
}

/* --- secrets --------------------------------------------------------------------------------- */

/* "whsec_" and base64, or the base64 alone, NUL-terminated. */
static int set_standard(struct secret *ret, const char *text, struct err *err)
{
	uint8_t key[SECRET_MAX];
	ssize_t n;

	if (str_has_prefix(text, "whsk_") || str_has_prefix(text, "whpk_"))
		return err_set(err, -EINVAL,
			"is a key of the asymmetric scheme (v1a), which is not supported");
	if (str_has_prefix(text, "whsec_"))
		text += strlen("whsec_");
	n = base64_decode(key, sizeof(key), text);
	if (n > 0)
		set_part(ret, key, (size_t)n);
	mem_wipe(key, sizeof(key));
	return n > 0 ? 0 : err_set(err, -EINVAL, "is not 'whsec_' and base64");
}

static int add_secret(struct webhook_rules *r, const char *line, size_t n, struct err *err)
{
	struct secret one = {0};
	int e = 0;

	if (r->n_secrets == WEBHOOK_SECRETS_MAX)
		return err_set(err, -EINVAL, "holds more than %d secrets, one a line",
			WEBHOOK_SECRETS_MAX);
	set_part(&one, line, n);
	if (r->provider == WEBHOOK_STANDARD)
		e = set_standard(&r->secrets[r->n_secrets], secret_text(&one), err);
	else
		set_part(&r->secrets[r->n_secrets], line, n);
	secret_deinit(&one);
	r->n_secrets += e == 0;
	return e;
}

int webhook_add_secrets(struct webhook_rules *r, const struct secret *text, struct err *err)
{
	const char *at = secret_text(text), *end = at + text->len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);
		int e = 0;

		if (n > 0 && at[n - 1] == '\r')
			n--;
		if (n > 0)
			e = add_secret(r, at, n, err);
		if (e < 0)
			return e;
		at = stop ? stop + 1 : end;
	}
	return r->n_secrets ? 0 : err_set(err, -EINVAL, "is empty");
}
