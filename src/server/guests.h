/* SPDX-License-Identifier: MIT */
#pragma once

/* guests: visitors whose bytes a tunnel carries as they are (TCP, TLS passed through): each waits
 * while the client is away, then is a stream of its own, half-close correct. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "io/addr.h"

struct guests;
struct loop;
struct parking;
struct tunnel;

#define GUESTS_MAX 4096

/* One has left. */
typedef void guests_left_f(struct guests *all);

struct guests {
	struct loop *loop;
	struct parking *parking; /* the server's: who waits for a client that is away */
	struct list list;
	uint32_t n, max;
	uint64_t idle_ms;
	guests_left_f *left; /* may free what @all is embedded in; or NULL */
};

/* A visitor's accepted socket, no byte of it read. */
struct guests_call {
	int fd;
	struct addr peer;
	struct addr local; /* where it connected to; len 0: ask the socket */
	bool tls;          /* the bytes are TLS */
};

void guests_init(struct guests *all, struct loop *loop, struct parking *parking, uint32_t max,
	guests_left_f *left);
/* Takes the socket: it is joined to @t, waits for it, or is reset. */
void guests_accept(struct guests *all, struct tunnel *t, const struct guests_call *call);
/* Reset everybody (the server stops). */
void guests_abort(struct guests *all);
