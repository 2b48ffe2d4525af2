/* SPDX-License-Identifier: MIT */
/*
 * ws_site: the HTTP of a page and of the WebSockets that it opens.
 *
 * lws reads the head and does the upgrade; what is answered, and to whom, is its owner's. There is
 * one answer per connection, so that nothing here depends on where a request's body ends. A visit
 * is a connection until it is closed or has become a WebSocket: there are few at once, and when
 * there is no room the oldest goes, so that nobody who opens many shuts the others out.
 */
#include "ws/ws_site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libwebsockets.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/timer.h"
#include "ws/ws_link.h"
#include "ws/ws_loop.h"
#include "ws/ws_text.h"

#define REQUEST_MS 10000
#define ANSWER_MS  10000
#define HEAD_SIZE  2500

/* A connection; from when it is adopted to when lws destroys its own. */
struct visit {
	struct list node;
	struct ws_site *site; /* NULL once that is closed */
	struct lws *wsi;
	struct ws_text *text;
	struct addr peer;
	struct timer deadline; /* lws' own come late when others were set between */
	struct ws_site_answer answer;
	size_t sent;    /* of its bytes */
	bool admitted;  /* the upgrade may go on */
	bool is_socket; /* it has */
};

/* --- requests -------------------------------------------------------------------------------- */

/* lws folds fields of one name. */
static void copy_header(struct lws *wsi, enum lws_token_indexes token, char *to, size_t size)
{
	to[0] = '\0';
	if (lws_hdr_total_length(wsi, token) > 0 && lws_hdr_copy(wsi, to, (int)size, token) < 0)
		(void)snprintf(to, size, "?");
}

static void read_request(const struct visit *v, bool upgrade, struct ws_site_request *ret)
{
	struct lws *wsi = v->wsi;

	memset(ret, 0, sizeof(*ret));
	ret->peer = v->peer;
	ret->upgrade = upgrade;
	ret->method = WS_SITE_OTHER;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0) {
		ret->method = WS_SITE_GET;
		copy_header(wsi, WSI_TOKEN_GET_URI, ret->path, sizeof(ret->path));
	} else if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0) {
		ret->method = WS_SITE_HEAD;
		copy_header(wsi, WSI_TOKEN_HEAD_URI, ret->path, sizeof(ret->path));
	}
	copy_header(wsi, WSI_TOKEN_HOST, ret->host, sizeof(ret->host));
	copy_header(wsi, WSI_TOKEN_ORIGIN, ret->origin, sizeof(ret->origin));
	copy_header(wsi, WSI_TOKEN_PROTOCOL, ret->protocols, sizeof(ret->protocols));
}

/* --- answers --------------------------------------------------------------------------------- */

static const char *reason_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 426:
		return "Upgrade Required";
	default:
		return "Service Unavailable";
	}
}

static const char *field_of(int status)
{
	switch (status) {
	case 401:
		return "WWW-Authenticate: Token\r\n";
	case 405:
		return "Allow: GET, HEAD\r\n";
	case 426:
		return "Upgrade: websocket\r\n";
	case 503:
		return "Retry-After: 5\r\n";
	default:
		return "";
	}
}

/* The head of v's answer; its bytes follow when the connection takes them. */
static int begin_answer(struct visit *v, const struct ws_site_answer *a, bool with_bytes)
{
	unsigned char buffer[LWS_PRE + HEAD_SIZE];
	char *out = (char *)buffer + LWS_PRE;
	int n = snprintf(out, HEAD_SIZE,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s"
		"Connection: close\r\n\r\n",
		a->status, reason_of(a->status), a->type, a->n, field_of(a->status),
		v->site->headers);

	if (n >= HEAD_SIZE ||
		lws_write(v->wsi, (unsigned char *)out, (size_t)n, LWS_WRITE_HTTP_HEADERS) < n)
		return -1;
	v->answer = *a;
	v->sent = with_bytes ? 0 : a->n;
	timer_start(&v->deadline, ANSWER_MS);
	lws_callback_on_writable(v->wsi);
	return 0;
}

/* lws calls this only when what was written before has left. */
static int on_writeable(struct visit *v)
{
	unsigned char *out;
	size_t n;

	if (!v->site || v->sent == v->answer.n)
		return -1; /* that was all */
	out = v->site->loop->buffer + LWS_PRE;
	n = MIN(v->answer.n - v->sent, (size_t)WS_LINK_MESSAGE_MAX);
	memcpy(out, (const uint8_t *)v->answer.bytes + v->sent, n);
	if (lws_write(v->wsi, out, n, LWS_WRITE_HTTP) < (int)n)
		return -1;
	v->sent += n;
	lws_callback_on_writable(v->wsi);
	return 0;
}

static void refuse(struct ws_site_answer *ret, int status, const char *text)
{
	*ret = (struct ws_site_answer){.status = status,
		.type = "text/plain; charset=utf-8",
		.bytes = text,
		.n = strlen(text)};
}

/* --- what lws says --------------------------------------------------------------------------- */

static int on_http(struct visit *v)
{
	struct ws_site_request rq;
	struct ws_site_answer a;

	read_request(v, /* upgrade= */ false, &rq);
	v->site->ops->asked(v->site, &rq, &a);
	return begin_answer(v, &a, rq.method != WS_SITE_HEAD);
}

/* 0: lws goes on with the upgrade; 1: it was answered; -1: hang up. */
static int on_upgrade(struct visit *v, const char *to)
{
	struct ws_site *s = v->site;
	struct ws_site_request rq;
	struct ws_site_answer a;

	read_request(v, /* upgrade= */ true, &rq);
	s->ops->asked(s, &rq, &a);
	mem_wipe(rq.protocols, sizeof(rq.protocols));
	if (a.status == 101 && strcasecmp(to, "websocket") != 0)
		refuse(&a, 400, "there is no such upgrade\n");
	else if (a.status == 101 && s->n_sockets >= WS_SITE_SOCKETS_MAX)
		refuse(&a, 503, "there are as many WebSockets as may be\n");
	v->admitted = a.status == 101;
	if (v->admitted)
		return 0;
	return begin_answer(v, &a, /* with_bytes= */ true) < 0 ? -1 : 1;
}

static int on_established(struct visit *v)
{
	struct ws_site *s = v->site;

	list_del(&v->node);
	list_add_tail(&s->sockets, &v->node);
	timer_stop(&v->deadline);
	s->n_visits--;
	s->n_sockets++;
	v->is_socket = true;
	v->text = ws_text_new(s->loop, v->wsi);
	s->ops->opened(s, v->text);
	return 0;
}

static void on_closed(struct visit *v)
{
	if (v->text)
		ws_text_on_closed(TAKE_PTR(v->text));
}

static void on_destroyed(struct visit *v)
{
	on_closed(v);
	timer_stop(&v->deadline);
	if (v->site) {
		v->site->n_sockets -= v->is_socket;
		v->site->n_visits -= !v->is_socket;
	}
	list_del(&v->node);
	lws_set_opaque_user_data(v->wsi, NULL);
	free(v);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t n)
{
	struct visit *v = lws_get_opaque_user_data(wsi);

	if (!v)
		return 0;
	if (reason == LWS_CALLBACK_WSI_DESTROY) {
		on_destroyed(v);
		return 0;
	}
	if (!v->site)
		return -1;
	switch ((int)reason) {
	case LWS_CALLBACK_HTTP:
		/* HTTP/2 has streams, which are not visits; lws would offer it to who asks */
		return lws_get_network_wsi(wsi) == wsi ? on_http(v) : -1;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(v, in);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return v->admitted ? 0 : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writeable(v);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(v);
	case LWS_CALLBACK_RECEIVE:
		return v->text ? ws_text_on_receive(v->text, in, n) : -1;
	case LWS_CALLBACK_CLOSED:
		on_closed(v);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return v->text ? ws_text_on_writeable(v->text) : 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_event},
	{.name = WS_SITE_PROTOCOL, .callback = on_event, .rx_buffer_size = 16 * 1024},
	{.name = NULL},
};

/* --- life ------------------------------------------------------------------------------------ */

int ws_site_open(struct ws_site *s, struct ws_loop *w, const struct ws_site_ops *ops,
	const char *headers, struct err *err)
{
	struct lws_context_creation_info info;

	memset(s, 0, sizeof(*s));
	memset(&info, 0, sizeof(info));
	list_init(&s->visits);
	list_init(&s->sockets);
	s->ops = ops;
	s->loop = w;
	s->headers = headers;
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.protocols = protocols;
	info.vhost_name = "site";
	info.timeout_secs = 10;
	info.keepalive_timeout = 5;
	s->vhost = lws_create_vhost(w->context, &info);
	if (!s->vhost)
		return err_set(err, -EINVAL, "libwebsockets makes no site here");
	return 0;
}

/* Never inside a callback of its own. */
static void hang_up(struct visit *v)
{
	lws_set_timeout(v->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

static void on_deadline(struct timer *t)
{
	hang_up(container_of(t, struct visit, deadline));
}

static void make_room(struct ws_site *s)
{
	if (s->n_visits >= WS_SITE_VISITS_MAX)
		hang_up(list_entry(list_first(&s->visits), struct visit, node));
}

void ws_site_adopt(struct ws_site *s, int fd, const struct addr *peer)
{
	struct visit *v;
	struct lws *wsi;

	make_room(s);
	/* lws closes the descriptor itself when it cannot take it */
	wsi = lws_adopt_socket_vhost(s->vhost, fd);
	if (!wsi)
		return;
	v = mem_new(struct visit);
	v->site = s;
	v->wsi = wsi;
	v->peer = *peer;
	list_add_tail(&s->visits, &v->node);
	s->n_visits++;
	lws_set_opaque_user_data(wsi, v);
	timer_init(&v->deadline, s->loop->loop, on_deadline);
	timer_start(&v->deadline, REQUEST_MS);
}

/* lws would leave them open when their vhost is destroyed. */
static void let_go(struct list *visits)
{
	list_each_safe (v, visits, struct visit, node) {
		v->site = NULL;
		list_del(&v->node);
		on_closed(v);
		hang_up(v);
	}
}

void ws_site_close(struct ws_site *s)
{
	if (!s->vhost)
		return;
	let_go(&s->visits);
	let_go(&s->sockets);
	lws_vhost_destroy(s->vhost);
	s->vhost = NULL;
}
