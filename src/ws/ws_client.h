/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_client: the client's WebSocket to a server; one attempt, one link, or one v1 pipe. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "io/addr.h"
#include "mux/link.h"

struct ws_loop;
struct ws_client;
struct ws_pipe;
struct err;

struct ws_client_params {
	const char *host;    /* Host field, SNI, and the name the certificate must carry */
	struct addr address; /* where to connect (resolved by io/resolve) */
	bool tls;
	const char *ca_file; /* NULL: the system's store */
	bool verify;         /* false: any certificate (said explicitly by the user) */
	const char *path;    /* "/wormhole" */
	const char *bearer;  /* NULL: anonymous. Copied, wiped after use. */
	bool v1; /* as the Rust tunnelto: no subprotocol, the key comes in the first message */
	uint32_t timeout_ms; /* connect, TLS, upgrade */
};

/* What went wrong, in classes that call for different answers. */
enum ws_client_fault {
	WS_CLIENT_FAULT_CONNECT,  /* refused, unreachable, timed out: try again */
	WS_CLIENT_FAULT_TLS,      /* certificate or handshake: try again, and say what */
	WS_CLIENT_FAULT_STATUS,   /* the server answered with an HTTP status */
	WS_CLIENT_FAULT_PROTOCOL, /* upgraded without tunnelto.v2 */
};

struct ws_client_ops {
	/* Upgraded: attach @l to a session before returning. Only link calls follow. */
	void (*opened)(struct ws_client *c, struct link *l);
	/* The same where `v1` was asked for: bind @p to a user before returning. */
	void (*opened_v1)(struct ws_client *c, struct ws_pipe *p);
	/* No link. @status: HTTP status or 0. @text: words, the certificate's fault included. */
	void (*failed)(struct ws_client *c, enum ws_client_fault fault, int status,
		const char *text);
};

struct ws_client {
	const struct ws_client_ops *ops;
	struct ws_loop *loop;
	void *attempt; /* NULL when none is under way */
};

void ws_client_init(struct ws_client *c, struct ws_loop *w, const struct ws_client_ops *ops);
/* Never calls back before it returns. 0 or words. */
int ws_client_connect(struct ws_client *c, const struct ws_client_params *p,
	struct err *err) MUST_USE;
/* Give the attempt up without a call. A link that was opened lives on. */
void ws_client_cancel(struct ws_client *c);
/* TLS context objects for @ca_file are kept per ws_loop, so that reconnecting costs no parsing of a
 * store. */
