/* SPDX-License-Identifier: MIT */
#pragma once

/* v1: messages of the Rust tunnelto (0.1.18 to 0.1.20), bytes to meaning and back. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "proto/hostname.h"

struct err;

/* --- packets --------------------------------------------------------------------------------- */

#define V1_ID_LEN     8
#define V1_HEADER_LEN 9 /* tag and id: no packet is shorter */

enum v1_packet_type {
#define V1_PACKET(name, tag, word, from) V1_##name = (tag),
#include "proto/v1_packet.def.h"
#undef V1_PACKET
	V1_PACKET_TYPE_MAX
};

/* Ids that are no stream's. */
extern const uint8_t v1_empty_id[V1_ID_LEN]; /* of a Ping without a token, and of Terminate */
extern const uint8_t v1_token_id[V1_ID_LEN]; /* of a Ping that carries a reconnect token */

struct v1_packet {
	uint8_t type; /* enum v1_packet_type */
	uint8_t id[V1_ID_LEN];
	const uint8_t *payload; /* borrowed from the message; of types without one, ignored */
	size_t n;
};

enum v1_result {
	V1_OK = 0,
	V1_SHORT,    /* less than a tag and an id */
	V1_BAD_TYPE, /* a tag that nobody knows */
};

/* Read one whole WebSocket message. A Ping's payload is its token: NULL when it carries none,
 * perhaps empty when it does. */
enum v1_result v1_packet_decode(struct v1_packet *ret, const uint8_t *bytes, size_t n) MUST_USE;
/* Write tag and id; the payload follows them. */
void v1_packet_encode_header(uint8_t out[static V1_HEADER_LEN], enum v1_packet_type type,
	const uint8_t id[static V1_ID_LEN]);
/* "Data"; "unknown". */
const char *v1_packet_name(unsigned int type);

/* --- ClientHello ----------------------------------------------------------------------------- */

#define V1_KEY_MAX   512
#define V1_TOKEN_MAX 1024
/* What a hello of either side may take; a key and a token, escaped, fit. */
#define V1_HELLO_MAX 16384
#define V1_TEXT_MAX  256
/* base64 of a SHA-256, padded. */
#define V1_CLIENT_ID_LEN 44

enum v1_version { V1_VERSION_PRE, V1_VERSION_V1 }; /* V1: knows Terminate (0.1.20) */

struct v1_client_hello {
	char id[64];                   /* means nothing */
	char sub_domain[HOSTNAME_MAX]; /* "" none */
	char key[V1_KEY_MAX];          /* "" when anonymous. A secret: wipe it. */
	char token[V1_TOKEN_MAX];      /* "" none */
	enum v1_version version;
	bool anonymous;
	bool bad_sub_domain; /* it asks for one that is too long, empty, or no text */
};

/* 0, or -EPROTO with words. Members that nobody knows are ignored, a missing one is as null. */
int v1_client_hello_decode(struct v1_client_hello *ret, const uint8_t *json, size_t n,
	struct err *err) MUST_USE;
/* Bytes written, 0 when @cap is too small. */
size_t v1_client_hello_encode(uint8_t *out, size_t cap, const struct v1_client_hello *h);

/* --- ServerHello ----------------------------------------------------------------------------- */

enum v1_answer {
	V1_SUCCESS,
	V1_SUB_DOMAIN_IN_USE,
	V1_INVALID_SUB_DOMAIN,
	V1_AUTH_FAILED,
	V1_ERROR, /* with words, which the client prints */
	V1_ANSWER_COUNT
};

struct v1_server_hello {
	enum v1_answer answer;
	char sub_domain[HOSTNAME_MAX];
	char hostname[HOSTNAME_MAX + 8]; /* perhaps with a port: clients only print it */
	char client_id[V1_CLIENT_ID_LEN + 20];
	char error[V1_TEXT_MAX]; /* of V1_ERROR */
};

int v1_server_hello_decode(struct v1_server_hello *ret, const uint8_t *json, size_t n,
	struct err *err) MUST_USE;
size_t v1_server_hello_encode(uint8_t *out, size_t cap, const struct v1_server_hello *h);
