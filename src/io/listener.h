/* SPDX-License-Identifier: MIT */
#pragma once

/* listener: accepts connections; survives running out of descriptors. */

#include <stdbool.h>

#include <ev.h>

#include "base/macros.h"
#include "io/addr.h"
#include "io/timer.h"

struct loop;
struct listener;
struct err;

#define LISTENER_BACKLOG          4096
#define LISTENER_ACCEPTS_PER_TURN 64

/* @fd (non-blocking, close-on-exec, TCP_NODELAY where it applies) belongs to the callee. */
typedef void listener_accept_f(struct listener *l, int fd, const struct addr *peer);

struct listener {
	struct loop *loop;
	ev_io accept;
	struct timer pause; /* armed while out of descriptors (EMFILE, ENFILE): 1 s */
	listener_accept_f *accepted;
	struct addr local;
	char *unlink_path; /* unix socket that we made */
	int fd;
};

/* Zeroed state in which close is harmless. */
void listener_init(struct listener *l);
/* Bind and listen (SO_REUSEADDR; a stale unix socket is replaced, @mode applied). 0 or -errno, and
 * words in @err. */
int listener_open(struct listener *l, struct loop *loop, const struct addr *a, unsigned int mode,
	listener_accept_f *accepted, struct err *err) MUST_USE;
/* Take a listening descriptor made elsewhere (systemd). */
int listener_adopt(struct listener *l, struct loop *loop, int fd, listener_accept_f *accepted,
	struct err *err) MUST_USE;
/* Stop accepting; the descriptor stays open (drain). */
void listener_stop(struct listener *l);
/* The same, once those in the backlog are taken: nobody else will. */
void listener_finish(struct listener *l);
void listener_close(struct listener *l);
/* Out of descriptors: whoever connects waits in the backlog. */
static inline bool listener_is_pausing(const struct listener *l)
{
	return timer_is_active(&l->pause);
}
/* Some connection was closed: paused listeners of this process may try again at once. */
void listener_resume(struct listener *l);
