/* SPDX-License-Identifier: MIT */
#pragma once

/* kept: tunnels whose session has ended, held for their owner until it is back or the grace is
 * over. */

#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "io/timer.h"
#include "proto/hello.h"

struct hub;
struct tunnel;

struct kept {
	struct list list; /* tunnels without a peer, in the order of their becoming so */
	uint32_t n;
	struct timer expiry;
};

void kept_init(struct kept *k, struct loop *loop);
/* Frees what is kept; ports are closed. */
void kept_deinit(struct kept *k);
/* @t, which has lost its peer, waits for its owner until then. The reference that the peer had is
 * kept's now. */
void kept_add(struct hub *h, struct tunnel *t, clock_ms_t until);
/* Its owner is back: the reference is the caller's. */
void kept_take(struct hub *h, struct tunnel *t);
/* Nobody is waited for any more: the name is free. */
void kept_end(struct hub *h, struct tunnel *t);
/* The same for what no list holds: take @t from the names, close its port, let go of the reference.
 */
void kept_free_name(struct hub *h, struct tunnel *t);
/* End those whose key is not good any more. */
void kept_enforce_keys(struct hub *h);
/* How many are @owner's. */
uint32_t kept_count(const struct hub *h, const char *owner);
/* End the longest kept ones, @owner's (NULL: anybody's, those without a key first), but not
 * @except, until @n are gone. */
void kept_trim(struct hub *h, const char *owner, const struct tunnel *except, uint32_t n);
/* What @owner had under that label, the longest kept; or NULL. */
struct tunnel *kept_find(const struct hub *h, const char *owner, enum hello_proto proto,
	const char *label);
