/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_client: a client of the Rust tunnelto at this server: who it is, and which name it gets. */

#include "base/list.h"
#include "io/addr.h"
#include "io/loop.h"
#include "v1/v1_host.h"

/* So many may be there without having said hello: each may hold a message of WS_PIPE_MESSAGE_MAX.
 */
#define V1_CLIENT_WAITING_MAX 256

struct hub;
struct server_conf_key;
struct ws_pipe;
struct ws_request;

struct v1_client {
	struct v1_host host;
	struct hub *hub;
	struct list node; /* in hub->v1_clients */
	struct grave grave;
	struct addr address;
	const struct server_conf_key *key; /* between the judgement of its hello and the peer */
	char *key_id;                      /* NULL before the hello, and of an anonymous one */
	char instance[HELLO_ID_SIZE];      /* who an anonymous one is */
	bool anonymous;
	bool chosen;  /* its name, by itself */
	bool waiting; /* counted in hub->n_v1_waiting */
};

/* A WebSocket without a subprotocol was opened. Takes @pipe. */
void v1_client_open(struct hub *h, const struct ws_request *rq, struct ws_pipe *pipe);
/* The server ends: close them all. */
void v1_client_close_all(struct hub *h);
