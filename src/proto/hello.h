/* SPDX-License-Identifier: MIT */
#pragma once

/* hello: the JSON payloads of HELLO, WELCOME, REGISTER, REGISTERED and LANE_GRANT as structs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"

#define HELLO_VERSION     2
#define HELLO_ID_SIZE     33 /* 32 hex digits and a NUL */
#define HELLO_SECRET_SIZE 65
#define HELLO_NAME_MAX    64 /* a tunnel's label */
#define HELLO_HOST_MAX    254
#define HELLO_URL_MAX     300
#define HELLO_TEXT_MAX    257

struct hello { /* HELLO */
	uint32_t version;
	char software[64];
	char instance[HELLO_ID_SIZE]; /* constant for one installation: who an anonymous client is
				       */
	uint64_t generation; /* grows with every start of the client: the newer one wins a name */
	uint32_t window;     /* initial receive window of every stream, bytes */
	char session[HELLO_ID_SIZE]; /* wanted session to resume, or "" */
	char secret[HELLO_SECRET_SIZE];
};

struct hello_welcome { /* WELCOME */
	uint32_t version;
	char software[64];
	char session[HELLO_ID_SIZE];
	char secret[HELLO_SECRET_SIZE];
	bool resumed;
	uint32_t grace_ms;
	uint32_t window;
	uint32_t max_streams;
	uint32_t max_tunnels;
	bool lanes; /* LANE_ASK is worth asking */
};

/* TLS: passed through by its name, unopened */
enum hello_proto { HELLO_PROTO_HTTP, HELLO_PROTO_TCP, HELLO_PROTO_TLS, HELLO_PROTO_COUNT };
/* "http"; and back: -1 for what is none. */
const char *hello_proto_word(enum hello_proto p);
int hello_proto_find(const char *word);

struct hello_register {   /* REGISTER */
	uint32_t request; /* answered with the same number */
	char name[HELLO_NAME_MAX +
		  1]; /* the client's own label; the same label gets the same assigned name */
	enum hello_proto proto;
	char subdomain[HELLO_HOST_MAX];   /* http, tls: "" or the wanted label(s) below an allowed
					     host */
	char hostname[HELLO_HOST_MAX];    /* http, tls: "" or the whole name */
	uint16_t remote_port;             /* tcp: 0 = any of the key's range */
	char host_header[HELLO_HOST_MAX]; /* http: rewrite Host to this before the origin sees it;
					     "" keeps it */
};

struct hello_registered { /* REGISTERED */
	uint32_t request;
	bool granted;
	uint32_t tunnel; /* id for OPEN, when granted */
	char url[HELLO_URL_MAX];
	char hostname[HELLO_HOST_MAX];
	uint16_t port;                /* tcp */
	char error[32];               /* a word of hello_refusal.def.h, when refused */
	char message[HELLO_TEXT_MAX]; /* for people */
	bool retry;                   /* worth asking again later without a change by a person */
};

struct hello_grant {                   /* LANE_GRANT */
	char token[HELLO_SECRET_SIZE]; /* "" when refused */
	uint32_t expires_ms;
	char message[HELLO_TEXT_MAX];
};

/* Decoders: 0, or -EPROTO with words. Unknown members are ignored; wrong types, overlong and
 * control characters are not. */
int hello_decode(struct hello *ret, const uint8_t *json, size_t n, struct err *err) MUST_USE;
int hello_welcome_decode(struct hello_welcome *ret, const uint8_t *json, size_t n,
	struct err *err) MUST_USE;
int hello_register_decode(struct hello_register *ret, const uint8_t *json, size_t n,
	struct err *err) MUST_USE;
int hello_registered_decode(struct hello_registered *ret, const uint8_t *json, size_t n,
	struct err *err) MUST_USE;
int hello_grant_decode(struct hello_grant *ret, const uint8_t *json, size_t n,
	struct err *err) MUST_USE;
/* Encoders: the length written into @out (cap >= FRAME_MAX_JSON), without a NUL. */
size_t hello_encode(uint8_t *out, size_t cap, const struct hello *h);
size_t hello_welcome_encode(uint8_t *out, size_t cap, const struct hello_welcome *w);
size_t hello_register_encode(uint8_t *out, size_t cap, const struct hello_register *r);
size_t hello_registered_encode(uint8_t *out, size_t cap, const struct hello_registered *r);
size_t hello_grant_encode(uint8_t *out, size_t cap, const struct hello_grant *g);

/* Why a tunnel is refused: hello_refusal.def.h */
enum hello_refusal {
#define REFUSAL(name, word, retry, text) HELLO_REFUSAL_##name,
#include "proto/hello_refusal.def.h"
#undef REFUSAL
	HELLO_REFUSAL_COUNT
};
const char *hello_refusal_word(enum hello_refusal r);
const char *hello_refusal_text(enum hello_refusal r);
bool hello_refusal_retry(enum hello_refusal r);
