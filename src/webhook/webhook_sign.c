/* SPDX-License-Identifier: MIT */
/*
 * webhook_sign: the other half of webhook_check, for requests that are sent again.
 *
 * A message that has no id gets one that says nothing but which time and body it is of, so that
 * this room needs no randomness.
 */
#include "webhook/webhook_sign.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "crypt/digest.h"

#define ID_MAX 200
/* base64 of the longest digest is shorter than its hex */
#define TEXT_MAX (2 * HMAC_LEN_MAX + 1)
_Static_assert(BASE64_SIZE(HMAC_LEN_MAX) <= TEXT_MAX, "base64 is the longer one");

static void PRINTF(3, 4)
	add_field(struct webhook_signature *s, const char *name, const char *fmt, ...)
{
	va_list ap;

	(void)snprintf(s->fields[s->n].name, sizeof(s->fields[s->n].name), "%s", name);
	va_start(ap, fmt);
	(void)vsnprintf(s->fields[s->n].value, sizeof(s->fields[s->n].value), fmt, ap);
	va_end(ap);
	s->n++;
}

/* @before and @body, signed and written as the scheme has it. */
static void digest(const struct webhook_rules *r, const struct str *before, struct http_span body,
	char ret[static TEXT_MAX])
{
	struct webhook_scheme sc;
	uint8_t bytes[HMAC_LEN_MAX];
	struct hmac *h;
	size_t n;

	webhook_scheme(&sc, r);
	h = hmac_new(sc.digest, r->secrets[0].data, r->secrets[0].len);
	hmac_add(h, str_get(before), before->len);
	hmac_add(h, body.at, body.n);
	n = hmac_finish(h, bytes);
	hmac_free(h);
	if (sc.encoding == WEBHOOK_HEX)
		parse_format_hex(ret, bytes, n);
	else
		base64_encode(ret, bytes, n);
}

static void make_id(char to[static ID_MAX + 1], const struct http_field *had, uint64_t now_s,
	struct http_span body)
{
	char hex[DIGEST_HEX_SIZE];

	if (had && had->value.n > 0 && had->value.n <= ID_MAX) {
		memcpy(to, had->value.at, had->value.n);
		to[had->value.n] = '\0';
		return;
	}
	digest_sha256_hex(hex, body.at, body.n);
	(void)snprintf(to, ID_MAX + 1, "msg_%" PRIu64 "%.16s", now_s, hex);
}

static void sign_standard(const struct webhook_rules *r, const struct http_head *h,
	struct http_span body, uint64_t now_s, struct webhook_signature *ret)
{
	bool svix = h && !http_head_find(h, "webhook-signature") &&
		    http_head_find(h, "svix-signature");
	const char *id_name = svix ? "svix-id" : "webhook-id";
	CLEANUP(str_deinit) struct str before = STR_INIT(ID_MAX + 32);
	char id[ID_MAX + 1], text[TEXT_MAX];

	make_id(id, h ? http_head_find(h, id_name) : NULL, now_s, body);
	str_addf(&before, "%s.%" PRIu64 ".", id, now_s);
	digest(r, &before, body, text);
	add_field(ret, id_name, "%s", id);
	add_field(ret, svix ? "svix-timestamp" : "webhook-timestamp", "%" PRIu64, now_s);
	add_field(ret, svix ? "svix-signature" : "webhook-signature", "v1,%s", text);
}

void webhook_sign(const struct webhook_rules *r, const struct http_head *h, struct http_span body,
	uint64_t now_ms, struct webhook_signature *ret)
{
	CLEANUP(str_deinit) struct str before = STR_INIT(64);
	uint64_t now_s = now_ms / 1000;
	struct webhook_scheme sc;
	char text[TEXT_MAX];

	memset(ret, 0, sizeof(*ret));
	if (r->provider == WEBHOOK_NONE)
		return;
	if (r->provider == WEBHOOK_STANDARD) {
		sign_standard(r, h, body, now_s, ret);
		return;
	}
	webhook_scheme(&sc, r);
	if (r->provider == WEBHOOK_SLACK)
		str_addf(&before, "v0:%" PRIu64 ":", now_s);
	if (r->provider == WEBHOOK_STRIPE)
		str_addf(&before, "%" PRIu64 ".", now_s);
	digest(r, &before, body, text);
	if (r->provider == WEBHOOK_SLACK)
		add_field(ret, WEBHOOK_SLACK_TIME, "%" PRIu64, now_s);
	if (r->provider == WEBHOOK_STRIPE)
		add_field(ret, sc.field, "t=%" PRIu64 ",v1=%s", now_s, text);
	else
		add_field(ret, sc.field, "%s%s", sc.prefix, text);
}
