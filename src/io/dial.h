/* SPDX-License-Identifier: MIT */
#pragma once

/* dial: a connected socket to host:port or a unix path; every address is tried. */

#include <stdint.h>

#include <ev.h>

#include "base/macros.h"
#include "io/resolve.h"
#include "io/timer.h"

struct loop;
struct dial;

/* @fd >= 0: connected, non-blocking, the callee's; else the negative errno of the last try
 * (-ENOENT: the name does not resolve, -ETIMEDOUT: the whole deadline passed). */
typedef void dial_done_f(struct dial *d, int fd);

struct dial {
	struct loop *loop;
	struct resolve resolve;
	struct timer deadline,
		attempt; /* whole; one address (at most a third of the whole, at least 250 ms) */
	ev_io connect;
	dial_done_f *done;
	struct addr *list; /* while dialling: a dial is embedded in what outlives it by far */
	size_t n, next;
	int fd;
	int last_error;
	bool resolving;
};

void dial_init(struct dial *d, struct loop *loop);
/* Never calls @done before it returns. */
void dial_start(struct dial *d, struct resolver *r, const char *host, uint16_t port,
	uint32_t timeout_ms, dial_done_f *done);
void dial_start_addr(struct dial *d, const struct addr *a, uint32_t timeout_ms, dial_done_f *done);
/* Stop without a call; harmless when idle. */
void dial_cancel(struct dial *d);
