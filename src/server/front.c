/* SPDX-License-Identifier: MIT */
/*
 * front: accepts, finds out who a connection is for, and hands it on.
 *
 *   accept ── PROXY header (taken off) ── first bytes (only peeked at) ── edge, WebSocket, lane
 *
 * A listener with one use and one way to speak needs no look; every other one is looked at within a
 * deadline (front_sort.c says how). Nothing but the PROXY header is read, so that the chosen one
 * starts at the first byte. What is for nobody is closed, and counted.
 */
#include "server/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/peek.h"
#include "io/tls_certs.h"
#include "io/tls_ctx.h"
#include "lane/lane.h"
#include "proto/proxy_header.h"
#include "server/admit.h"
#include "server/front_sort.h"
#include "server/hub.h"
#include "server/peer.h"
#include "server/server_conf.h"
#include "server/v1_client.h"

struct front_peek {
	struct list node;
	struct front *front;
	struct peek peek;
	struct grave grave;
	bool proxied;            /* the header is still to come */
	struct addr peer, local; /* who, and where to; the header's when it said so */
	struct proxy_header header;
	struct front_sort sort;
	enum front_sort_verdict verdict;
};

/* --- handing on ------------------------------------------------------------------------------ */

/* RFC 6066 §3: a fatal unrecognized_name(112), in the record version that every client takes. */
static void tell_stranger(int fd)
{
	static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 112};
	uint8_t hello[4096];

	/* what is left unread would turn the end into a reset, and the alert into nothing */
	for (int i = 0; i < 4 && recv(fd, hello, sizeof(hello), MSG_DONTWAIT) > 0; i++)
		continue;
	(void)send(fd, alert, sizeof(alert), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void pass(struct hub *h, const struct front_peek *p, int fd)
{
	const struct guests_call call = {.fd = fd, .peer = p->peer, .local = p->local, .tls = true};

	if (admit_address(&h->conf, &p->peer))
		guests_accept(&h->passed, p->sort.tunnel, &call);
	else
		close(fd);
}

static void hand_on(struct front *f, const struct front_peek *p, int fd)
{
	struct hub *h = f->hub;
	struct tls_ctx *tls = p->sort.tls ? f->tls : NULL;

	switch (p->verdict) {
	case FRONT_SORT_VISITOR:
		edge_http_accept(&h->edge, fd, &p->peer, p->local.len ? &p->local : NULL, tls);
		break;
	case FRONT_SORT_SOCKET:
		if (ws_server_adopt(tls ? &f->ws_tls : &f->ws, fd, &p->peer) < 0)
			log_debug("a control connection could not be taken over");
		break;
	case FRONT_SORT_LANE:
		lane_server_adopt(&f->lanes, fd, tls);
		break;
	case FRONT_SORT_STRANGER:
		h->fronts_said.strangers++;
		tell_stranger(fd);
		break;
	case FRONT_SORT_PASS:
		pass(h, p, fd);
		break;
	case FRONT_SORT_GARBAGE:
	case FRONT_SORT_MORE:
		h->fronts_said.garbage++;
		close(fd);
		break;
	}
}

/* --- looking --------------------------------------------------------------------------------- */

static struct front_sort_rules rules_of(const struct front *f)
{
	return (struct front_sort_rules){
		.visitors = f->role == FRONT_PUBLIC,
		.clients = f->role == FRONT_CONTROL || f->clients,
		.plain = !f->uses_tls || f->plain,
		.tls = f->uses_tls,
		.names = &f->hub->names,
		.own = &f->hub->conf.allowed_hosts,
	};
}

/* Is there anything to find out? */
static bool is_ambiguous(const struct front *f)
{
	return f->role == FRONT_CONTROL || f->clients || (f->uses_tls && f->plain) ||
	       f->hub->names.n_tls > 0;
}

static enum peek_verdict on_look(struct peek *peek, const uint8_t *bytes, size_t n, bool last)
{
	struct front_peek *p = container_of(peek, struct front_peek, peek);
	struct front_sort_rules rules;

	if (p->proxied)
		return proxy_header_parse(&p->header, bytes, n) == PROXY_HEADER_SHORT && !last
			       ? PEEK_MORE
			       : PEEK_DONE;
	rules = rules_of(p->front);
	p->verdict = front_sort_look(&p->sort, &rules, bytes, n, last);
	return p->verdict == FRONT_SORT_MORE ? PEEK_MORE : PEEK_DONE;
}

static void free_peek(struct grave *g)
{
	free(container_of(g, struct front_peek, grave));
}

static void on_looked(struct peek *peek, int fd);

static void look(struct front_peek *p, int fd)
{
	struct front *f = p->front;

	if (p->proxied || is_ambiguous(f)) {
		peek_start(&p->peek, f->hub->loop, fd, &p->peer, FRONT_PEEK_MS, on_look, on_looked);
		return;
	}
	p->verdict = FRONT_SORT_VISITOR;
	p->sort.tls = f->uses_tls;
	hand_on(f, p, fd);
	list_del(&p->node);
	f->n_peeks--;
	loop_bury(f->hub->loop, &p->grave, free_peek);
}

static void take_address(struct addr *to, enum proxy_header_family family, const uint8_t *ip,
	uint16_t port)
{
	addr_from_ip(to, ip, family == PROXY_HEADER_V4 ? 4 : 16, port);
}

/* Take the header off; false when there is none that holds. */
static bool take_header(struct front_peek *p, int fd)
{
	struct proxy_header *h = &p->header;
	uint8_t bytes[PROXY_HEADER_MAX];

	if (h->length == 0 || recv(fd, bytes, h->length, MSG_DONTWAIT) != (ssize_t)h->length)
		return false;
	p->proxied = false;
	if (h->family == PROXY_HEADER_UNKNOWN)
		return true;
	take_address(&p->peer, h->family, h->source, h->source_port);
	take_address(&p->local, h->family, h->destination, h->destination_port);
	return true;
}

static void on_looked(struct peek *peek, int fd)
{
	struct front_peek *p = container_of(peek, struct front_peek, peek);
	struct front *f = p->front;

	if (fd >= 0 && p->proxied && take_header(p, fd)) {
		look(p, fd);
		return;
	}
	list_del(&p->node);
	f->n_peeks--;
	if (fd >= 0 && p->proxied) {
		f->hub->fronts_said.unproxied++;
		close(fd);
	} else if (fd >= 0) {
		hand_on(f, p, fd);
	} else {
		f->hub->fronts_said.silent++;
	}
	loop_bury(f->hub->loop, &p->grave, free_peek);
}

/* Visitors that say nothing yet are counted as those that do. */
static bool is_full(const struct front *f)
{
	uint32_t max = FRONT_PEEKS_MAX;

	if (f->role == FRONT_PUBLIC)
		max = MAX(max, f->hub->conf.limits.visitors);
	return f->n_peeks >= max;
}

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	struct front *f = container_of(l, struct front, listener);
	struct front_peek *p;

	if (!f->proxied && !is_ambiguous(f)) {
		edge_http_accept(&f->hub->edge, fd, peer, /* local= */ NULL,
			f->uses_tls ? f->tls : NULL);
		return;
	}
	if (f->proxied && !admit_trusts(&f->hub->conf, peer)) {
		f->hub->fronts_said.unproxied++;
		close(fd);
		return;
	}
	if (is_full(f)) {
		close(fd);
		return;
	}
	p = mem_new(struct front_peek);
	p->front = f;
	p->proxied = f->proxied;
	p->peer = *peer;
	list_add_tail(&f->peeks, &p->node);
	f->n_peeks++;
	look(p, fd);
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
	bool tls = conf && conf->tls.certs, plain = !tls || conf->plain;

	if (tls && !f->tls)
		f->tls = tls_ctx_new_server(tls_certs_new(), alpn);
	if (f->role != FRONT_CONTROL && (!conf || !conf->clients))
		return 0;
	if (tls && !f->ws_tls.vhost &&
		ws_server_open(&f->ws_tls, f->hub->ws, f->tls, &ws_ops, err) < 0)
		return -EINVAL;
	if (plain && !f->ws.vhost &&
		ws_server_open(&f->ws, f->hub->ws, /* tls= */ NULL, &ws_ops, err) < 0)
		return -EINVAL;
	return 0;
}

bool front_would_change(const struct front *f, const struct server_conf_listener *conf)
{
	return !tls_certs_same(f->uses_tls ? tls_ctx_certs(f->tls) : NULL,
		       conf ? conf->tls.certs : NULL) ||
	       f->clients != (conf && conf->clients) || f->plain != (conf && conf->plain) ||
	       f->proxied != (conf && conf->proxy_protocol);
}

void front_configure(struct front *f, struct server_conf_listener *conf)
{
	f->uses_tls = conf && conf->tls.certs;
	if (f->uses_tls)
		tls_ctx_set_certs(f->tls, TAKE_PTR(conf->tls.certs));
	f->clients = conf && conf->clients;
	f->plain = conf && conf->plain;
	f->proxied = conf && conf->proxy_protocol;
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

/* Whoever is in the backlog is connected, as it sees it. */
void front_stop(struct front *f)
{
	if (f->passed)
		listener_stop(&f->listener);
	else
		listener_finish(&f->listener);
}

void front_retire(struct front *f)
{
	front_stop(f);
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
