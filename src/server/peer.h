/* SPDX-License-Identifier: MIT */
#pragma once

/* peer: one client's session on the server: handshake, registrations, lanes' tokens, its end. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/log.h"
#include "io/addr.h"
#include "io/loop.h"
#include "io/timer.h"
#include "mux/probe.h"
#include "mux/session.h"
#include "proto/hello.h"

struct hub;
struct peer;
struct server_conf_key;
struct tunnel;

/* One is used; another may come before the end of the last is known. */
#define PEER_LANES_MAX  4
#define PEER_TOKENS_MAX 4
#define PEER_TOKEN_MS   10000

struct peer {
	struct session session;
	struct hub *hub;
	struct list node; /* in hub->peers */
	struct grave grave;
	struct timer tick, hello;
	struct addr address;
	char id[HELLO_ID_SIZE], secret[HELLO_SECRET_SIZE];
	char last_secret[HELLO_SECRET_SIZE]; /* good until the client has shown that it knows
						`secret` */
	char instance[HELLO_ID_SIZE];        /* of HELLO; a secret, too */
	char *key_id;                        /* the key's, or "anonymous" */
	char *key_name, *key_hash;           /* NULL when anonymous */
	char *owner;                         /* whom names belong to; NULL before HELLO */
	char software[64];
	uint64_t generation;
	struct list tunnels;
	uint32_t n_tunnels, next_tunnel;
	clock_ms_t since;
	struct {
		char text[HELLO_SECRET_SIZE];
		clock_ms_t until;
	} tokens[PEER_TOKENS_MAX];
	struct probe_echo echo;
	struct log_limit refusals;   /* lines about what it may not have */
	enum close_reason leave_why; /* with `leaving`: what its GOAWAY said */
	bool anonymous, greeted, over, leaving;
	bool v1; /* a client of the Rust tunnelto stands behind it */
};

/* A link was upgraded: a new session for it. @key NULL: anonymous. */
struct peer *peer_accept(struct hub *h, struct link *l, const struct server_conf_key *key,
	const struct addr *from);
/* The same for a client of the Rust tunnelto; @l is the far end of its link_pair. */
struct peer *peer_accept_v1(struct hub *h, struct link *l, const struct server_conf_key *key,
	const struct addr *from);
/* Visitors' streams; the client's own probe is none. */
size_t peer_stream_count(const struct peer *p);
/* Tell the client why and end it: streams are reset, names kept for their owner or freed. */
void peer_end(struct peer *p, enum close_reason why, const char *text);
/* Take one tunnel from its client; open streams go on. The name is free, or, when the reason is not
 * its owner's will, kept. */
void peer_drop_tunnel(struct tunnel *t, enum close_reason why, const char *text);
/* Is @token one of its lanes'? Constant time; a token is used once. */
bool peer_claim_token(struct peer *p, const char *token);
