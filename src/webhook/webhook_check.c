/* SPDX-License-Identifier: MIT */
/*
 * webhook_check: a request's signature against the secrets of its sender.
 *
 *   head ── signatures, time stamp, id ──> what is signed before the body ──> HMAC, one a secret
 *   body ── piece by piece ──────────────────────────────────────────────────────^
 *   end  ── each HMAC with each signature, in constant time
 *
 * A head that cannot be that of a signed request (no field, no digits, an old time stamp) decides
 * at once, so that nobody has to collect a body for it. The words are for the person who set the
 * webhook up, and repeat nothing of the request but numbers.
 *
 * Not here: a clock, bodies (they are only looked at), and what becomes of the request.
 */
#include "webhook/webhook_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/parse.h"
#include "proto/http_head.h"
#include "webhook/webhook.h"

#define DIGITS_MAX 12 /* of a time stamp in seconds */

struct webhook_check {
	struct hmac *macs[WEBHOOK_SECRETS_MAX];
	size_t n_macs;
	uint8_t signatures[WEBHOOK_SIGNATURES_MAX][HMAC_LEN_MAX];
	size_t n_signatures;
	size_t len;                /* of each */
	char why[WEBHOOK_WHY_MAX]; /* "" while nothing is wrong */
};

/* What is signed before the body: up to three texts of the head. */
struct signed_head {
	struct http_span id, time;
};

/* --- words ----------------------------------------------------------------------------------- */

static void PRINTF(2, 3) fail(struct webhook_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
}

/* "12 minutes", in the largest unit of which there are two. */
static void format_span(char *to, size_t size, uint64_t s)
{
	static const struct {
		uint64_t s;
		const char *word;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (s / units[i].s < 2)
			continue;
		(void)snprintf(to, size, "%" PRIu64 " %s", s / units[i].s, units[i].word);
		return;
	}
	(void)snprintf(to, size, "%" PRIu64 " seconds", s);
}

/* --- fields ---------------------------------------------------------------------------------- */

/* The one field of that name. False: there is none, or there are several, of which an origin might
 * read another one than we did. */
static bool find_one(struct webhook_check *c, const struct http_head *h, const char *name,
	struct http_span *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		if (!http_head_span_case_is(h->fields[i].name, name))
			continue;
		*ret = h->fields[i].value;
		n++;
	}
	if (n != 1)
		fail(c, n ? "there are several %s fields" : "no %s field", name);
	return n == 1;
}

/* Cut off and return what stands before the first @mark; all of it when there is none. */
static struct http_span cut(struct http_span *rest, char mark)
{
	const char *at = rest->n ? memchr(rest->at, mark, rest->n) : NULL;
	struct http_span first = {rest->at, at ? (size_t)(at - rest->at) : rest->n};

	*rest = at ? (struct http_span){at + 1, rest->n - first.n - 1} : (struct http_span){"", 0};
	return first;
}

static bool skip_prefix(struct http_span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->at, prefix, n) != 0)
		return false;
	s->at += n;
	s->n -= n;
	return true;
}

/* Exactly @len bytes in that encoding. */
static bool decode(uint8_t *ret, size_t len, struct http_span s, enum webhook_encoding encoding)
{
	uint8_t bytes[HMAC_LEN_MAX + 2]; /* base64 is padded to threes */
	char text[2 * HMAC_LEN_MAX + 1];
	bool fine;

	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.at, s.n);
	text[s.n] = '\0';
	if (encoding == WEBHOOK_HEX)
		fine = s.n == 2 * len && parse_hex(text, bytes, len) == 0;
	else
		fine = base64_decode(bytes, sizeof(bytes), text) == (ssize_t)len;
	if (fine)
		memcpy(ret, bytes, len);
	return fine;
}

/* False: one too many. What is not of the right form counts for nothing. */
static bool add_signature(struct webhook_check *c, struct http_span s,
	enum webhook_encoding encoding)
{
	if (c->n_signatures == WEBHOOK_SIGNATURES_MAX) {
		fail(c, "there are more than %d signatures", WEBHOOK_SIGNATURES_MAX);
		return false;
	}
	c->n_signatures += decode(c->signatures[c->n_signatures], c->len, s, encoding);
	return true;
}

/* --- the time stamp -------------------------------------------------------------------------- */

static bool parse_time(struct http_span s, uint64_t *ret)
{
	char text[DIGITS_MAX + 1];

	if (s.n == 0 || s.n > DIGITS_MAX)
		return false;
	memcpy(text, s.at, s.n);
	text[s.n] = '\0';
	return parse_u64(text, ret) == 0;
}

static void check_time(struct webhook_check *c, struct http_span s, uint64_t tolerance_ms,
	uint64_t now_ms)
{
	char is[40], allowed[40];
	uint64_t then, off;

	if (!parse_time(s, &then)) {
		fail(c, "the time stamp is not a number of seconds");
		return;
	}
	then *= 1000;
	off = then > now_ms ? then - now_ms : now_ms - then;
	if (off <= tolerance_ms)
		return;
	format_span(is, sizeof(is), off / 1000);
	format_span(allowed, sizeof(allowed), tolerance_ms / 1000);
	if (strcmp(is, allowed) == 0) {
		(void)snprintf(is, sizeof(is), "%" PRIu64 ".%03u seconds", off / 1000,
			(unsigned int)(off % 1000));
		(void)snprintf(allowed, sizeof(allowed), "%" PRIu64, tolerance_ms / 1000);
	}
	fail(c, "the time stamp is %s %s, %s are allowed%s", is, then > now_ms ? "ahead" : "old",
		allowed, then > now_ms ? ": is the clock right?" : "");
}

/* --- the three shapes ------------------------------------------------------------------------ */

/* GitHub, Slack, Shopify, hmac. */
static void read_single(struct webhook_check *c, const struct webhook_scheme *sc,
	const struct http_head *h, struct signed_head *ret)
{
	struct http_span s;

	if (sc->timed && !find_one(c, h, WEBHOOK_SLACK_TIME, &ret->time))
		return;
	if (!find_one(c, h, sc->field, &s))
		return;
	if (!skip_prefix(&s, sc->prefix) || !add_signature(c, s, sc->encoding) ||
		c->n_signatures == 0)
		fail(c, "the %s field is not %s%s%zu bytes in %s", sc->field, sc->prefix,
			*sc->prefix ? " and " : "", c->len, webhook_encoding_words[sc->encoding]);
}

/* Stripe: "t=1492774577,v1=…,v1=…,v0=…"; other keys are of other schemes. */
static void read_pairs(struct webhook_check *c, const struct webhook_scheme *sc,
	const struct http_head *h, struct signed_head *ret)
{
	struct http_span rest, value;
	size_t times = 0;

	if (!find_one(c, h, sc->field, &rest))
		return;
	while (rest.n > 0) {
		value = http_head_trim(cut(&rest, ','));
		if (skip_prefix(&value, "t=")) {
			ret->time = value;
			times++;
		} else if (skip_prefix(&value, "v1=") && !add_signature(c, value, sc->encoding)) {
			return;
		}
	}
	if (times != 1)
		fail(c, "the %s field has %s", sc->field,
			times ? "several time stamps (t=)" : "no time stamp (t=)");
	else if (c->n_signatures == 0)
		fail(c, "the %s field has no signature of scheme v1", sc->field);
}

/* Standard Webhooks: "v1,… v1,… v1a,…", an id and a time stamp; sent by Svix under its own name. */
static void read_list(struct webhook_check *c, const struct webhook_scheme *sc,
	const struct http_head *h, struct signed_head *ret)
{
	bool svix = !http_head_find(h, sc->field) && http_head_find(h, "svix-signature");
	struct http_span rest, one;
	bool asymmetric = false;

	if (!find_one(c, h, svix ? "svix-id" : "webhook-id", &ret->id) ||
		!find_one(c, h, svix ? "svix-timestamp" : "webhook-timestamp", &ret->time) ||
		!find_one(c, h, svix ? "svix-signature" : sc->field, &rest))
		return;
	while (rest.n > 0) {
		one = cut(&rest, ' ');
		asymmetric = asymmetric || (one.n > 4 && memcmp(one.at, "v1a,", 4) == 0);
		if (skip_prefix(&one, sc->prefix) && !add_signature(c, one, sc->encoding))
			return;
	}
	if (c->n_signatures == 0)
		fail(c, asymmetric ? "there are only signatures of scheme v1a, which is not "
				     "supported"
				   : "there is no signature of scheme v1");
}

/* --- life ------------------------------------------------------------------------------------ */

/* What is signed before the body (Slack "v0:time:", Stripe "time.", standard "id.time."). */
static void add_head(struct webhook_check *c, int provider, const struct signed_head *s)
{
	const char *mark = provider == WEBHOOK_SLACK ? ":" : ".";

	if (provider == WEBHOOK_SLACK)
		webhook_check_add(c, "v0:", 3);
	if (provider == WEBHOOK_STANDARD) {
		webhook_check_add(c, s->id.at, s->id.n);
		webhook_check_add(c, mark, 1);
	}
	webhook_check_add(c, s->time.at, s->time.n);
	webhook_check_add(c, mark, 1);
}

struct webhook_check *webhook_check_new(const struct webhook_rules *r, const struct http_head *h,
	uint64_t now_ms)
{
	static void (*const read[])(struct webhook_check *, const struct webhook_scheme *,
		const struct http_head *, struct signed_head *) = {
		[WEBHOOK_SINGLE] = read_single,
		[WEBHOOK_PAIRS] = read_pairs,
		[WEBHOOK_LIST] = read_list,
	};
	struct webhook_check *c = mem_new(struct webhook_check);
	struct signed_head before = {0};
	struct webhook_scheme sc;

	webhook_scheme(&sc, r);
	c->len = hmac_len(sc.digest);
	read[sc.shape](c, &sc, h, &before);
	if (!c->why[0] && sc.timed)
		check_time(c, before.time, r->tolerance_ms, now_ms);
	if (c->why[0])
		return c;
	for (; c->n_macs < r->n_secrets; c->n_macs++)
		c->macs[c->n_macs] = hmac_new(sc.digest, r->secrets[c->n_macs].data,
			r->secrets[c->n_macs].len);
	if (sc.timed)
		add_head(c, r->provider, &before);
	return c;
}

const char *webhook_check_hopeless(const struct webhook_check *c)
{
	return c->why[0] ? c->why : NULL;
}

void webhook_check_add(struct webhook_check *c, const void *bytes, size_t n)
{
	for (size_t i = 0; i < c->n_macs; i++)
		hmac_add(c->macs[i], bytes, n);
}

const char *webhook_check_finish(struct webhook_check *c)
{
	uint8_t is[HMAC_LEN_MAX];
	bool equal = false;

	if (c->why[0])
		return c->why;
	for (size_t i = 0; i < c->n_macs; i++) {
		(void)hmac_finish(c->macs[i], is);
		for (size_t k = 0; k < c->n_signatures; k++)
			equal = hmac_equal(is, c->signatures[k], c->len) || equal;
	}
	mem_wipe(is, sizeof(is));
	if (!equal)
		fail(c, "the signature does not match: is the secret right?");
	return equal ? NULL : c->why;
}

void webhook_check_free(struct webhook_check *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_macs; i++)
		hmac_free(c->macs[i]);
	free(c);
}
