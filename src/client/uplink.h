/* SPDX-License-Identifier: MIT */
#pragma once

/* uplink: the daemon's connection to its server: reached, kept, lost, taken up again. */

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "client/target.h"
#include "client/uplink_dial.h"
#include "client/uplink_lane.h"
#include "crypt/secret.h"
#include "io/timer.h"
#include "mux/session.h"
#include "proto/hello.h"

struct client_conf;
struct tls_ctx;
struct uplink;
struct uplink_session;

enum uplink_state {
	UPLINK_IDLE, /* no tunnel wants it */
	UPLINK_CONNECTING,
	UPLINK_UP,
	UPLINK_WAITING, /* until the next attempt */
	UPLINK_REFUSED, /* the server said no; tried again, but slowly */
};

/* Tunnels taken down while the link is lost; beyond that the session is given up. */
#define UPLINK_LATE_MAX 256
/* After a refusal that only a person mends. */
#define UPLINK_REFUSED_MS 60000
/* The longest that a server may keep a client away by GOAWAY. */
#define UPLINK_COME_BACK_MAX_MS 60000

/* What the agent is told. */
struct uplink_ops {
	/* A session is there (@resumed: the same as before): register what is wanted. */
	void (*up)(struct uplink *u, bool resumed);
	/* It is not, or not now: state and error say how. */
	void (*down)(struct uplink *u);
	void (*registered)(struct uplink *u, const struct hello_registered *r);
	void (*gone)(struct uplink *u, const struct frame_reason *r);
	void (*opened)(struct uplink *u, struct stream *st, const struct frame_open *open);
};

struct uplink {
	const struct uplink_ops *ops;
	struct loop *loop;
	const struct client_conf *conf; /* of the agent */
	struct secret key;
	struct target_url url;
	char instance[HELLO_ID_SIZE];
	uint64_t generation;

	enum uplink_state state;
	char error[320];
	clock_ms_t since, retry_at;
	struct backoff backoff;
	struct timer retry, welcome;
	struct uplink_dial dial;
	struct uplink_session
		*live; /* the session there is, attached or waiting for its link; NULL none */
	char session_id[HELLO_ID_SIZE], session_secret[HELLO_SECRET_SIZE];
	uint32_t late[UPLINK_LATE_MAX]; /* UNREGISTERs to be said when the session is resumed */
	size_t n_late;
	uint32_t come_back_ms; /* the server is stopping and has said when to come back */
	bool greeting;         /* HELLO was sent, WELCOME is awaited */
	bool wanted, draining;

	struct uplink_lane lane;
};

struct uplink_session {
	struct session session;
	struct uplink *uplink; /* NULL once it is over */
	struct timer tick;
	struct grave grave;
};

void uplink_init(struct uplink *u, struct loop *loop, struct resolver *r, struct ws_loop *ws,
	const struct uplink_ops *ops);
void uplink_deinit(struct uplink *u);
/* Where to; the key is moved in. A change ends what there is. */
void uplink_configure(struct uplink *u, const struct client_conf *conf, const char *url,
	struct secret *key);
/* The configuration's pauses between attempts may be others than before. */
void uplink_take_pauses(struct uplink *u);
/* Some tunnel wants it, or none does (then the session ends). */
void uplink_want(struct uplink *u, bool wanted);
/* Try now instead of at the end of the pause. */
void uplink_hurry(struct uplink *u);
bool uplink_is_up(const struct uplink *u);
struct session *uplink_session_of(const struct uplink *u);
void uplink_register(struct uplink *u, const struct hello_register *rq);
void uplink_unregister(struct uplink *u, uint32_t tunnel);
/* GOAWAY; what is open may finish. */
void uplink_drain(struct uplink *u);
void uplink_close(struct uplink *u, enum close_reason why);
const char *uplink_state_word(enum uplink_state s);
