/* SPDX-License-Identifier: MIT */
#pragma once

/* lane: a raw (TLS) connection as a link: what client and server side share after the upgrade. */

#include <stdbool.h>
#include <stdint.h>

#include "io/conn.h"
#include "io/loop.h"
#include "mux/link.h"

struct session;

#define LANE_ALPN         "tunnelto-lane"
#define LANE_PATH         "/wormhole/lane"
#define LANE_TOKEN_HEADER "Tunnelto-Token"
#define LANE_UPGRADE      "tunnelto-lane"
#define LANE_HANDSHAKE_MS 10000
#define LANE_OUT_MAX      (256 * 1024)

struct lane {
	struct link link;
	struct conn conn;
	struct loop *loop;
	struct loop_task flush; /* one flush per loop turn */
	struct grave grave;
	bool left;   /* by its session: only its last words are still to be said */
	void *owner; /* whoever shakes hands, until lane_attach() */
};

/* Close a lane that was never attached, from inside its own event; frees it before the next poll.
 */
void lane_bury(struct lane *l);

/* Heap object around a connected, upgraded @fd/TLS conn; frees itself when the link or the
 * connection ends. */
struct lane *lane_new(struct loop *loop) MUST_USE;
/* The upgrade is done: attach to @s; @rest are bytes that came behind the upgrade's head. */
void lane_attach(struct lane *l, struct session *s, const uint8_t *rest, size_t n);
void lane_free(struct lane *l);
