/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_server: adopted sockets become v2 links, or v1 pipes, after a checked WebSocket upgrade. */

#include <stdbool.h>

#include "base/macros.h"
#include "io/addr.h"
#include "mux/link.h"

struct ws_loop;
struct ws_pipe;
struct ws_server;
struct ws_server_ref;
struct err;
struct tls_ctx;

#define WS_BEARER_MAX 512
/* What our clients offer by ALPN, so that a port that serves visitors, too, knows them. It is never
 * selected: what is spoken is HTTP. */
#define WS_SERVER_ALPN "tunnelto-control"

struct ws_request {
	char path[128];
	char bearer[WS_BEARER_MAX]; /* from Authorization: Bearer; "" none. Wiped after `opened`. */
	char forwarded_for[64]; /* first element of X-Forwarded-For, "" none: only a trusted proxy's
				   word counts */
	struct addr peer;
	bool v2; /* subprotocol tunnelto.v2 was offered */
	bool v1; /* none was, as by the Rust tunnelto */
	bool tls;
};

struct ws_server_ops {
	/* Before the upgrade: 0 accepts; an HTTP status (401, 403, 404, 503) refuses with *ret_text
	 * as its body. */
	int (*check)(struct ws_server *s, const struct ws_request *rq, const char **ret_text);
	/* Upgraded: attach @l to a session before returning, or call l->ops->close(). */
	void (*opened)(struct ws_server *s, const struct ws_request *rq, struct link *l);
	/* The same for a v1 client: bind @p to a user before returning, or close it. NULL: `check`
	 * lets none in. */
	void (*opened_v1)(struct ws_server *s, const struct ws_request *rq, struct ws_pipe *p);
};

struct ws_server {
	const struct ws_server_ops *ops;
	struct ws_loop *loop;
	void *vhost;
	struct tls_ctx *tls;
	struct ws_server_ref *ref;
	size_t n_links; /* open now */
};

/* @tls NULL: plain; else its settings and certificates, those set later too, are used: a reference
 * is held. Requests must finish within 10 s. */
int ws_server_open(struct ws_server *s, struct ws_loop *w, struct tls_ctx *tls,
	const struct ws_server_ops *ops, struct err *err) MUST_USE;
/* Hand over an accepted socket with no byte read yet (peeked ones are unread) that is @peer's.
 * Takes @fd whatever happens. */
int ws_server_adopt(struct ws_server *s, int fd, const struct addr *peer) MUST_USE;
/* Links that live are closed without calling their sessions (close the sessions first). */
void ws_server_close(struct ws_server *s);
