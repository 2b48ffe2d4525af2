/* SPDX-License-Identifier: MIT */
/*
 * gate_watch: looks at what passes, holds nothing back and keeps but the head that is not whole.
 * What cannot be read as HTTP, or was asked to become something else, passes unseen from then on.
 */
#include "gate/gate_watch.h"

#include "gate/gate.h"

static void pass_on(struct gate *g, const uint8_t *bytes, size_t n)
{
	pump_show(g->pump, bytes, n);
	pump_forward(g->pump, bytes, n);
}

static void judge_if_whole(struct gate *g)
{
	if (!g->read.body.done)
		return;
	g->ops->judged(g, webhook_check_finish(g->read.check));
	g->state = g->read.upgrade ? GATE_OPEN : GATE_HEAD;
}

/* How many of the bytes it took; they have passed. */
static size_t watch_head(struct gate *g, const uint8_t *bytes, size_t n)
{
	size_t before = buf_len(&g->in);
	long len;

	(void)buf_add(&g->in, bytes, n);
	len = http_head_scan(buf_data(&g->in), buf_len(&g->in), GATE_READ_HEAD_MAX, &g->scanned);
	if (len > 0)
		n = (size_t)len - before;
	pass_on(g, bytes, n);
	if (len == 0 || g->pump->finished)
		return n;
	if (len < 0 || gate_read_head(&g->read, g->conf, buf_data(&g->in), (size_t)len) !=
			       HTTP_FAULT_NONE) {
		g->state = GATE_OPEN;
	} else {
		g->state = GATE_BODY;
		judge_if_whole(g);
	}
	g->scanned = 0;
	buf_clear(&g->in);
	return n;
}

static size_t watch_body(struct gate *g, const uint8_t *bytes, size_t n)
{
	long used = gate_read_body(&g->read, bytes, n);

	if (used < 0)
		g->state = GATE_OPEN;
	else
		n = (size_t)used;
	pass_on(g, bytes, n);
	if (used >= 0 && !g->pump->finished)
		judge_if_whole(g);
	return n;
}

void gate_watch_data(struct gate *g, const uint8_t *bytes, size_t n)
{
	while (n > 0 && !g->pump->finished) {
		size_t used = n;

		if (g->state == GATE_HEAD)
			used = watch_head(g, bytes, n);
		else if (g->state == GATE_BODY)
			used = watch_body(g, bytes, n);
		else
			pass_on(g, bytes, n);
		bytes += used;
		n -= used;
	}
}
