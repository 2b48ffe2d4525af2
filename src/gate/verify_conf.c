/* SPDX-License-Identifier: MIT */
/*
 * verify_conf: the rows below a tunnel's `verify`, and its secrets.
 *
 * A secret is wherever the tunnel is: in a file of its own, in a credential of systemd, or in the
 * YAML, which then had better be nobody else's to read. It is held among the rules alone, wiped
 * with them, and never repeated.
 */
#include "gate/verify_conf.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/doc.h"
#include "conf/report.h"
#include "proto/http_head.h"
#include "sys/creds.h"

#define CREDENTIAL "credential:"
#define MIB        (1024 * 1024ULL)

#define TOLERANCE_MS 300000
#define MAX_BODY     (25 * MIB)
#define TIMEOUT_MS   30000

/* --- life ------------------------------------------------------------------------------------ */

void verify_conf_init(struct verify_conf *v)
{
	memset(v, 0, sizeof(*v));
	v->enforce = true;
	v->max_body = MAX_BODY;
	v->timeout = TIMEOUT_MS;
	v->rules.tolerance_ms = TOLERANCE_MS;
	v->rules.digest = HMAC_SHA256;
}

static void wipe(char **text)
{
	if (*text)
		mem_wipe(*text, strlen(*text));
	free(TAKE_PTR(*text));
}

void verify_conf_deinit(struct verify_conf *v)
{
	wipe(&v->secret);
	free(TAKE_PTR(v->secret_file));
	webhook_deinit(&v->rules);
}

void verify_conf_copy(struct verify_conf *v, const struct verify_conf *from)
{
	*v = *from;
	v->secret = mem_strdup(from->secret);
	v->secret_file = mem_strdup(from->secret_file);
	webhook_copy(&v->rules, &from->rules);
}

bool verify_conf_same_gate(const struct verify_conf *a, const struct verify_conf *b)
{
	return verify_conf_is_on(a) == verify_conf_is_on(b) &&
	       (!verify_conf_is_on(a) || a->enforce == b->enforce);
}

bool verify_conf_same(const struct verify_conf *a, const struct verify_conf *b)
{
	return verify_conf_same_gate(a, b) && webhook_same(&a->rules, &b->rules) &&
	       a->max_body == b->max_body && a->timeout == b->timeout;
}

/* At @key's value; where it is not written, at the mapping. */
static void mistake(struct conf_report *report, const struct conf_node *node, const char *key,
	const char *why)
{
	const struct conf_node *at = doc_find(node, key);
	size_t mark = report_enter(report, key, 0);

	report_add(report, at ? at : node, "%s", why);
	report_leave(report, mark);
}

/* --- secrets --------------------------------------------------------------------------------- */

int verify_conf_load(struct secret *ret, const char *secret_file, struct err *err)
{
	const char *name = secret_file + strlen(CREDENTIAL);
	char path[512];

	if (!str_has_prefix(secret_file, CREDENTIAL))
		return secret_load_file(ret, secret_file, err);
	if (!creds_path(name, path, sizeof(path)))
		return err_set(err, -ENOENT, "there is no credential '%s'", name);
	return secret_load_file(ret, path, err);
}

/* Where everybody may read it a secret is none; but the file is there, and may be shown around. */
static void warn_of_mode(const struct conf_node *node)
{
	struct stat st;

	if (stat(node->doc->name, &st) == 0 && st.st_mode & S_IROTH)
		log_warn("%s:%u: everybody may read this file, and a webhook's secret stands in "
			 "it; use chmod o-r, or 'secret_file'",
			node->doc->name, node->line);
}

static int take_written(struct verify_conf *v, struct secret *ret)
{
	int r = secret_set(ret, v->secret, strlen(v->secret));

	wipe(&v->secret);
	return r;
}

static void check_secrets(const struct conf_node *node, struct verify_conf *v,
	struct conf_report *report)
{
	const struct conf_node *written = doc_find(node, "secret"),
			       *file = doc_find(node, "secret_file");
	struct secret text = {0};
	struct err err = {0};
	int r;

	if ((written && !v->secret) || (file && !v->secret_file))
		return; /* it was no text, which has been said */
	if (!v->secret == !v->secret_file) {
		mistake(report, node, written && file ? "secret_file" : "secret",
			written && file ? "excludes 'secret'" : "is required, or 'secret_file'");
		return;
	}
	if (v->secret) {
		warn_of_mode(written);
		r = take_written(v, &text);
	} else {
		r = verify_conf_load(&text, v->secret_file, &err);
	}
	if (r == 0)
		r = webhook_add_secrets(&v->rules, &text, &err);
	if (r < 0)
		mistake(report, node, written ? "secret" : "secret_file",
			err.text[0] ? err.text : strerror(-r));
	secret_deinit(&text);
}

/* --- what belongs together ------------------------------------------------------------------- */

static bool is_field_name(const char *s)
{
	size_t n = 0;

	while (http_head_is_token((uint8_t)s[n]))
		n++;
	return n > 0 && s[n] == '\0';
}

static void check_header(const struct conf_node *node, void *dst, struct conf_report *report)
{
	if (!is_field_name(*(char **)dst))
		report_add(report, node, "'%s' is no name of a header field", *(char **)dst);
}

static void check_prefix(const struct conf_node *node, void *dst, struct conf_report *report)
{
	for (const char *s = *(char **)dst; *s; s++) {
		if (*s > ' ' && *s < 0x7f)
			continue;
		report_add(report, node, "has what no signature begins with");
		return;
	}
}

static void check_scheme(const struct conf_node *node, const struct verify_conf *v,
	struct conf_report *report)
{
	static const char *const of_hmac[] = {"header", "prefix", "encoding", "algorithm"};
	bool is_hmac = v->rules.provider == WEBHOOK_HMAC;

	if (is_hmac && !v->rules.header && !doc_find(node, "header"))
		mistake(report, node, "header", "is required for provider hmac");
	for (size_t i = 0; i < ARRAY_SIZE(of_hmac) && !is_hmac; i++) {
		if (doc_find(node, of_hmac[i]))
			mistake(report, node, of_hmac[i],
				"is for provider hmac, the others say how they sign");
	}
	if (doc_find(node, "tolerance") && !webhook_is_timed(v->rules.provider))
		mistake(report, node, "tolerance",
			"is for providers that sign the time, "
			"stripe, slack and standard-webhooks");
}

static void check(const struct conf_node *node, void *dst, struct conf_report *report)
{
	struct verify_conf *v = dst;

	if (!node->first)
		return;
	if (!doc_find(node, "provider")) {
		mistake(report, node, "provider", "is required");
	} else if (verify_conf_is_on(v)) {
		check_scheme(node, v, report);
		check_secrets(node, v, report);
	}
	wipe(&v->secret);
}

/* clang-format off: a table */
#define AT(f) .offset = offsetof(struct verify_conf, f)

static const struct conf_row rows[] = {
	{"provider", CONF_ENUM, AT(rules.provider), .words = webhook_provider_words,
		.fallback = "none",
		.help = "who signs: github, stripe, slack, shopify, "
			"standard-webhooks, or hmac in some other way"},
	{"secret", CONF_STRING, CONF_SECRET, AT(secret), .min = 1, .max = SECRET_MAX,
		.help = "what is shared with the sender"},
	{"secret_file", CONF_STRING, AT(secret_file), .min = 1,
		.help = "a file that others must not read, a secret a line, or credential:NAME"},
	{"enforce", CONF_BOOL, AT(enforce), .fallback = "true",
		.help = "false: pass on what is not signed, and only tell so"},
	{"tolerance", CONF_DURATION, AT(rules.tolerance_ms), .min = 1000, .max = 24 * 3600000ULL,
		.fallback = "5m", .help = "what a time stamp may be old, or ahead"},
	{"max_body", CONF_SIZE, AT(max_body), .min = 1, .max = VERIFY_CONF_BODY_MAX,
		.fallback = "25MiB", .help = "of a request that is held back until it is checked"},
	{"timeout", CONF_DURATION, AT(timeout), .min = 100, .max = 3600000, .fallback = "30s",
		.help = "for a request to arrive whole"},
	{"header", CONF_STRING, AT(rules.header), .min = 1, .max = WEBHOOK_NAME_MAX,
		.check = check_header, .help = "hmac: the field with the signature"},
	{"prefix", CONF_STRING, AT(rules.prefix), .max = WEBHOOK_NAME_MAX, .check = check_prefix,
		.help = "hmac: what stands before the signature"},
	{"encoding", CONF_ENUM, AT(rules.encoding), .words = webhook_encoding_words,
		.fallback = "hex", .help = "hmac: hex or base64"},
	{"algorithm", CONF_ENUM, AT(rules.digest), .words = webhook_digest_words,
		.fallback = "sha256", .help = "hmac: sha1, sha256 or sha512"},
};
const struct conf_table verify_conf_table = CONF_TABLE(rows, check);
/* clang-format on */

/* --- without a file -------------------------------------------------------------------------- */

int verify_conf_set(struct verify_conf *v, const char *provider, const struct secret *text,
	struct err *err)
{
	static const char hmac[] = "hmac:";
	bool generic = str_has_prefix(provider, hmac);

	if (generic && is_field_name(provider + strlen(hmac)) &&
		strlen(provider) <= strlen(hmac) + WEBHOOK_NAME_MAX) {
		v->rules.provider = WEBHOOK_HMAC;
		mem_replace(&v->rules.header, provider + strlen(hmac));
	}
	for (int i = WEBHOOK_NONE + 1; i < WEBHOOK_HMAC; i++) {
		if (str_eq(provider, webhook_provider_words[i]))
			v->rules.provider = i;
	}
	if (!verify_conf_is_on(v))
		return err_set(err, -EINVAL,
			"'%.40s' is no sender of webhooks: github, stripe, slack, shopify, "
			"standard-webhooks, or hmac:FIELD",
			provider);
	if (webhook_add_secrets(&v->rules, text, err) == 0)
		return 0;
	err_prefix(err, "the secret");
	return -EINVAL;
}
