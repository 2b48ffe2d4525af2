/* SPDX-License-Identifier: MIT */
/*
 * replay: an HTTP client for one request.
 *
 *   rebuild ──> bytes ──┬──> conn ──> origin          dialled as a visitor's stream is
 *                       └──> tap <──  answer          the same reading as of visitors' bytes
 *
 * The tap makes the new exchange, keeps what fits, and knows where the answer ends; so there is no
 * second reading of HTTP here. The bytes of the answer are looked at and dropped: however long it
 * is, it costs what the capture allows. One deadline covers all, and nobody who goes away ends it:
 * what an origin was asked it has been asked.
 */
#include "client/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/agent.h"
#include "client/client_conf.h"
#include "client/origin_dial.h"
#include "client/tunnel.h"
#include "inspect/rebuild.h"
#include "inspect/tap.h"
#include "io/conn.h"
#include "io/tls_ctx.h"

/* What one readable event may move before others get their turn. */
#define READ_MAX (512 * 1024)

struct replay {
	struct list node;
	struct replays *set;
	struct agent *agent;
	struct replay_user *user; /* NULL: it has left */
	struct exchange *e;
	struct tap tap;
	struct tap_visit visit;
	struct dial dial;
	struct conn conn;
	struct timer deadline;
	struct grave grave;
	struct rebuild request; /* until it is sent */
	struct tls_ctx *tls;    /* NULL: plain */
	char *tunnel, *host;    /* the tunnel may be taken down meanwhile */
	uint8_t proxy[PROXY_HEADER_OUT_MAX];
	size_t n_proxy;
	bool is_unix;
	uint64_t timeout_ms;
};

static void free_replay(struct replay *r)
{
	tap_deinit(&r->tap);
	exchange_unref(r->e);
	rebuild_deinit(&r->request);
	tls_ctx_unref(r->tls);
	free(r->tunnel);
	free(r->host);
	free(r);
}

static void on_buried(struct grave *g)
{
	free_replay(container_of(g, struct replay, grave));
}

/* --- the end --------------------------------------------------------------------------------- */

static void tell_user(struct replay *r, bool answered)
{
	struct replay_user *u = TAKE_PTR(r->user);
	const char *error = r->e->error;

	if (!u)
		return;
	u->replay = NULL;
	if (answered)
		error = NULL;
	else if (!error)
		error = "there was no answer";
	u->done(u, r->e, error);
}

static void finish(struct replay *r, enum close_reason why, const char *text)
{
	/* a status that the tap adds for a visitor was not said by the origin */
	bool answered = r->e->status > 0;

	dial_cancel(&r->dial);
	timer_stop(&r->deadline);
	conn_close(&r->conn);
	tap_close(&r->tap, why, text);
	list_del(&r->node);
	r->set->n--;
	tell_user(r, answered);
	loop_bury(r->agent->loop, &r->grave, on_buried);
}

static void on_deadline(struct timer *t)
{
	struct replay *r = container_of(t, struct replay, deadline);
	CLEANUP(mem_cleanup)
	char *text = mem_printf("the answer had not %s after %" PRIu64 " ms",
		r->e->status ? "ended" : "begun", r->timeout_ms);

	finish(r, r->e->status ? CLOSE_LIMIT : CLOSE_ORIGIN_TIMEOUT, text);
}

/* --- the answer ------------------------------------------------------------------------------ */

/* True: it is over. */
static bool finish_if_settled(struct replay *r)
{
	if (r->e->status == 101)
		finish(r, CLOSE_BAD_MESSAGE, "an upgrade that nobody asked for");
	else if (tap_is_settled(&r->tap))
		finish(r, CLOSE_DONE, "");
	else
		return false;
	return true;
}

static void on_readable(struct replay *r)
{
	uint8_t *to = r->agent->loop->scratch;
	size_t budget = READ_MAX;

	while (budget > 0) {
		ssize_t n = conn_read(&r->conn, to, LOOP_SCRATCH_SIZE);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			finish(r, CLOSE_ORIGIN_RESET, conn_error_text(&r->conn));
			return;
		}
		if (n > 0)
			tap_data(&r->tap, EXCHANGE_RESPONSE, to, (size_t)n);
		else
			tap_end(&r->tap, EXCHANGE_RESPONSE);
		if (finish_if_settled(r))
			return;
		if (n == 0) {
			finish(r, CLOSE_ORIGIN_RESET, "");
			return;
		}
		budget -= MIN(budget, (size_t)n);
	}
}

static void on_conn_event(struct conn *c, enum conn_event ev)
{
	struct replay *r = container_of(c, struct replay, conn);

	if (ev == CONN_EV_READABLE)
		on_readable(r);
	else if (ev == CONN_EV_ERROR)
		finish(r,
			c->handshaking || c->error == -EPROTO ? CLOSE_ORIGIN_TLS
							      : CLOSE_ORIGIN_RESET,
			conn_error_text(c));
}

/* --- the request ----------------------------------------------------------------------------- */

static void on_dialled(struct dial *d, int fd)
{
	struct replay *r = container_of(d, struct replay, dial);
	const struct rebuild *rq = &r->request;
	size_t n = r->n_proxy + rq->head.len + rq->body_len;

	if (fd < 0) {
		finish(r, origin_dial_reason(r->is_unix, fd), strerror(-fd));
		return;
	}
	conn_open(&r->conn, r->agent->loop, fd, n, on_conn_event);
	if (r->tls && conn_start_tls(&r->conn, r->tls, r->host, /* alpn= */ NULL) < 0) {
		finish(r, CLOSE_ORIGIN_TLS, "TLS could not be begun");
		return;
	}
	/* all of it fits: the queue was made for it */
	(void)conn_queue(&r->conn, r->proxy, r->n_proxy);
	(void)conn_queue(&r->conn, rq->head.data, rq->head.len);
	(void)conn_queue(&r->conn, rq->body, rq->body_len);
	conn_flush(&r->conn);
	rebuild_deinit(&r->request);
}

static struct replay *new_replay(struct agent *a, const struct replay_order *order)
{
	const struct client_conf_tunnel *def = order->to->def;
	struct replay *r = mem_new(struct replay);

	r->agent = a;
	r->tunnel = mem_strdup(def->name);
	r->host = mem_strdup(def->target.host);
	r->is_unix = def->target.is_unix;
	r->timeout_ms = order->timeout_ms;
	r->n_proxy = origin_dial_proxy_header(r->proxy, def, "", "", /* tls= */ false);
	r->visit = (struct tap_visit){.capture = &a->inspector.capture,
		.redact = &a->inspector.redact,
		.tunnel = r->tunnel,
		.visitor = "replay",
		.replay_of = order->of};
	conn_init(&r->conn);
	dial_init(&r->dial, a->loop);
	timer_init(&r->deadline, a->loop, on_deadline);
	tap_init(&r->tap, &r->visit, TAP_FULL);
	return r;
}

/* What will be sent is seen before anything can fail. Whoever asks for this wants to see it,
 * whatever the tunnel keeps of its visitors. */
static int begin_exchange(struct replay *r, struct err *err)
{
	const struct rebuild *rq = &r->request;

	tap_data(&r->tap, EXCHANGE_REQUEST, (const uint8_t *)rq->head.data, rq->head.len);
	tap_data(&r->tap, EXCHANGE_REQUEST, rq->body, rq->body_len);
	if (!tap_exchange(&r->tap))
		return err_set(err, -ENOSPC, "nothing is kept of requests at present");
	r->e = exchange_ref(tap_exchange(&r->tap));
	return 0;
}

int replay_start(struct replays *rs, struct agent *a, const struct replay_order *order,
	struct replay_user *u, struct err *err)
{
	struct tls_ctx *tls = NULL;
	struct replay *r;
	int code;

	if (rs->n >= REPLAY_MAX)
		return err_set(err, -EBUSY, "%d replays are under way already", REPLAY_MAX);
	if (order->to->def->target.tls) {
		tls = origin_dial_tls(order->to, err);
		if (!tls)
			return -ENOENT;
	}
	r = new_replay(a, order);
	r->tls = tls ? tls_ctx_ref(tls) : NULL;
	r->request = *order->request;
	*order->request = (struct rebuild){0};
	code = begin_exchange(r, err);
	if (code == 0 && origin_dial_start(&r->dial, a, order->to->def, on_dialled) < 0) {
		tap_close(&r->tap, CLOSE_ORIGIN_UNREACHABLE, "the path is too long");
		code = err_set(err, -ENAMETOOLONG, "the path of the origin's socket is too long");
	}
	if (code < 0) {
		free_replay(r);
		return code;
	}
	if (!rs->running.next)
		list_init(&rs->running);
	list_add_tail(&rs->running, &r->node);
	r->set = rs;
	rs->n++;
	r->user = u;
	u->replay = r;
	timer_start(&r->deadline, r->timeout_ms);
	return 0;
}

void replay_leave(struct replay_user *u)
{
	if (u->replay)
		u->replay->user = NULL;
	u->replay = NULL;
}

void replay_stop_all(struct replays *rs)
{
	struct list *n;

	while (rs->running.next && (n = list_first(&rs->running)))
		finish(list_entry(n, struct replay, node), CLOSE_SHUTDOWN, "");
}
