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
#include "io/tls_certs.h"
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
	bool tls, is_lane;
};

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

	if (p->tls)
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
		lane_server_adopt(&f->lanes, fd, p->tls ? f->tls : NULL);
	else if (fd >= 0 && ws_server_adopt(p->tls ? &f->ws_tls : &f->ws, fd, &peek->peer) < 0)
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
	p->tls = f->uses_tls;
	list_add_tail(&f->peeks, &p->node);
	f->n_peeks++;
	peek_start(&p->peek, f->hub->loop, fd, peer, FRONT_PEEK_MS, on_look, on_looked);
}

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct front *f = container_of(l, struct front, listener);

	if (f->role == FRONT_PUBLIC)
		edge_http_accept(&f->hub->edge, fd, peer, f->uses_tls ? f->tls : NULL);
	else
		accept_control(f, fd, peer);
}

/* --- WebSockets ------------------------------------------------------------------------------ */

static struct front *front_of(struct ws_server *s)
{
	return s->tls ? container_of(s, struct front, ws_tls) : container_of(s, struct front, ws);
}

static int on_check(struct ws_server *s, const struct ws_request *rq, const char **ret_text)
{
	return hub_check(front_of(s)->hub, rq, ret_text);
}

static void on_opened(struct ws_server *s, const struct ws_request *rq, struct link *l)
{
	struct hub *h = front_of(s)->hub;
	const struct server_conf_key *key = keys_find_secret(&h->keys, rq->bearer);
	struct peer *p;

	p = peer_accept(h, l, key, &rq->peer);
	/* a key revoked since it was checked makes nobody anonymous */
	if (!key && rq->bearer[0])
		peer_end(p, CLOSE_KEY_REVOKED, "the key was revoked");
}

static void on_opened_v1(struct ws_server *s, const struct ws_request *rq, struct ws_pipe *p)
{
	v1_client_open(front_of(s)->hub, rq, p);
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

/* --- settings -------------------------------------------------------------------------------- */

int front_prepare(struct front *f, const struct server_conf_listener *conf, struct err *err)
{
	static const char *const alpn[] = {LANE_ALPN, NULL};
	bool tls = conf && conf->tls.certs;

	if (tls && !f->tls)
		f->tls = tls_ctx_new_server(tls_certs_new(),
			f->role == FRONT_CONTROL ? alpn : NULL);
	if (f->role != FRONT_CONTROL)
		return 0;
	if (tls && !f->ws_tls.vhost)
		return ws_server_open(&f->ws_tls, f->hub->ws, f->tls, &ws_ops, err);
	if (!tls && !f->ws.vhost)
		return ws_server_open(&f->ws, f->hub->ws, /* tls= */ NULL, &ws_ops, err);
	return 0;
}

bool front_would_change(const struct front *f, const struct server_conf_listener *conf)
{
	return !tls_certs_same(f->uses_tls ? tls_ctx_certs(f->tls) : NULL,
		conf ? conf->tls.certs : NULL);
}

void front_configure(struct front *f, struct server_conf_listener *conf)
{
	f->uses_tls = conf && conf->tls.certs;
	if (f->uses_tls)
		tls_ctx_set_certs(f->tls, TAKE_PTR(conf->tls.certs));
}

/* --- life ------------------------------------------------------------------------------------ */

static int open_listener(struct front *f, int fd, struct err *err)
{
	struct addr a;

	if (fd >= 0)
		return listener_adopt(&f->listener, f->hub->loop, fd, on_accept, err);
	if (addr_parse(&a, f->address) < 0)
		return err_set(err, -1, "'%s' is not an address", f->address);
	return listener_open(&f->listener, f->hub->loop, &a, 0666, on_accept, err);
}

struct front *front_open(struct hub *h, enum front_role role, const char *address, int fd,
	struct err *err)
{
	struct front *f = mem_new(struct front);

	f->hub = h;
	f->role = role;
	f->address = mem_strdup(address);
	list_init(&f->node);
	list_init(&f->peeks);
	listener_init(&f->listener);
	lane_server_init(&f->lanes, h->loop, on_claim);
	if (open_listener(f, fd, err) == 0)
		return f;
	front_close(f);
	return NULL;
}

void front_stop(struct front *f)
{
	listener_stop(&f->listener);
}

void front_retire(struct front *f)
{
	listener_close(&f->listener);
}

bool front_is_busy(const struct front *f)
{
	return f->n_peeks > 0 || f->lanes.n_pending > 0 || f->ws.n_links > 0 ||
	       f->ws_tls.n_links > 0;
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
	ws_server_close(&f->ws_tls);
	tls_ctx_unref(f->tls);
	list_del(&f->node);
	free(f->address);
	free(f);
}

const char *front_role_name(const struct front *f)
{
	return f->role == FRONT_PUBLIC ? "public" : "control";
}

char *front_label(const struct front *f)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&f->listener.local, text);
	return mem_printf("%s[%s]", front_role_name(f), f->address ? f->address : text);
}
