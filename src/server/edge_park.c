/* SPDX-License-Identifier: MIT */
/*
 * edge_park: an HTTP visitor whose tunnel's client is away.
 *
 * A request that came meanwhile waits with its head unread: when the client is back, the head is
 * taken as if it had come just now. A request without a body that a session took with it before
 * any answer waits with the head that was sent, and is sent once more. What the visitor sends
 * behind is read up to a small bound, so that one that leaves is noticed.
 */
#include <stdlib.h>
#include <string.h>

#include "mux/session.h"
#include "server/edge_visitor.h"
#include "server/tunnel.h"

/* Counted for each visitor beside its head, and read of it at most. */
#define AHEAD 2048

bool edge_park_is_full(const struct visitor *v)
{
	return v->phase == VISITOR_PARKED && buf_len(&v->in) >= v->parked_head + AHEAD;
}

static void leave(struct visitor *v)
{
	conn_resume(&v->conn);
	v->parked_ms = v->parked.waited_ms;
}

static void on_go_on(struct parked *p)
{
	struct visitor *v = container_of(p, struct visitor, parked);

	leave(v);
	if (v->replay) {
		v->phase = VISITOR_WAIT;
		edge_request_resend(v);
		return;
	}
	v->phase = VISITOR_HEAD;
	v->taken_again = true;
	edge_request_take(v);
	conn_flush(&v->conn);
}

static void refuse(struct visitor *v, enum close_reason why, const char *word, const char *text)
{
	const struct tunnel *t = v->edge->ops->route(v->edge, v->host);

	v->why = why;
	v->retry_s = parking_retry_s(v->edge->parking, t);
	edge_error_send(v, 503, word, text);
}

static void away(struct visitor *v)
{
	if (v->edge->parking->closed)
		refuse(v, CLOSE_SHUTDOWN, close_word(CLOSE_SHUTDOWN), close_text(CLOSE_SHUTDOWN));
	else
		refuse(v, CLOSE_LINK_LOST, "client_away", "the client of this tunnel is away");
}

static void on_give_up(struct parked *p)
{
	struct visitor *v = container_of(p, struct visitor, parked);

	leave(v);
	free(TAKE_PTR(v->replay));
	buf_consume(&v->in, v->parked_head);
	v->phase = v->request_body.done ? VISITOR_WAIT : VISITOR_BODY;
	away(v);
}

static const struct parked_ops ops = {
	.go_on = on_go_on,
	.give_up = on_give_up,
};

void edge_park_wait(struct visitor *v, struct tunnel *t, size_t head_n)
{
	struct parking *k = v->edge->parking;
	uint64_t refused = k->refused;

	v->parked.ops = &ops;
	if (parking_enter(k, &v->parked, t, head_n + AHEAD)) {
		v->phase = VISITOR_PARKED;
		v->parked_head = v->replay ? 0 : head_n;
		edge_http_set_deadline(v);
	} else if (k->refused > refused) {
		refuse(v, CLOSE_LIMIT, "too_many_waiting",
			"the client of this tunnel is away, and too many wait for it already");
	} else {
		away(v);
	}
}
