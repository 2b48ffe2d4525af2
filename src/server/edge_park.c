/* SPDX-License-Identifier: MIT */
/*
 * edge_park: an HTTP visitor whose tunnel's client is away.
 *
 * A request that came meanwhile waits with its head unread: when the client is back, the head is
 * taken as if it had come just now. A request without a body that a session took with it before
 * any answer waits with the head that was sent, and is sent once more. What the visitor sends
 * behind is read up to a small bound, so that one that leaves is noticed. What came along with the
 * head, as the beginning of a body does, is held and counted, too.
 */
#include <stdlib.h>
#include <string.h>

#include "mux/session.h"
#include "server/edge_visitor.h"
#include "server/tunnel.h"

/* Counted for each visitor beside what it holds already, and read of it at most. */
#define AHEAD 2048

size_t edge_park_room(const struct visitor *v)
{
	size_t held = buf_len(&v->in) + (v->replay ? v->replay_n : 0);

	return v->parked.bytes > held ? v->parked.bytes - held : 0;
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

static void set_retry(struct visitor *v, enum close_reason why)
{
	v->why = why;
	v->retry_s = parking_retry_s(v->edge->parking, v->edge->ops->route(v->edge, v->host));
}

static void away(struct visitor *v)
{
	bool stopping = v->edge->parking->closed;

	set_retry(v, stopping ? CLOSE_SHUTDOWN : CLOSE_LINK_LOST);
	if (stopping)
		edge_error_send(v, close_http_status(v->why), close_word(v->why),
			close_text(v->why));
	else
		edge_error_refuse(v, HTTP_FAULT_CLIENT_AWAY);
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
	size_t held = buf_len(&v->in) + (v->replay ? v->replay_n : 0);

	v->parked.ops = &ops;
	if (parking_enter(k, &v->parked, t, held + AHEAD)) {
		v->phase = VISITOR_PARKED;
		v->parked_head = v->replay ? 0 : head_n;
		edge_http_set_deadline(v);
	} else if (k->refused > refused) {
		set_retry(v, CLOSE_LIMIT);
		edge_error_refuse(v, HTTP_FAULT_MANY_WAITING);
	} else {
		away(v);
	}
}
