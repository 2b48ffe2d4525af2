/* SPDX-License-Identifier: MIT */
#pragma once

/* resolve: names to addresses by c-ares on the loop; nothing is cached. */

#include <stddef.h>

#include "base/macros.h"
#include "io/addr.h"

struct loop;
struct resolver;
struct resolve;

#define RESOLVE_MAX 16

/* @status 0 and @n >= 1 addresses (ports set), or a negative errno (-ENOENT no such name,
 * -ETIMEDOUT, …). */
typedef void resolve_done_f(struct resolve *r, int status, const struct addr *list, size_t n);

/* Embedded in its owner, alive until done or cancelled. */
struct resolve {
	struct resolver *resolver;
	resolve_done_f *done;
	void *query; /* the resolver's own record */
};

/* One channel per loop. NULL when c-ares cannot start. */
struct resolver *resolver_new(struct loop *loop) MUST_USE;
/* Outstanding lookups are dropped without a call. */
void resolver_free(struct resolver *r);
/* Literals and "localhost" (RFC 6761: loopback, both families) are answered without asking, yet
 * never before this returns. Deadline 10 s. */
void resolve_start(struct resolve *q, struct resolver *r, const char *host, uint16_t port,
	resolve_done_f *done);
void resolve_cancel(struct resolve *q);
/* For the resolver's end: forget every query without a call. */
void resolve_drop_all(struct resolver *r);
