/* SPDX-License-Identifier: MIT */
/*
 * v1_dam: the bound that the protocol does not have.
 *
 * A v1 peer knows no windows: it sends what it has, for all streams over one connection. What a
 * stream does not take is kept in its pool. When a pool is full, or all together hold too much, the
 * peer is not read, which stops all its streams; so the one that causes it has only so long to take
 * a quarter of what is kept for it. After that the owner resets it.
 */
#include "v1/v1_dam.h"

#include "mux/stream.h"
#include "ws/ws_pipe.h"

void v1_dam_init(struct v1_dam *d, struct ws_pipe_user *user, uint64_t slow_ms)
{
	d->user = user;
	d->slow_ms = slow_ms;
	list_init(&d->pools);
}

/* Reading stops when something is full, and goes on when nothing is and there is room again. */
static void judge(struct v1_dam *d)
{
	if (d->n_full > 0 || d->total >= V1_DAM_ALL_MAX)
		d->shut = true;
	else if (d->total < V1_DAM_ALL_MAX / 4 * 3)
		d->shut = false;
	if (d->user->pipe)
		ws_pipe_pause(d->user->pipe, d->shut);
}

struct v1_pool *v1_dam_overdue(const struct v1_dam *d, clock_ms_t now)
{
	list_each (p, &d->pools, struct v1_pool, node) {
		if (d->shut && (p->full || d->n_full == 0) && now >= p->since + d->slow_ms)
			return p;
	}
	return NULL;
}

void v1_dam_pool_init(struct v1_pool *p, struct v1_dam *d)
{
	p->dam = d;
	list_init(&p->node);
	/* what was on its way when reading stopped still comes */
	buf_init(&p->bytes, V1_DAM_POOL_MAX + 2 * WS_PIPE_MESSAGE_MAX);
}

static void set_full(struct v1_pool *p, bool full, clock_ms_t now)
{
	if (p->full == full)
		return;
	p->full = full;
	p->since = now;
	p->dam->n_full += full ? 1 : -1;
}

static void changed(struct v1_pool *p, clock_ms_t now)
{
	size_t n = buf_len(&p->bytes);

	if (n >= V1_DAM_POOL_MAX)
		set_full(p, true, now);
	else if (n < V1_DAM_POOL_MAX / 4 * 3)
		set_full(p, false, now);
	if (n == 0)
		list_del(&p->node);
	else if (!list_is_linked(&p->node))
		list_add_tail(&p->dam->pools, &p->node);
	judge(p->dam);
}

void v1_dam_pool_deinit(struct v1_pool *p)
{
	p->dam->total -= buf_len(&p->bytes);
	buf_deinit(&p->bytes);
	changed(p, 0);
}

bool v1_dam_pool_write(struct v1_pool *p, struct stream *st, const uint8_t *bytes, size_t n,
	clock_ms_t now)
{
	size_t done = 0, kept;

	if (v1_dam_pool_is_empty(p)) {
		done = stream_write(st, bytes, n);
		p->since = now;
	}
	kept = buf_add(&p->bytes, bytes + done, n - done);
	p->dam->total += kept;
	changed(p, now);
	return kept == n - done;
}

void v1_dam_pool_flush(struct v1_pool *p, struct stream *st, clock_ms_t now)
{
	size_t n = stream_write(st, buf_data(&p->bytes), buf_len(&p->bytes));

	buf_consume(&p->bytes, n);
	p->dam->total -= n;
	/* a full one has moved only when it is full no longer: else a trickle would do */
	if (n > 0 && !p->full)
		p->since = now;
	changed(p, now);
}
