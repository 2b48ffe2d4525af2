/* SPDX-License-Identifier: MIT */
/*
 * lane: frames over a connection of our own, without masking or message boundaries.
 *
 * One flush per loop turn: the session wakes the lane, a task pulls everything that is ready into
 * the connection's queue and sends it at once. As long as the socket does not take all of that, the
 * rest stays in the streams' rings, where it has to be kept anyway, and where the next small answer
 * overtakes it.
 */
#include "lane/lane.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/conn_tcp.h"
#include "io/conn_tls.h"
#include "mux/session.h"

/* What one readable event may take before others get their turn: of small answers a hundred, which
 * are two milliseconds' work. */
#define READ_MAX (128 * 1024)
/* What one read from a TLS connection gives at most. */
#define TLS_RECORD_MAX 16384
/* What may wait in the kernel beyond what is on its way: enough to send while we are busy. */
#define UNSENT_MAX (128 * 1024)
/* What the peer may take to read our last words. */
#define CLOSE_MS 3000

static void free_lane(struct grave *g)
{
	lane_free(container_of(g, struct lane, grave));
}

static void free_left(struct grave *g)
{
	loop_task_cancel(&container_of(g, struct lane, grave)->flush);
	free_lane(g);
}

static void finish(struct lane *l)
{
	conn_close(&l->conn);
	loop_task_cancel(&l->flush);
	if (l->left)
		loop_fetch(&l->grave);
	loop_bury(l->loop, &l->grave, free_lane);
}

static void lost(struct lane *l, enum close_reason why)
{
	link_lost(&l->link, why, clock_ms());
	finish(l);
}

static void on_flush(struct loop_task *t)
{
	struct lane *l = container_of(t, struct lane, flush);

	if (l->conn.closed)
		return;
	/* what waits here or in the socket can't be overtaken by a small answer any more */
	while (conn_queued(&l->conn) == 0) {
		size_t n = link_pull(&l->link, l->loop->scratch, LOOP_SCRATCH_SIZE, clock_ms());

		if (n == 0)
			break;
		(void)conn_write(&l->conn, l->loop->scratch, n);
	}
}

static void wake(struct link *link)
{
	struct lane *l = container_of(link, struct lane, link);

	loop_task_schedule(l->loop, &l->flush);
}

static void let_go(struct link *link, enum close_reason why, const char *text)
{
	struct lane *l = container_of(link, struct lane, link);

	if (l->conn.closed || l->left)
		return;
	l->left = true;
	loop_leave(l->loop, &l->grave, free_left);
	conn_pause(&l->conn);
	conn_shutdown(&l->conn);
	conn_set_deadline(&l->conn, CLOSE_MS);
}

static const struct link_ops ops = {
	.kind = "lane",
	.wake = wake,
	.close = let_go,
};

/* As conn_read(); several TLS records at once, for each piece that is handed on cuts a frame, whose
 * bytes are copied once more to be put together. */
static ssize_t read_much(struct lane *l)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = conn_read(&l->conn, l->loop->scratch + have, LOOP_SCRATCH_SIZE - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 && l->conn.ssl && conn_tls_pending(&l->conn) &&
		 have <= LOOP_SCRATCH_SIZE - TLS_RECORD_MAX);
	return have > 0 ? (ssize_t)have : n;
}

/* Its end was read, perhaps behind bytes: no event will say so again. */
static bool is_over(const struct lane *l)
{
	return l->conn.read_ended || l->conn.error;
}

static void on_readable(struct lane *l)
{
	size_t budget = READ_MAX;

	while ((budget > 0 || is_over(l)) && !l->conn.closed) {
		ssize_t n = read_much(l);

		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			lost(l, CLOSE_LINK_LOST);
			return;
		}
		if (link_input(&l->link, l->loop->scratch, (size_t)n, clock_ms()) < 0)
			return; /* let go; the queue still empties */
		budget -= MIN(budget, (size_t)n);
		if ((size_t)n < LOOP_SCRATCH_SIZE / 4 && !is_over(l))
			return; /* level-triggered: what is left says so again */
	}
}

static void on_event(struct conn *c, enum conn_event ev)
{
	struct lane *l = container_of(c, struct lane, conn);

	switch (ev) {
	case CONN_EV_READABLE:
		on_readable(l);
		break;
	case CONN_EV_FLUSHED:
		if (l->link.session)
			on_flush(&l->flush);
		else
			finish(l);
		break;
	case CONN_EV_ERROR:
		lost(l, CLOSE_LINK_LOST);
		break;
	case CONN_EV_TIMEOUT:
		finish(l);
		break;
	case CONN_EV_DRAINED:
	case CONN_EV_READY:
		break;
	}
}

struct lane *lane_new(struct loop *loop)
{
	struct lane *l = mem_new(struct lane);

	l->loop = loop;
	conn_init(&l->conn);
	link_init(&l->link, &ops, LINK_RANK_LANE);
	loop_task_init(&l->flush, on_flush);
	return l;
}

void lane_attach(struct lane *l, struct session *s, const uint8_t *rest, size_t n)
{
	l->conn.event = on_event;
	conn_set_deadline(&l->conn, 0);
	conn_tcp_set_user_timeout(&l->conn, 15000);
	conn_tcp_set_unsent_max(&l->conn, UNSENT_MAX);
	session_attach(s, &l->link, clock_ms());
	if (n > 0)
		(void)link_input(&l->link, rest, n, clock_ms());
}

void lane_bury(struct lane *l)
{
	assert(!l->link.session);
	finish(l);
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	assert(!l->link.session);
	conn_close(&l->conn);
	link_deinit(&l->link);
	free(l);
}
