/* SPDX-License-Identifier: MIT */
/*
 * ws_server: the server's end of the control WebSocket.
 *
 * Sockets come from our own listeners (adopted); lws does TLS, the HTTP head and the upgrade. A
 * request is checked before the upgrade, so that a wrong key is an HTTP status and costs nothing.
 * Anything that is not an upgrade gets a short answer and is closed.
 */
#include "ws/ws_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/tls_ctx.h"
#include "ws/ws_link.h"
#include "ws/ws_loop.h"
#include "ws/ws_pipe.h"

/* What lws keeps per connection for us. */
struct per_session {
	struct ws_link *link;
	struct ws_pipe *pipe;       /* of a v1 client, which has no link */
	struct ws_request *request; /* between the check and `opened` */
};

/* NULL once the server is closed. */
static struct ws_server *server_of(struct lws *wsi)
{
	const struct ws_server_ref *ref = lws_get_vhost_user(lws_get_vhost(wsi));

	return ref->server;
}

/* --- answers without upgrade ----------------------------------------------------------------- */

static const char *reason_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 426:
		return "Upgrade Required";
	default:
		return "Service Unavailable";
	}
}

static void answer(struct lws *wsi, int status, const char *text)
{
	unsigned char buffer[LWS_PRE + 1024];
	char *out = (char *)buffer + LWS_PRE;
	int n = snprintf(out, sizeof(buffer) - LWS_PRE,
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
		"%zu\r\n%s"
		"Connection: close\r\n\r\n%.500s",
		status, reason_of(status), MIN(strlen(text), (size_t)500),
		status == 401   ? "WWW-Authenticate: Bearer\r\n"
		: status == 426 ? "Upgrade: websocket\r\n"
		: status == 503 ? "Retry-After: 5\r\n"
				: "",
		text);

	(void)lws_write(wsi, (unsigned char *)out, (size_t)n, LWS_WRITE_HTTP);
}

static int on_plain_request(struct lws *wsi, const char *path)
{
	if (str_eq(path, "/health_check"))
		answer(wsi, 200, "ok");
	else if (str_has_prefix(path, "/wormhole"))
		answer(wsi, 426,
			"this is for tunnelto clients: a WebSocket with subprotocol tunnelto.v2\n");
	else
		answer(wsi, 404, "nothing here\n");
	return -1;
}

/* --- the upgrade ----------------------------------------------------------------------------- */

/* lws folds fields of one name; a value that does not fit is taken for absent. */
static void copy_header(struct lws *wsi, enum lws_token_indexes token, char *to, size_t size)
{
	to[0] = '\0';
	if (lws_hdr_total_length(wsi, token) > 0 && lws_hdr_copy(wsi, to, (int)size, token) < 0)
		to[0] = '\0';
}

static void take_bearer(struct lws *wsi, struct ws_request *rq)
{
	char value[WS_BEARER_MAX + 8];

	copy_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, value, sizeof(value));
	if (strncasecmp(value, "Bearer ", 7) == 0 && strlen(value + 7) < sizeof(rq->bearer))
		memcpy(rq->bearer, value + 7, strlen(value + 7) + 1);
	mem_wipe(value, sizeof(value));
}

/* As it was adopted: what the socket says may be a proxy's. */
static void take_peer(struct lws *wsi, struct addr *ret)
{
	struct addr *kept = lws_get_opaque_user_data(wsi);

	if (!kept)
		return;
	*ret = *kept;
	lws_set_opaque_user_data(wsi, NULL);
	free(kept);
}

static struct ws_request *read_request(struct lws *wsi)
{
	struct ws_request *rq = mem_new(struct ws_request);
	char protocols[128], *comma;

	copy_header(wsi, WSI_TOKEN_GET_URI, rq->path, sizeof(rq->path));
	copy_header(wsi, WSI_TOKEN_X_FORWARDED_FOR, rq->forwarded_for, sizeof(rq->forwarded_for));
	comma = strchr(rq->forwarded_for, ',');
	if (comma)
		*comma = '\0';
	copy_header(wsi, WSI_TOKEN_PROTOCOL, protocols, sizeof(protocols));
	rq->v2 = strstr(protocols, WS_LINK_PROTOCOL) != NULL;
	rq->v1 = lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) <= 0;
	take_bearer(wsi, rq);
	rq->tls = lws_is_ssl(wsi);
	take_peer(wsi, &rq->peer);
	return rq;
}

static void drop_request(struct per_session *p)
{
	if (p->request)
		mem_wipe(p->request, sizeof(*p->request));
	free(TAKE_PTR(p->request));
}

static int on_filter(struct lws *wsi, struct per_session *p)
{
	struct ws_server *s = server_of(wsi);
	struct ws_request *rq;
	const char *text = "";
	int status;

	if (!s)
		return -1;
	rq = read_request(wsi);
	status = str_eq(rq->path, "/wormhole") ? s->ops->check(s, rq, &text) : 404;
	if (status != 0) {
		answer(wsi, status, text);
		mem_wipe(rq, sizeof(*rq));
		free(rq);
		return -1;
	}
	p->request = rq;
	return 0;
}

static int on_established(struct lws *wsi, struct per_session *p)
{
	struct ws_server *s = server_of(wsi);

	if (!s)
		return -1;
	s->n_links++;
	if (p->request->v2) {
		p->link = ws_link_new(s->loop, wsi);
		s->ops->opened(s, p->request, &p->link->link);
	} else {
		p->pipe = ws_pipe_new(s->loop, wsi);
		s->ops->opened_v1(s, p->request, p->pipe);
	}
	drop_request(p);
	return 0;
}

static int on_writeable(struct per_session *p)
{
	if (p->pipe)
		return ws_pipe_on_writeable(p->pipe);
	return p->link ? ws_link_on_writeable(p->link) : 0;
}

static void on_closed(struct lws *wsi, struct per_session *p)
{
	struct ws_server *s = server_of(wsi);

	if (s && (p->link || p->pipe))
		s->n_links--;
	if (p->link)
		ws_link_on_closed(TAKE_PTR(p->link));
	if (p->pipe)
		ws_pipe_on_closed(TAKE_PTR(p->pipe));
}

static int on_control(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t n)
{
	struct per_session *p = user;

	switch ((int)reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		/* lws made an SSL_CTX without a certificate and leaves it to us */
		tls_ctx_dress(server_of(wsi)->tls, user);
		return 0;
	case LWS_CALLBACK_HTTP:
		return on_plain_request(wsi, in);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return on_filter(wsi, p);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(wsi, p);
	case LWS_CALLBACK_RECEIVE:
		return p->link ? ws_link_on_receive(p->link, in, n)
			       : ws_pipe_on_receive(p->pipe, in, n);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writeable(p);
	case LWS_CALLBACK_CLOSED:
		on_closed(wsi, p);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		free(lws_get_opaque_user_data(wsi));
		lws_set_opaque_user_data(wsi, NULL);
		if (p)
			drop_request(p);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http",
		.callback = on_control,
		.per_session_data_size = sizeof(struct per_session)},
	{.name = WS_LINK_PROTOCOL,
		.callback = on_control,
		.per_session_data_size = sizeof(struct per_session),
		/* lws keeps one of these per client for good; bulk goes over lanes */
		.rx_buffer_size = 4 * 1024},
	{.name = NULL},
};

/* --- life ------------------------------------------------------------------------------------ */

static struct ws_server_ref *ref_of(struct ws_server *s)
{
	struct ws_server_ref *ref = mem_new(struct ws_server_ref);

	ref->server = s;
	list_add_tail(&s->loop->server_refs, &ref->node);
	return ref;
}

int ws_server_open(struct ws_server *s, struct ws_loop *w, struct tls_ctx *tls,
	const struct ws_server_ops *ops, struct err *err)
{
	struct lws_context_creation_info info;

	memset(&info, 0, sizeof(info));
	s->ops = ops;
	s->loop = w;
	s->tls = tls ? tls_ctx_ref(tls) : NULL;
	s->ref = ref_of(s);
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.protocols = protocols;
	info.vhost_name = tls ? "control-tls" : "control";
	info.user = s->ref;
	info.timeout_secs = 10;
	info.keepalive_timeout = 5;
	info.retry_and_idle_policy = &ws_loop_no_pings;
	if (tls)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
				LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
	s->n_links = 0;
	s->vhost = lws_create_vhost(w->context, &info);
	if (!s->vhost) {
		list_del(&s->ref->node);
		free(TAKE_PTR(s->ref));
		tls_ctx_unref(TAKE_PTR(s->tls));
		return err_set(err, -EINVAL, "libwebsockets makes no listener here");
	}
	return 0;
}

int ws_server_adopt(struct ws_server *s, int fd, const struct addr *peer)
{
	/* lws closes the descriptor itself when it cannot take it */
	struct lws *wsi = lws_adopt_socket_vhost(s->vhost, fd);

	if (!wsi)
		return -EMFILE;
	lws_set_opaque_user_data(wsi, mem_dup(peer, sizeof(*peer)));
	return 0;
}

void ws_server_close(struct ws_server *s)
{
	if (s->vhost)
		lws_vhost_destroy(s->vhost);
	if (s->ref)
		s->ref->server = NULL;
	s->ref = NULL;
	s->vhost = NULL;
	tls_ctx_unref(TAKE_PTR(s->tls));
}
