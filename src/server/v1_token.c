/* SPDX-License-Identifier: MIT */
/*
 * v1_token: base64 of {"payload": "<JSON as a string>", "sig": "<HMAC-SHA-256 of it, hex>"}.
 *
 * Of the same form as a stock server's, which clients keep without looking at it. What the payload
 * says beyond that form is `chosen`.
 */
#include "server/v1_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/parse.h"
#include "crypt/hmac.h"

/* --- time ------------------------------------------------------------------------------------ */

static void format_time(char *to, size_t size, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32];
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(to, size, "%s.%03uZ", text, (unsigned int)(ms % 1000));
}

/* RFC 3339 in UTC; fractions of a second are dropped, which makes a token shorter-lived. */
static bool parse_time(uint64_t *ret_ms, const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	time_t t;

	if (!rest)
		return false;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (strcmp(rest, "Z") != 0)
		return false;
	t = timegm(&tm);
	*ret_ms = t > 0 ? (uint64_t)t * 1000 : 0;
	return true;
}

/* --- making ---------------------------------------------------------------------------------- */

static char *dump(json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	return text;
}

static char *make_payload(const struct v1_token *t)
{
	char expires[48];
	json_t *root;

	format_time(expires, sizeof(expires), t->expires_ms);
	root = json_pack("{s:s, s:s, s:s}", "sub_domain", t->sub_domain, "client_id", t->client_id,
		"expires", expires);
	if (t->chosen)
		(void)json_object_set_new(root, "chosen", json_true());
	return dump(root);
}

bool v1_token_encode(char ret[static V1_TOKEN_MAX], const uint8_t key[static V1_TOKEN_KEY_LEN],
	const struct v1_token *t)
{
	char *payload = make_payload(t), *text;
	char sig[2 * HMAC_LEN + 1];
	uint8_t digest[HMAC_LEN];
	bool fits;

	hmac_sha256(digest, key, V1_TOKEN_KEY_LEN, payload, strlen(payload));
	parse_format_hex(sig, digest, sizeof(digest));
	text = dump(json_pack("{s:s, s:s}", "payload", payload, "sig", sig));
	fits = BASE64_SIZE(strlen(text)) <= V1_TOKEN_MAX;
	if (fits)
		base64_encode(ret, text, strlen(text));
	free(payload);
	free(text);
	return fits;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool is_signed(const char *payload, const char *sig,
	const uint8_t key[static V1_TOKEN_KEY_LEN])
{
	uint8_t want[HMAC_LEN], given[HMAC_LEN];

	if (!payload || !sig || parse_hex(sig, given, sizeof(given)) < 0)
		return false;
	hmac_sha256(want, key, V1_TOKEN_KEY_LEN, payload, strlen(payload));
	return hmac_equal(want, given, sizeof(want));
}

static bool copy(char *to, size_t size, const json_t *value)
{
	const char *s = json_string_value(value);

	return s && snprintf(to, size, "%s", s) < (int)size;
}

static bool read_payload(struct v1_token *ret, const char *payload)
{
	json_error_t e;
	json_t *root = json_loads(payload, JSON_REJECT_DUPLICATES, &e);
	bool fine;

	fine = copy(ret->sub_domain, sizeof(ret->sub_domain),
		       json_object_get(root, "sub_domain")) &&
	       copy(ret->client_id, sizeof(ret->client_id), json_object_get(root, "client_id")) &&
	       parse_time(&ret->expires_ms, json_string_value(json_object_get(root, "expires")));
	ret->chosen = json_is_true(json_object_get(root, "chosen"));
	json_decref(root);
	return fine;
}

enum v1_token_result v1_token_decode(struct v1_token *ret,
	const uint8_t key[static V1_TOKEN_KEY_LEN], const char *text, uint64_t now_ms)
{
	uint8_t json[V1_TOKEN_MAX];
	ssize_t n = base64_decode(json, sizeof(json), text);
	const char *payload;
	json_error_t e;
	json_t *root;
	bool fine;

	memset(ret, 0, sizeof(*ret));
	root = n > 0 ? json_loadb((const char *)json, (size_t)n, JSON_REJECT_DUPLICATES, &e) : NULL;
	payload = json_string_value(json_object_get(root, "payload"));
	fine = is_signed(payload, json_string_value(json_object_get(root, "sig")), key) &&
	       read_payload(ret, payload);
	json_decref(root);
	if (!fine)
		return V1_TOKEN_BAD;
	return now_ms < ret->expires_ms ? V1_TOKEN_OK : V1_TOKEN_EXPIRED;
}
