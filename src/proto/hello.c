/* SPDX-License-Identifier: MIT */
/*
 * hello: the handshake's JSON payloads, by one table of members per payload.
 *
 * A member is decoded into a field of the struct by its row; wrong types, overlong strings,
 * control characters and numbers out of range are errors that name the member, unknown members
 * are ignored (tunnelto-protocol(7), Frames).
 */
#include "proto/hello.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <jansson.h>

#include "base/str.h"

enum kind { TEXT, U32, U16, U64, BOOL, PROTO };

struct member {
	const char *key;
	enum kind kind;
	size_t offset;
	size_t size; /* of a text, with its NUL */
	bool required;
};

#define M_TEXT(s, f, req)                                                                          \
	{                                                                                          \
#f, TEXT, offsetof(struct s, f), sizeof(((struct s *)0)->f), req                   \
	}
#define M(kind, s, f, req)                                                                         \
	{                                                                                          \
#f, kind, offsetof(struct s, f), 0, req                                            \
	}

static const struct member hello_members[] = {
	M(U32, hello, version, true),
	M_TEXT(hello, software, false),
	M_TEXT(hello, instance, true),
	M(U64, hello, generation, true),
	M(U32, hello, window, true),
	M_TEXT(hello, session, false),
	M_TEXT(hello, secret, false),
};

static const struct member welcome_members[] = {
	M(U32, hello_welcome, version, true),
	M_TEXT(hello_welcome, software, false),
	M_TEXT(hello_welcome, session, true),
	M_TEXT(hello_welcome, secret, true),
	M(BOOL, hello_welcome, resumed, false),
	M(U32, hello_welcome, grace_ms, false),
	M(U32, hello_welcome, window, true),
	M(U32, hello_welcome, max_streams, false),
	M(U32, hello_welcome, max_tunnels, false),
	M(BOOL, hello_welcome, lanes, false),
};

static const struct member register_members[] = {
	M(U32, hello_register, request, true),
	M_TEXT(hello_register, name, true),
	M(PROTO, hello_register, proto, true),
	M_TEXT(hello_register, subdomain, false),
	M_TEXT(hello_register, hostname, false),
	M(U16, hello_register, remote_port, false),
	M_TEXT(hello_register, host_header, false),
};

static const struct member registered_members[] = {
	M(U32, hello_registered, request, true),
	M(U32, hello_registered, tunnel, false),
	M_TEXT(hello_registered, url, false),
	M_TEXT(hello_registered, hostname, false),
	M(U16, hello_registered, port, false),
	M_TEXT(hello_registered, error, false),
	M_TEXT(hello_registered, message, false),
	M(BOOL, hello_registered, retry, false),
};

static const struct member grant_members[] = {
	M_TEXT(hello_grant, token, false),
	M(U32, hello_grant, expires_ms, false),
	M_TEXT(hello_grant, message, false),
};

static const char *const protos[HELLO_PROTO_COUNT] = {"http", "tcp", "tls"};

const char *hello_proto_word(enum hello_proto p)
{
	return protos[p];
}

int hello_proto_find(const char *word)
{
	for (int i = 0; i < HELLO_PROTO_COUNT; i++) {
		if (str_eq(word, protos[i]))
			return i;
	}
	return -1;
}

/* --- decoding -------------------------------------------------------------------------------- */

static int get_text(char *to, size_t size, const json_t *value)
{
	const char *s = json_string_value(value);
	size_t n = s ? json_string_length(value) : 0;

	if (!s || n >= size)
		return -EPROTO;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return -EPROTO;
	}
	memcpy(to, s, n + 1);
	return 0;
}

static int get_number(void *to, enum kind kind, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (kind == U32 && n > UINT32_MAX) ||
		(kind == U16 && n > UINT16_MAX))
		return -EPROTO;
	if (kind == U32)
		*(uint32_t *)to = (uint32_t)n;
	else if (kind == U16)
		*(uint16_t *)to = (uint16_t)n;
	else
		*(uint64_t *)to = (uint64_t)n;
	return 0;
}

static int get_proto(enum hello_proto *to, const json_t *value)
{
	int found = hello_proto_find(json_string_value(value));

	if (found < 0)
		return -EPROTO;
	*to = (enum hello_proto)found;
	return 0;
}

static int get(void *base, const struct member *m, const json_t *value)
{
	void *to = (char *)base + m->offset;

	switch (m->kind) {
	case TEXT:
		return get_text(to, m->size, value);
	case BOOL:
		*(bool *)to = json_is_true(value);
		return json_is_boolean(value) ? 0 : -EPROTO;
	case PROTO:
		return get_proto(to, value);
	case U32:
	case U16:
	case U64:
		return get_number(to, m->kind, value);
	}
	return -EPROTO;
}

static int decode(void *ret, size_t size, const struct member *members, size_t n_members,
	const uint8_t *json, size_t n, struct err *err)
{
	json_error_t e;
	json_t *root = json_loadb((const char *)json, n, JSON_REJECT_DUPLICATES, &e);
	int r = 0;

	memset(ret, 0, size);
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(err, -EPROTO, "not a JSON object");
	}
	for (size_t i = 0; i < n_members && r == 0; i++) {
		const json_t *value = json_object_get(root, members[i].key);

		if ((!value || json_is_null(value)) && members[i].required)
			r = err_set(err, -EPROTO, "member '%s' is missing", members[i].key);
		else if (value && !json_is_null(value) && get(ret, &members[i], value) < 0)
			r = err_set(err, -EPROTO, "member '%s' is of a wrong type or size",
				members[i].key);
	}
	json_decref(root);
	return r;
}

#define DECODE(ret, members) decode(ret, sizeof(*ret), members, ARRAY_SIZE(members), json, n, err)

/* A window below one DATA frame, or above what a receiver ever grants, is nonsense. */
static int check_window(uint32_t window, struct err *err)
{
	if (window < 16384 || window > 16 * 1024 * 1024)
		return err_set(err, -EPROTO, "member 'window' is out of range");
	return 0;
}

int hello_decode(struct hello *ret, const uint8_t *json, size_t n, struct err *err)
{
	int r = DECODE(ret, hello_members);

	return r < 0 ? r : check_window(ret->window, err);
}

int hello_welcome_decode(struct hello_welcome *ret, const uint8_t *json, size_t n, struct err *err)
{
	int r = DECODE(ret, welcome_members);

	return r < 0 ? r : check_window(ret->window, err);
}

static bool is_label(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && s[n] == '\0';
}

int hello_register_decode(struct hello_register *ret, const uint8_t *json, size_t n,
	struct err *err)
{
	int r = DECODE(ret, register_members);

	if (r == 0 && !is_label(ret->name))
		r = err_set(err, -EPROTO,
			"member 'name' has characters that a label does not have");
	return r;
}

int hello_registered_decode(struct hello_registered *ret, const uint8_t *json, size_t n,
	struct err *err)
{
	int r = DECODE(ret, registered_members);

	ret->granted = r == 0 && ret->error[0] == '\0';
	if (ret->granted && ret->tunnel == 0)
		r = err_set(err, -EPROTO, "neither 'tunnel' nor 'error'");
	return r;
}

int hello_grant_decode(struct hello_grant *ret, const uint8_t *json, size_t n, struct err *err)
{
	return DECODE(ret, grant_members);
}

/* --- encoding -------------------------------------------------------------------------------- */

static json_t *put(const void *base, const struct member *m)
{
	const void *from = (const char *)base + m->offset;

	switch (m->kind) {
	case TEXT:
		return *(const char *)from || m->required ? json_string((const char *)from) : NULL;
	case BOOL:
		return json_boolean(*(const bool *)from);
	case PROTO:
		return json_string(protos[*(const enum hello_proto *)from]);
	case U32:
		return json_integer(*(const uint32_t *)from);
	case U16:
		return *(const uint16_t *)from ? json_integer(*(const uint16_t *)from) : NULL;
	case U64:
		return json_integer((json_int_t) * (const uint64_t *)from);
	}
	return NULL;
}

static size_t encode(uint8_t *out, size_t cap, const void *base, const struct member *members,
	size_t n)
{
	json_t *root = json_object();
	size_t len;

	for (size_t i = 0; i < n; i++) {
		json_t *value = put(base, &members[i]);

		if (value)
			(void)json_object_set_new(root, members[i].key, value);
	}
	len = json_dumpb(root, (char *)out, cap, JSON_COMPACT);
	json_decref(root);
	return len <= cap ? len : 0;
}

#define ENCODE(p, members) encode(out, cap, p, members, ARRAY_SIZE(members))

size_t hello_encode(uint8_t *out, size_t cap, const struct hello *h)
{
	return ENCODE(h, hello_members);
}

size_t hello_welcome_encode(uint8_t *out, size_t cap, const struct hello_welcome *w)
{
	return ENCODE(w, welcome_members);
}

size_t hello_register_encode(uint8_t *out, size_t cap, const struct hello_register *r)
{
	return ENCODE(r, register_members);
}

size_t hello_registered_encode(uint8_t *out, size_t cap, const struct hello_registered *r)
{
	return ENCODE(r, registered_members);
}

size_t hello_grant_encode(uint8_t *out, size_t cap, const struct hello_grant *g)
{
	return ENCODE(g, grant_members);
}

/* --- refusals -------------------------------------------------------------------------------- */

static const struct {
	const char *word, *text;
	bool retry;
} refusals[HELLO_REFUSAL_COUNT] = {
#define REFUSAL(name, word_, retry_, text_)                                                        \
	[HELLO_REFUSAL_##name] = {.word = (word_), .text = (text_), .retry = (retry_)},
#include "proto/hello_refusal.def.h"
#undef REFUSAL
};

const char *hello_refusal_word(enum hello_refusal r)
{
	return refusals[r].word;
}

const char *hello_refusal_text(enum hello_refusal r)
{
	return refusals[r].text;
}

bool hello_refusal_retry(enum hello_refusal r)
{
	return refusals[r].retry;
}
