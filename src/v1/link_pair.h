/* SPDX-License-Identifier: MIT */
#pragma once

/* link_pair: two links joined back to back in memory, so that two sessions of one process meet. */

#include <stdbool.h>

#include "io/loop.h"
#include "mux/link.h"

struct link_pair;
struct session_limits;

struct link_pair_end {
	struct link link;
	struct link_pair *pair;
	bool held;   /* nothing is taken from this end for now */
	bool closed; /* its session let go of it, or lost it */
};

struct link_pair {
	struct link_pair_end near, far; /* `near`: of whoever made the pair */
	struct loop *loop;
	struct loop_task move;
	struct grave grave;
	bool moving, buried;
};

/* Attach near.link to one session and far.link to the other. It frees
 * itself when both sessions have let go. */
struct link_pair *link_pair_new(struct loop *loop);
/* Hold back what @end's session wants to send (its stream bytes wait in their rings), or go on. */
void link_pair_hold(struct link_pair_end *end, bool hold);
/* Is it held back, at @l, which is an end of a pair? */
bool link_pair_is_held(struct link *l);
/* Limits under which a session may sit at such a link: held frames are no dead peer, and a session
 * whose link is gone is over. */
void link_pair_limit(struct session_limits *l);
