/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_guest: a server of the Rust tunnelto, turned into one of ours: what a client's session meets
 * at the other end of a link, with a WebSocket per tunnel behind it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "io/timer.h"
#include "mux/session.h"
#include "v1/link_pair.h"
#include "ws/ws_client.h"

struct hello_registered;
struct v1_conn;
struct ws_pipe;

#define V1_GUEST_CONNECT_MS 10000
#define V1_GUEST_HELLO_MS   10000
/* A stock server pings every 30 s: after three that did not come the connection is dead. */
#define V1_GUEST_SILENT_MS 95000
#define V1_GUEST_CONNS_MAX 100
/* For so long one origin may keep a connection from being read; then its visitor is refused. */
#define V1_GUEST_SLOW_MS 20000

/* What outlives a connection, by the tunnel's label: the name it had, the token that says whose it
 * is. All zero is empty. */
struct v1_memory {
	struct map names, tokens; /* to strings, owned */
	bool ready;
};

void v1_guest_memory_deinit(struct v1_memory *m);

struct v1_guest {
	struct session session; /* the server's side */
	struct link_pair *pair; /* NULL once the session has closed */
	struct loop *loop;
	struct ws_loop *ws;
	struct ws_client_params params; /* its texts are owned */
	struct v1_memory *memory;
	struct timer tick, sweep;
	struct grave grave;
	struct list conns;
	struct v1_conn *first; /* upgraded, for the first tunnel that is registered */
	uint32_t n_conns, next_tunnel, n_high;
	bool over;
};

/* @first was opened with @p, whose key is `bearer`; NULL: without one. Attach what is returned to a
 * client's session. The guest is gone when that session lets go of it. */
struct link *v1_guest_open(struct loop *loop, struct ws_loop *ws, const struct ws_client_params *p,
	struct ws_pipe *first, struct v1_memory *memory);

/* For the room: */
/* A connection has become high (held), or low again. */
void v1_guest_hold(struct v1_guest *g, bool hold);
/* The tunnel of @c is up, or refused: REGISTERED. */
void v1_guest_answer(struct v1_guest *g, const struct hello_registered *r);
/* @c is over. @why tells the tunnel's end where it was up. */
void v1_guest_lost(struct v1_guest *g, struct v1_conn *c, enum close_reason why, const char *text);
