/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_conn: one WebSocket to a server of the Rust tunnelto: one tunnel. Private to the guest. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "io/loop.h"
#include "io/timer.h"
#include "proto/hello.h"
#include "proto/v1.h"
#include "v1/v1_dam.h"
#include "v1/v1_out.h"
#include "ws/ws_client.h"
#include "ws/ws_pipe.h"

struct v1_guest;

enum v1_conn_state {
	V1_CONN_CONNECTING,
	V1_CONN_SPARE, /* upgraded, and nothing said yet */
	V1_CONN_HELLO, /* ServerHello is awaited */
	V1_CONN_UP,
	V1_CONN_OVER,
};

struct v1_conn {
	struct list node; /* in guest->conns */
	struct v1_guest *guest;
	struct ws_client client;
	struct ws_pipe_user user;
	struct timer deadline; /* of the hello, then of the next Ping */
	struct grave grave;
	enum v1_conn_state state;
	struct hello_register rq; /* what it is for; not while it is spare */
	uint32_t tunnel;          /* the number that the client knows it by */
	struct map flows;         /* by the id in hex */
	struct list all;
	struct v1_out out;
	struct v1_dam dam;
	bool high;       /* `out` is above its mark */
	bool overflowed; /* `out` is full: to be closed */
	bool reminded;   /* the name that it asks for is one that it had */
};

/* Already upgraded. */
struct v1_conn *v1_conn_adopt(struct v1_guest *g, struct ws_pipe *pipe);
/* Connect to where the guest's first one went. */
struct v1_conn *v1_conn_dial(struct v1_guest *g);
/* Ask for the tunnel of @rq, at once or when it is connected. Answered by v1_guest_answer(), or
 * v1_guest_lost(). */
void v1_conn_claim(struct v1_conn *c, const struct hello_register *rq, uint32_t tunnel);
/* End it; the guest is not called. Its streams are reset with @why. */
void v1_conn_close(struct v1_conn *c, enum close_reason why);
/* For its flows: a packet for the server. */
void v1_conn_send(struct v1_conn *c, enum v1_packet_type type, const uint8_t id[static V1_ID_LEN],
	const void *payload, size_t n);
