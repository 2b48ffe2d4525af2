/* SPDX-License-Identifier: MIT */
#pragma once

/* peek: look at the first bytes of an accepted socket without taking them (MSG_PEEK), then hand it
 * on. */

#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "base/macros.h"
#include "io/addr.h"
#include "io/timer.h"

struct loop;
struct peek;

#define PEEK_MAX (16 * 1024)

enum peek_verdict { PEEK_MORE, PEEK_DONE };

/* Decide on what is there so far (@n grows; at PEEK_MAX, or after a FIN, @last is set and PEEK_MORE
 * means give up). */
typedef enum peek_verdict peek_look_f(struct peek *p, const uint8_t *bytes, size_t n, bool last);
/* @fd >= 0: decided, the socket is the callee's with every byte still unread; -ETIMEDOUT, -EPROTO
 * (gave up) or another negative errno: the socket is closed already. @p may be freed inside. */
typedef void peek_done_f(struct peek *p, int fd);

struct peek {
	struct loop *loop;
	ev_io rd;
	struct timer deadline;
	struct timer again; /* unix sockets heed no SO_RCVLOWAT: look again a little later */
	peek_look_f *look;
	peek_done_f *done;
	struct addr peer;
	int fd;
	size_t seen;
};

/* Takes @fd. SO_RCVLOWAT keeps a half-sent head from spinning the loop. May call back before it
 * returns. */
void peek_start(struct peek *p, struct loop *loop, int fd, const struct addr *peer,
	uint32_t timeout_ms, peek_look_f *look, peek_done_f *done);
/* Close the socket, stop. */
void peek_cancel(struct peek *p);
