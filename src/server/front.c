/* SPDX-License-Identifier: MIT */
/*
 * front: accepts, and on control listeners looks at the first bytes to tell a WebSocket from a
 * lane: by the request line when plain, by ALPN when TLS. Nothing is read, only peeked, so the
 * chosen one starts at the first byte.
 */
#include "server/front.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/peek.h"
#include "io/tls_ctx.h"
#include "lane/lane.h"
#include "proto/client_hello.h"
#include "server/hub.h"
#include "server/peer.h"
#include "server/server_conf.h"
#include "server/v1_client.h"

struct front_peek {
	struct list node;
	struct front *front;
	struct peek peek;
	struct grave grave;
	bool is_lane;
};

const char *front_role_name(const struct front *f)
{
	return f->role == FRONT_PUBLIC ? "public" : "control";
}

/* --- control connections --------------------------------------------------------------------- */

static enum peek_verdict look_tls(struct front_peek *p, const uint8_t *bytes, size_t n)
{
	struct client_hello hello;
	enum client_hello_result r = client_hello_parse(&hello, bytes, n);

	if (r == CLIENT_HELLO_SHORT)
		return PEEK_MORE;
	/* what is no ClientHello is left to the TLS library to refuse */
	p->is_lane = r == CLIENT_HELLO_OK && client_hello_offers(&hello, LANE_ALPN);
	return PEEK_DONE;
}

static enum peek_verdict on_look(struct peek *peek, const uint8_t *bytes, size_t n, bool last)
{
	struct front_peek *p = container_of(peek, struct front_peek, peek);
	int wants;

	if (p->front->tls)
		return look_tls(p, bytes, n);
	wants = lane_server_wants(bytes, n);
	if (wants < 0)
		return PEEK_MORE;
	p->is_lane = wants > 0;
	return PEEK_DONE;
}

static void free_peek(struct grave *g)
{
	free(container_of(g, struct front_peek, grave));
}

static void on_looked(struct peek *peek, int fd)
{
	struct front_peek *p = container_of(peek, struct front_peek, peek);
	struct front *f = p->front;

	list_del(&p->node);
	f->n_peeks--;
	if (fd >= 0 && p->is_lane)
		lane_server_adopt(&f->lanes, fd);
	else if (fd >= 0 && ws_server_adopt(&f->ws, fd, &peek->peer) < 0)
		log_debug("a control connection could not be taken over");
	loop_bury(f->hub->loop, &p->grave, free_peek);
}

static void accept_control(struct front *f, int fd, const struct addr *peer)
{
	struct front_peek *p;

	if (f->n_peeks >= FRONT_PEEKS_MAX) {
		close(fd);
		return;
	}
	p = mem_new(struct front_peek);
	p->front = f;
	list_add_tail(&f->peeks, &p->node);
	f->n_peeks++;
	peek_start(&p->peek, f->hub->loop, fd, peer, FRONT_PEEK_MS, on_look, on_looked);
}

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct front *f = container_of(l, struct front, listener);

	if (f->role == FRONT_PUBLIC)
		edge_http_accept(&f->hub->edge, fd, peer, f->tls);
	else
		accept_control(f, fd, peer);
}

/* --- WebSockets ------------------------------------------------------------------------------ */

static int on_check(struct ws_server *s, const struct ws_request *rq, const char **ret_text)
{
	return hub_check(container_of(s, struct front, ws)->hub, rq, ret_text);
}

static void on_opened(struct ws_server *s, const struct ws_request *rq, struct link *l)
{
	struct hub *h = container_of(s, struct front, ws)->hub;
	const struct server_conf_key *key = keys_find_secret(&h->keys, rq->bearer);
	struct peer *p;

	p = peer_accept(h, l, key, &rq->peer);
	/* a key revoked since it was checked makes nobody anonymous */
	if (!key && rq->bearer[0])
		peer_end(p, CLOSE_KEY_REVOKED, "the key was revoked");
}

static void on_opened_v1(struct ws_server *s, const struct ws_request *rq, struct ws_pipe *p)
{
	v1_client_open(container_of(s, struct front, ws)->hub, rq, p);
}

static const struct ws_server_ops ws_ops = {
	.check = on_check,
	.opened = on_opened,
	.opened_v1 = on_opened_v1,
};

static struct session *on_claim(struct lane_server *s, const char *token)
{
	return hub_claim_lane(container_of(s, struct front, lanes)->hub, token);
}

/* --- life ------------------------------------------------------------------------------------ */

static int open_listener(struct front *f, const struct server_conf_listener *conf, int fd,
	struct err *err)
{
	struct addr a;

	if (fd >= 0)
		return listener_adopt(&f->listener, f->hub->loop, fd, on_accept, err);
	if (addr_parse(&a, conf->listen) < 0)
		return err_set(err, -1, "'%s' is not an address", conf->listen);
	return listener_open(&f->listener, f->hub->loop, &a, 0666, on_accept, err);
}

static int open_control(struct front *f, struct err *err)
{
	int r = ws_server_open(&f->ws, f->hub->ws, f->tls, &ws_ops, err);

	if (r == 0)
		lane_server_init(&f->lanes, f->hub->loop, f->tls, on_claim);
	return r;
}

struct front *front_open(struct hub *h, enum front_role role, struct server_conf_listener *conf,
	int fd, struct err *err)
{
	static const char *const alpn[] = {LANE_ALPN, NULL};
	struct front *f = mem_new(struct front);

	f->hub = h;
	f->role = role;
	list_init(&f->node);
	list_init(&f->peeks);
	list_init(&f->lanes.pending);
	listener_init(&f->listener);
	if (conf && conf->tls.certs)
		f->tls = tls_ctx_new_server(TAKE_PTR(conf->tls.certs),
			role == FRONT_CONTROL ? alpn : NULL);
	if ((role == FRONT_CONTROL && open_control(f, err) < 0) ||
		open_listener(f, conf, fd, err) < 0) {
		front_close(f);
		return NULL;
	}
	list_add_tail(&h->fronts, &f->node);
	return f;
}

void front_stop(struct front *f)
{
	listener_stop(&f->listener);
}

void front_close(struct front *f)
{
	listener_close(&f->listener);
	list_each_safe (p, &f->peeks, struct front_peek, node) {
		peek_cancel(&p->peek);
		list_del(&p->node);
		loop_bury(f->hub->loop, &p->grave, free_peek);
	}
	lane_server_deinit(&f->lanes);
	ws_server_close(&f->ws);
	tls_ctx_unref(f->tls);
	list_del(&f->node);
	free(f);
}
