/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_host: serves one client of the Rust tunnelto: its WebSocket on one side, on the other a
 * session that is to a server what any client's is. */

#include <stdbool.h>
#include <stdint.h>

#include "base/idmap.h"
#include "base/list.h"
#include "io/timer.h"
#include "mux/session.h"
#include "proto/hello.h"
#include "proto/v1.h"
#include "v1/link_pair.h"
#include "v1/v1_dam.h"
#include "v1/v1_out.h"
#include "ws/ws_pipe.h"

struct v1_host;

#define V1_HOST_HELLO_MS 10000
#define V1_HOST_PING_MS  15000
/* A Rust client reads nothing while it dials its origin, which may take minutes. */
#define V1_HOST_SILENT_MS (3 * 60 * 1000)
/* After End a client half-closes 5 s later: what its origin still says is waited for. */
#define V1_HOST_LEAVE_MS 8000
/* So many streams may be waiting for that; then the oldest is reset. */
#define V1_HOST_LEAVING_MAX 256

struct v1_host_times {
	uint64_t idle_ms; /* a stream on which nothing happens for so long is reset; 0: never */
	uint64_t slow_ms; /* so long may one visitor keep the client from being read */
};

/* What the owner decides about a hello. */
struct v1_host_greeting {
	enum v1_answer refusal; /* V1_SUCCESS: none */
	char text[V1_TEXT_MAX]; /* of V1_ERROR */
	char instance[HELLO_ID_SIZE];
	char name[HELLO_NAME_MAX + 1]; /* the tunnel's label */
	char sub_domain[HELLO_HOST_MAX];
	char client_id[V1_CLIENT_ID_LEN + 1];
};

struct v1_host_ops {
	/* The client said hello: judge it, or close it. */
	void (*hello)(struct v1_host *h, const struct v1_client_hello *hello,
		struct v1_host_greeting *ret);
	/* It was not refused: attach @far to the session of a server before returning. HELLO and
	 * REGISTER follow on it. */
	void (*accepted)(struct v1_host *h, struct link *far);
	/* A token for the next Ping, whose name is @sub_domain; false: none. NULL: never. */
	bool (*token)(struct v1_host *h, const char *sub_domain, char ret[static V1_TOKEN_MAX]);
	/* It is over. Free it later (graveyard), by v1_host_deinit(). */
	void (*closed)(struct v1_host *h);
};

enum v1_host_state { V1_HOST_HELLO, V1_HOST_REGISTERING, V1_HOST_UP, V1_HOST_OVER };

struct v1_host {
	const struct v1_host_ops *ops;
	struct loop *loop;
	struct ws_pipe_user user;
	struct session session; /* initialised once the hello was accepted */
	struct link_pair *pair; /* NULL before, and once the session has closed */
	struct timer tick, hello, ping, sweep;
	enum v1_host_state state;
	enum v1_version version;
	char name[HELLO_NAME_MAX + 1], sub_domain[HELLO_HOST_MAX];
	char client_id[V1_CLIENT_ID_LEN + 1];
	struct v1_host_times times;

	struct idmap streams; /* by the session's number, which is the second half of the id */
	uint8_t prefix[4];    /* the first half */
	struct list active;   /* least lately used first */
	struct list leaving;  /* End was sent, oldest first */
	size_t n_leaving;
	struct v1_out out;
	struct v1_dam dam;
	clock_ms_t last_rx;
	enum close_reason why; /* why the other side ends it, as far as it has said */
	char why_text[FRAME_MAX_TEXT + 1];
	bool has_session;
	bool overflowed; /* `out` is full: to be closed */
};

/* Takes @pipe. */
void v1_host_open(struct v1_host *h, struct loop *loop, struct ws_pipe *pipe,
	const struct v1_host_ops *ops, const struct v1_host_times *times);
/* End it, as if the session on the other side had ended it. Calls closed(). */
void v1_host_close(struct v1_host *h, enum close_reason why, const char *text);
void v1_host_deinit(struct v1_host *h);
/* For the room: queue a packet for the client. */
void v1_host_send(struct v1_host *h, enum v1_packet_type type, const uint8_t id[static V1_ID_LEN],
	const void *payload, size_t n);
