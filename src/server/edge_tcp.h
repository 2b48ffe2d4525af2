/* SPDX-License-Identifier: MIT */
#pragma once

/* edge_tcp: one public TCP port of one tunnel. */

#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"
#include "io/listener.h"
#include "server/guests.h"

struct edge_tcp;
struct err;
struct loop;
struct parking;
struct tunnel;

struct edge_tcp {
	struct listener listener;
	struct tunnel *tunnel;
	struct guests guests;
	bool (*admit)(const struct edge_tcp *e, const struct addr *peer);
	bool orphaned;
};

/* Heap object; listens at @a (its port) until edge_tcp_close(). NULL and words. */
struct edge_tcp *edge_tcp_open(struct loop *loop, struct parking *parking, const struct addr *a,
	struct tunnel *t, struct err *err) MUST_USE;
/* No new visitors; those that are connected go on with their streams. Frees itself when the last
 * one left. */
void edge_tcp_close(struct edge_tcp *e);
/* Abort everybody, free (the server stops). */
void edge_tcp_abort(struct edge_tcp *e);
