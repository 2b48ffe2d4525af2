/* SPDX-License-Identifier: MIT */
/*
 * v1: the Rust tunnelto's messages: two hellos in JSON, then packets of a tag, an id and the rest
 * of the message.
 *
 * The JSON is what serde makes of Rust's enums: a variant without fields is a string, one with
 * fields an object of one member. Readers are as lenient as serde is, and no more.
 *
 * Not here: who may have which name, and what a stream does (v1/).
 */
#include "proto/v1.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

const uint8_t v1_empty_id[V1_ID_LEN] = {0x0f, 0, 0, 0, 0, 0, 0, 0};
const uint8_t v1_token_id[V1_ID_LEN] = {0x0f, 0, 0, 0, 0, 0, 0, 1};

/* --- packets --------------------------------------------------------------------------------- */

static const char *const names[V1_PACKET_TYPE_MAX] = {
#define V1_PACKET(name, tag, word, from) [tag] = (word),
#include "proto/v1_packet.def.h"
#undef V1_PACKET
};

const char *v1_packet_name(unsigned int type)
{
	return type < V1_PACKET_TYPE_MAX && names[type] ? names[type] : "unknown";
}

enum v1_result v1_packet_decode(struct v1_packet *ret, const uint8_t *bytes, size_t n)
{
	if (n < V1_HEADER_LEN)
		return V1_SHORT;
	if (bytes[0] >= V1_PACKET_TYPE_MAX || !names[bytes[0]])
		return V1_BAD_TYPE;
	ret->type = bytes[0];
	memcpy(ret->id, bytes + 1, V1_ID_LEN);
	ret->payload = bytes + V1_HEADER_LEN;
	ret->n = n - V1_HEADER_LEN;
	/* any id but the empty one says that a token follows */
	if (ret->type == V1_PING && memcmp(ret->id, v1_empty_id, V1_ID_LEN) == 0) {
		ret->payload = NULL;
		ret->n = 0;
	}
	return V1_OK;
}

void v1_packet_encode_header(uint8_t out[static V1_HEADER_LEN], enum v1_packet_type type,
	const uint8_t id[static V1_ID_LEN])
{
	out[0] = (uint8_t)type;
	memcpy(out + 1, id, V1_ID_LEN);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *load(const uint8_t *json, size_t n, size_t flags)
{
	json_error_t e;

	/* serde takes a NUL inside a string, and so must we: what it means is judged later */
	return json_loadb((const char *)json, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | flags,
		&e);
}

static size_t dump(uint8_t *out, size_t cap, json_t *root)
{
	size_t n = root ? json_dumpb(root, (char *)out, cap, JSON_COMPACT | JSON_ENCODE_ANY) : 0;

	json_decref(root);
	return n <= cap ? n : 0;
}

/* A text without control characters that fits; an absent one is "". */
static int get_text(char *to, size_t size, const json_t *value)
{
	size_t n = json_string_length(value);

	to[0] = '\0';
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value) || n >= size)
		return -EPROTO;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)json_string_value(value)[i];

		if (c < 0x20 || c == 0x7f)
			return -EPROTO;
	}
	memcpy(to, json_string_value(value), n + 1);
	return 0;
}

static json_t *text_or_null(const char *s)
{
	return s[0] ? json_string(s) : json_null();
}

/* --- ClientHello ----------------------------------------------------------------------------- */

/* "Anonymous", {"Anonymous":null} or {"Auth":{"key":"…"}} */
static int get_client_type(struct v1_client_hello *h, const json_t *value)
{
	const json_t *auth = json_object_get(value, "Auth"), *key = json_object_get(auth, "key");

	if (str_eq(json_string_value(value), "Anonymous") ||
		json_is_null(json_object_get(value, "Anonymous"))) {
		h->anonymous = true;
		return json_is_string(value) || json_object_size(value) == 1 ? 0 : -EPROTO;
	}
	if (json_object_size(value) != 1 || !json_is_string(key))
		return -EPROTO;
	return get_text(h->key, sizeof(h->key), key);
}

static int get_version(struct v1_client_hello *h, const json_t *value)
{
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return -EPROTO;
	h->version = str_eq(json_string_value(value), "pre") ? V1_VERSION_PRE : V1_VERSION_V1;
	return 0;
}

static int get_client_hello(struct v1_client_hello *h, const json_t *root, struct err *err)
{
	const json_t *sub_domain = json_object_get(root, "sub_domain");

	if (!json_is_object(root))
		return err_set(err, -EPROTO, "not a JSON object");
	if (!json_is_string(json_object_get(root, "id")))
		return err_set(err, -EPROTO, "member 'id' is missing or no text");
	/* clients put in what they like, and servers do not care */
	if (get_text(h->id, sizeof(h->id), json_object_get(root, "id")) < 0)
		h->id[0] = '\0';
	if (sub_domain && !json_is_null(sub_domain) && !json_is_string(sub_domain))
		return err_set(err, -EPROTO, "member 'sub_domain' is no text");
	h->bad_sub_domain = get_text(h->sub_domain, sizeof(h->sub_domain), sub_domain) < 0 ||
			    (json_is_string(sub_domain) && json_string_length(sub_domain) == 0);
	if (get_client_type(h, json_object_get(root, "client_type")) < 0)
		return err_set(err, -EPROTO, "member 'client_type' is missing or unknown");
	if (get_text(h->token, sizeof(h->token), json_object_get(root, "reconnect_token")) < 0)
		return err_set(err, -EPROTO, "member 'reconnect_token' is no text, or too long");
	if (get_version(h, json_object_get(root, "version")) < 0)
		return err_set(err, -EPROTO, "member 'version' is no text");
	return 0;
}

int v1_client_hello_decode(struct v1_client_hello *ret, const uint8_t *json, size_t n,
	struct err *err)
{
	json_t *root = load(json, n, 0);
	int r;

	memset(ret, 0, sizeof(*ret));
	r = get_client_hello(ret, root, err);
	json_decref(root);
	return r;
}

size_t v1_client_hello_encode(uint8_t *out, size_t cap, const struct v1_client_hello *h)
{
	json_t *type = h->anonymous ? json_string("Anonymous")
				    : json_pack("{s:{s:s}}", "Auth", "key", h->key);
	json_t *root = json_pack("{s:s, s:o, s:o, s:o}", "id", h->id, "sub_domain",
		text_or_null(h->sub_domain), "client_type", type, "reconnect_token",
		text_or_null(h->token));

	if (h->version == V1_VERSION_V1)
		(void)json_object_set_new(root, "version", json_string("v1"));
	return dump(out, cap, root);
}

/* --- ServerHello ----------------------------------------------------------------------------- */

static const char *const answers[V1_ANSWER_COUNT] = {
	[V1_SUCCESS] = "success",
	[V1_SUB_DOMAIN_IN_USE] = "sub_domain_in_use",
	[V1_INVALID_SUB_DOMAIN] = "invalid_sub_domain",
	[V1_AUTH_FAILED] = "auth_failed",
	[V1_ERROR] = "error",
};

static int get_word(struct v1_server_hello *h, const char *word)
{
	for (size_t i = V1_SUB_DOMAIN_IN_USE; i <= V1_AUTH_FAILED; i++) {
		if (str_eq(word, answers[i])) {
			h->answer = (enum v1_answer)i;
			return 0;
		}
	}
	return -EPROTO;
}

/* All three were there from 0.1.18 on. */
static int get_success(struct v1_server_hello *h, const json_t *success)
{
	const json_t *sub_domain = json_object_get(success, "sub_domain");
	const json_t *hostname = json_object_get(success, "hostname");
	const json_t *client_id = json_object_get(success, "client_id");

	h->answer = V1_SUCCESS;
	if (!json_is_string(sub_domain) || !json_is_string(hostname) || !json_is_string(client_id))
		return -EPROTO;
	if (get_text(h->sub_domain, sizeof(h->sub_domain), sub_domain) < 0 ||
		get_text(h->hostname, sizeof(h->hostname), hostname) < 0 ||
		get_text(h->client_id, sizeof(h->client_id), client_id) < 0)
		return -EPROTO;
	return 0;
}

static int get_answer(struct v1_server_hello *h, const json_t *root)
{
	const json_t *success = json_object_get(root, "success");
	const json_t *error = json_object_get(root, "error");

	if (json_is_string(root))
		return get_word(h, json_string_value(root));
	if (json_object_size(root) != 1)
		return -EPROTO;
	if (success)
		return get_success(h, success);
	h->answer = V1_ERROR;
	return json_is_string(error) ? get_text(h->error, sizeof(h->error), error) : -EPROTO;
}

int v1_server_hello_decode(struct v1_server_hello *ret, const uint8_t *json, size_t n,
	struct err *err)
{
	json_t *root = load(json, n, JSON_DECODE_ANY);
	int r;

	memset(ret, 0, sizeof(*ret));
	r = get_answer(ret, root);
	json_decref(root);
	return r < 0 ? err_set(err, r, "the server's answer to the hello makes no sense") : 0;
}

size_t v1_server_hello_encode(uint8_t *out, size_t cap, const struct v1_server_hello *h)
{
	json_t *root;

	if (h->answer == V1_SUCCESS)
		root = json_pack("{s:{s:s, s:s, s:s}}", answers[V1_SUCCESS], "sub_domain",
			h->sub_domain, "hostname", h->hostname, "client_id", h->client_id);
	else if (h->answer == V1_ERROR)
		root = json_pack("{s:s}", answers[V1_ERROR], h->error);
	else
		root = json_string(answers[h->answer]);
	return dump(out, cap, root);
}
