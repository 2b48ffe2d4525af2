/* SPDX-License-Identifier: MIT */
#pragma once

/* lane_server: accepts `GET /wormhole/lane` on a peeked socket and attaches it to the session of
 * its token. */

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"
#include "io/addr.h"

struct lane_server;
struct loop;
struct session;
struct tls_ctx;

/* The session whose token this is (one use, not expired, compared in constant time), or NULL. */
typedef struct session *lane_server_claim_f(struct lane_server *s, const char *token);

struct lane_server {
	struct loop *loop;
	lane_server_claim_f *claim;
	struct list pending; /* handshakes under way */
	size_t n_pending;    /* at most LANE_SERVER_PENDING_MAX; more are closed at once */
};

#define LANE_SERVER_PENDING_MAX 1024

void lane_server_init(struct lane_server *s, struct loop *loop, lane_server_claim_f *claim);
/* Takes @fd, no byte of it read yet. @tls NULL: plain. */
void lane_server_adopt(struct lane_server *s, int fd, struct tls_ctx *tls);
/* Handshakes under way are closed; attached lanes belong to their sessions. */
void lane_server_deinit(struct lane_server *s);
/* For the peek: do these first bytes (plain HTTP) ask for a lane? -1 not enough yet, 0 no, 1 yes.
 */
int lane_server_wants(const uint8_t *bytes, size_t n);
