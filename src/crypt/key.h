/* SPDX-License-Identifier: MIT */
#pragma once

/* key: API keys: "tt_<id>_<secret>"; servers store the id and a hash. */

#include <stdbool.h>

#include "base/macros.h"

struct secret;

#define KEY_PREFIX      "tt_"
#define KEY_ID_LEN      12 /* [a-z0-9] */
#define KEY_RANDOM_LEN  43 /* base64url of 32 random bytes, no padding */
#define KEY_TEXT_LEN    (3 + KEY_ID_LEN + 1 + KEY_RANDOM_LEN)
#define KEY_HASH_PREFIX "sha256:"
#define KEY_HASH_SIZE   (7 + 64 + 1) /* with the NUL */

/* A new key. @ret_id is the public half of its name. */
void key_generate(struct secret *ret, char ret_id[static KEY_ID_LEN + 1]);
/* The id inside a key's text; -EINVAL when it is not of that form. */
int key_split(const char *text, char ret_id[static KEY_ID_LEN + 1]) MUST_USE;
bool key_is_id(const char *id);
/* "sha256:<hex>" of the whole text. */
void key_hash(char ret[static KEY_HASH_SIZE], const char *text);
bool key_is_hash(const char *hash);
/* In constant time: does @text hash to @hash? */
bool key_verify(const char *text, const char *hash) MUST_USE;
