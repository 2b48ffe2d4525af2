/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_token: the reconnect tokens of Rust clients without a key: who one is, signed, for a while. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "proto/hello.h"
#include "proto/v1.h"

#define V1_TOKEN_KEY_LEN 32
/* How long a token is good; the next Ping brings another. */
#define V1_TOKEN_MS 120000

struct v1_token {
	char sub_domain[HOSTNAME_MAX];
	char client_id[HELLO_ID_SIZE + 12]; /* which instance the client is taken for */
	uint64_t expires_ms;                /* wall clock */
	bool chosen;                        /* by the client, not assigned */
};

enum v1_token_result {
	V1_TOKEN_OK = 0,
	V1_TOKEN_BAD, /* not of our making */
	V1_TOKEN_EXPIRED,
};

/* False when it does not fit. */
bool v1_token_encode(char ret[static V1_TOKEN_MAX], const uint8_t key[static V1_TOKEN_KEY_LEN],
	const struct v1_token *t);
/* The signature is checked before anything else is believed, in constant time. */
enum v1_token_result v1_token_decode(struct v1_token *ret,
	const uint8_t key[static V1_TOKEN_KEY_LEN], const char *text, uint64_t now_ms) MUST_USE;
