/* SPDX-License-Identifier: MIT */
#pragma once

/* keys: who may connect: keys of the configuration and of the state file, by secret, id or name. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"
#include "server/server_conf.h"

struct err;
struct keys;
struct secret;

struct keys {
	struct list configured; /* server_conf_key; replaced on reload */
	struct list kept;       /* server_conf_key; of the state file */
	char *path;             /* the state file */
};

/* Load the state file. 0, or a negative errno and words. */
int keys_init(struct keys *k, const char *path, struct err *err) MUST_USE;
void keys_deinit(struct keys *k);
/* Take the keys of a new configuration (@from is left empty). */
void keys_configure(struct keys *k, struct list *from);
/* The key of that secret, revoked ones not; NULL when there is none. Constant time per key
 * compared. */
const struct server_conf_key *keys_find_secret(const struct keys *k, const char *secret);
/* By id, else by name; revoked ones too. */
struct server_conf_key *keys_find(const struct keys *k, const char *id_or_name);
/* Is the key of that id (still) good, and its secret still the one of @hash? */
bool keys_is_valid(const struct keys *k, const char *id, const char *hash);
/* What names a key in logs and ownership: its id, or its name when it has none. */
const char *keys_id(const struct server_conf_key *key);
bool keys_is_kept(const struct keys *k, const struct server_conf_key *key);
/* Usable keys. */
size_t keys_count(const struct keys *k);
/* Make a key and save; @proto's name, allow, tcp and max_tunnels are copied. -EEXIST for a name in
 * use, -EINVAL for a glob that fits no name, -EFBIG when the state file could not be read again. */
int keys_add(struct keys *k, const struct server_conf_key *proto, struct secret *ret_secret,
	struct server_conf_key **ret, struct err *err) MUST_USE;
/* Mark as revoked and save. -EPERM for one of the configuration. */
int keys_revoke(struct keys *k, struct server_conf_key *key, struct err *err) MUST_USE;
