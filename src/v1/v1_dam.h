/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_dam: what a v1 peer has sent and a session's streams have no room for; when to stop reading.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/macros.h"

struct stream;
struct ws_pipe_user;

/* What is kept for one stream beyond its window, and for all of one peer; beyond it the peer is not
 * read. */
#define V1_DAM_POOL_MAX (1024 * 1024)
#define V1_DAM_ALL_MAX  (8 * 1024 * 1024)

/* Of one connection. */
struct v1_dam {
	struct ws_pipe_user *user; /* who is read, or not */
	struct list pools;         /* those that keep bytes, the longest waiting first */
	size_t total, n_full;
	uint64_t slow_ms; /* so long may one keep the peer from being read */
	bool shut;        /* it is not read */
};

/* Of one stream. */
struct v1_pool {
	struct v1_dam *dam;
	struct list node;
	struct buf bytes;
	clock_ms_t since; /* of the last byte that left, or the first that came */
	bool full;
};

void v1_dam_init(struct v1_dam *d, struct ws_pipe_user *user, uint64_t slow_ms);
/* A pool that has stood in the peer's way for too long, or NULL. Its stream is to be reset. */
struct v1_pool *v1_dam_overdue(const struct v1_dam *d, clock_ms_t now);

void v1_dam_pool_init(struct v1_pool *p, struct v1_dam *d);
/* Forget what it keeps. */
void v1_dam_pool_deinit(struct v1_pool *p);
/* Into the stream, what has no room into the pool. False: the pool is full, the stream is to be
 * reset. */
bool v1_dam_pool_write(struct v1_pool *p, struct stream *st, const uint8_t *bytes, size_t n,
	clock_ms_t now) MUST_USE;
/* The stream has room again. */
void v1_dam_pool_flush(struct v1_pool *p, struct stream *st, clock_ms_t now);
static inline bool v1_dam_pool_is_empty(const struct v1_pool *p)
{
	return buf_len(&p->bytes) == 0;
}
