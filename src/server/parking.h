/* SPDX-License-Identifier: MIT */
#pragma once

/* parking: visitors of tunnels whose client is away for a moment; each waits for it, bounded in
 * count, bytes and time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/macros.h"
#include "io/loop.h"
#include "io/timer.h"

struct parked;
struct parking;
struct tunnel;

struct parked_ops {
	/* The client is back (in the old session or a new one): open the stream now. */
	void (*go_on)(struct parked *p);
	/* It did not come in time, or will not: tell the visitor. */
	void (*give_up)(struct parked *p);
	/* Once a second, for who is not read and tells nothing by itself: is the visitor still
	 * there? If not, leave. Or NULL. */
	void (*look)(struct parked *p);
};

/* Embedded in a visitor; zeroed while it does not wait. Its owner is called from the loop, never
 * from inside parking_enter(), and it has left the parking by then. */
struct parked {
	struct list node;
	const struct parked_ops *ops;
	struct tunnel *tunnel; /* a reference while waiting; NULL: not waiting */
	clock_ms_t since, until;
	uint32_t waited_ms; /* so far, for the request under way: its owner sets it to 0 */
	uint32_t bytes;
};

struct parking_limits {
	uint32_t visitors; /* waiting at once; one tunnel may have half of them */
	uint64_t bytes;    /* what they may hold together; one tunnel half of it */
	uint32_t wait_ms;  /* each waits so long; 0: nobody waits */
};

/* How many wait has changed. */
typedef void parking_changed_f(struct parking *k);

struct parking {
	struct loop *loop;
	parking_changed_f *changed;
	struct parking_limits limits;
	struct list waiting; /* parked, in the order of their coming */
	struct loop_task sweep;
	struct timer deadline;
	uint32_t n;
	uint64_t bytes;
	uint64_t total, refused; /* visitors that had to wait; that were not let in */
	bool closed;
};

void parking_init(struct parking *k, struct loop *loop, parking_changed_f *changed);
/* Wait for @t's client with @bytes held. False: no room, or nobody is waited for (any more). */
bool parking_enter(struct parking *k, struct parked *p, struct tunnel *t, size_t bytes) MUST_USE;
/* The visitor is gone, or done with. Harmless when it does not wait. */
void parking_leave(struct parking *k, struct parked *p);
/* Something became of a tunnel: look, before the loop next waits, who can go on and who must not
 * wait any longer. */
void parking_look(struct parking *k);
/* Everybody gives up, now, and nobody is let in any more. */
void parking_close(struct parking *k);
/* For Retry-After: seconds until it is worth coming again. @t may be NULL. */
unsigned int parking_retry_s(const struct parking *k, const struct tunnel *t);
