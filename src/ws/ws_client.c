/* SPDX-License-Identifier: MIT */
/*
 * ws_client: one attempt to open the control WebSocket.
 *
 * The address was resolved by io/resolve, so lws never asks DNS. Client vhosts, which hold the CA
 * certificates, are kept per CA file for the life of the ws_loop.
 */
#include "ws/ws_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/dial.h"
#include "io/timer.h"
#include "io/tls_ctx.h"
#include "io/tls_verify.h"
#include "ws/ws_link.h"
#include "ws/ws_loop.h"
#include "ws/ws_pipe.h"
#include "ws/ws_server.h"

/* How long the kernel may take to say why it could not connect. */
#define PROBE_MS 2000

struct attempt {
	struct ws_client *client; /* NULL: nobody waits for it any more */
	struct ws_loop *loop;
	struct lws *wsi; /* NULL once lws has let it go */
	struct ws_link *link;
	struct ws_pipe *pipe; /* where v1 was asked for */
	struct addr address;
	struct timer deadline;
	struct loop_task late; /* tells the fault, never inside a call of the client's owner */
	struct dial probe;     /* asks the kernel what lws keeps to itself */
	struct grave grave;
	char *bearer;
	int status;
	enum ws_client_fault fault;
	char words[256];
	char certificate[TLS_VERIFY_TEXT_MAX]; /* why it was turned down */
	bool verify, v1;
	bool named;   /* the server chose tunnelto.v2 */
	bool failed;  /* the fault is known, or being found out */
	bool telling; /* `late` or `probe` is under way */
	bool held;    /* lws may still call back */
	bool buried;
};

static void free_attempt(struct grave *g)
{
	struct attempt *a = container_of(g, struct attempt, grave);

	free(a);
}

static void wipe_bearer(struct attempt *a)
{
	if (a->bearer)
		mem_wipe(a->bearer, strlen(a->bearer));
	free(TAKE_PTR(a->bearer));
}

/* Bury it once neither lws nor a client can reach it. */
static void let_go(struct attempt *a)
{
	if (a->buried || a->held || a->telling)
		return;
	a->buried = true;
	timer_stop(&a->deadline);
	wipe_bearer(a);
	loop_bury(a->loop->loop, &a->grave, free_attempt);
}

static void on_late(struct loop_task *t)
{
	struct attempt *a = container_of(t, struct attempt, late);
	struct ws_client *c = TAKE_PTR(a->client);

	a->telling = false;
	if (c) {
		c->attempt = NULL;
		c->ops->failed(c, a->fault, a->status, a->words);
	}
	let_go(a);
}

static void on_probed(struct dial *d, int fd)
{
	struct attempt *a = container_of(d, struct attempt, probe);

	if (fd >= 0)
		close(fd);
	else
		(void)snprintf(a->words, sizeof(a->words), "%s", strerror(-fd));
	on_late(&a->late);
}

/* The first fault counts. */
static bool begin_failing(struct attempt *a, enum ws_client_fault fault, const char *text)
{
	if (!a->client || a->failed)
		return false;
	a->failed = a->telling = true;
	a->fault = fault;
	(void)snprintf(a->words, sizeof(a->words), "%s", text);
	timer_stop(&a->deadline);
	return true;
}

static void failed(struct attempt *a, enum ws_client_fault fault, const char *text)
{
	if (begin_failing(a, fault, text))
		loop_task_schedule(a->loop->loop, &a->late);
}

/* lws does not say why a connection could not be made: the kernel is asked once more. */
static void failed_to_connect(struct attempt *a)
{
	if (begin_failing(a, WS_CLIENT_FAULT_CONNECT, "the connection could not be made"))
		dial_start_addr(&a->probe, &a->address, PROBE_MS, on_probed);
}

static bool is_about_tls(const char *text)
{
	return strstr(text, "SSL") || strstr(text, "ssl") || strstr(text, "tls") ||
	       strstr(text, "TLS") || strstr(text, "cert") || strstr(text, "X509");
}

/* lws words its faults for its own log; the operator wants the certificate's, or the kernel's. */
static void on_error(struct attempt *a, const char *text)
{
	char words[128];

	text = text ? text : "";
	if (a->certificate[0]) {
		failed(a, WS_CLIENT_FAULT_TLS, a->certificate);
	} else if (a->status && a->status != 101) {
		(void)snprintf(words, sizeof(words), "the server answered with HTTP status %d",
			a->status);
		failed(a, WS_CLIENT_FAULT_STATUS, words);
	} else if (is_about_tls(text)) {
		failed(a, WS_CLIENT_FAULT_TLS, "TLS could not be agreed on; is this a TLS port?");
	} else if (strstr(text, "HS:")) {
		(void)snprintf(words, sizeof(words),
			"the server's answer is no WebSocket upgrade (%s)", text);
		failed(a, WS_CLIENT_FAULT_PROTOCOL, words);
	} else if (strstr(text, "read failed") || strstr(text, "losed")) {
		failed(a, WS_CLIENT_FAULT_CONNECT,
			"the server closed the connection without an HTTP answer");
	} else if (!text[0] || strstr(text, "connect") || strstr(text, "conn fail")) {
		failed_to_connect(a);
	} else {
		failed(a, WS_CLIENT_FAULT_CONNECT, text);
	}
}

static int add_authorization(struct attempt *a, unsigned char **at, unsigned char *end)
{
	int n;

	if (!a->bearer)
		return 0;
	n = snprintf((char *)*at, (size_t)(end - *at), "Authorization: Bearer %s\r\n", a->bearer);
	if (n < 0 || n >= end - *at)
		return -1;
	*at += n;
	wipe_bearer(a);
	return 0;
}

static int on_established(struct attempt *a, struct lws *wsi)
{
	struct ws_client *c = a->client;

	if (!c || a->failed)
		return -1;
	if (!a->v1 && !a->named) {
		failed(a, WS_CLIENT_FAULT_PROTOCOL, "the server does not speak tunnelto.v2");
		return -1;
	}
	timer_stop(&a->deadline);
	a->client = NULL;
	c->attempt = NULL;
	if (a->v1) {
		a->pipe = ws_pipe_new(a->loop, wsi);
		c->ops->opened_v1(c, a->pipe);
	} else {
		a->link = ws_link_new(a->loop, wsi);
		c->ops->opened(c, &a->link->link);
	}
	return 0;
}

static int on_receive(struct attempt *a, const void *in, size_t n)
{
	if (a->pipe)
		return ws_pipe_on_receive(a->pipe, in, n);
	return a->link ? ws_link_on_receive(a->link, in, n) : 0;
}

static int on_writeable(struct attempt *a)
{
	if (a->pipe)
		return ws_pipe_on_writeable(a->pipe);
	return a->link ? ws_link_on_writeable(a->link) : 0;
}

static void on_closed(struct attempt *a)
{
	if (a->link)
		ws_link_on_closed(TAKE_PTR(a->link));
	if (a->pipe)
		ws_pipe_on_closed(TAKE_PTR(a->pipe));
}

/* 1 turns the certificate down, 0 leaves it to lws (which honours the flags of the attempt). */
static int on_certificate(struct attempt *a, X509_STORE_CTX *store, bool fine)
{
	if (fine || !a->verify)
		return 0;
	if (!a->certificate[0])
		tls_verify_explain(store, a->certificate);
	return 1;
}

static void on_status(struct attempt *a, struct lws *wsi)
{
	int status = (int)lws_http_client_http_response(wsi);

	if (status > 0)
		a->status = status;
}

static int on_client(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
	size_t n)
{
	struct attempt *a = lws_get_opaque_user_data(wsi);

	if (!a)
		return 0;
	switch ((int)reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_authorization(a, in, *(unsigned char **)in + n);
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		return on_certificate(a, user, n != 0);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return on_established(a, wsi);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_status(a, wsi);
		on_error(a, in);
		return 0;
	case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
		a->named = lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0;
		on_status(a, wsi);
		return 0;
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
		on_status(a, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return on_receive(a, in, n);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writeable(a);
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
		on_closed(a);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		on_closed(a);
		lws_set_opaque_user_data(wsi, NULL);
		a->wsi = NULL;
		a->held = false;
		failed(a, WS_CLIENT_FAULT_CONNECT, "the server closed the connection");
		let_go(a);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = WS_LINK_PROTOCOL, .callback = on_client, .rx_buffer_size = 16 * 1024},
	{.name = NULL},
};

const struct lws_protocols *ws_client_protocols(void)
{
	return protocols;
}

/* lws would make a vhost all the same, one that trusts nobody, and say so in its own log only. */
static int check_ca_file(const char *ca_file, struct err *err)
{
	struct tls_ctx *ctx = tls_ctx_new_client(ca_file, /* verify= */ true, err);

	tls_ctx_unref(ctx);
	return ctx ? 0 : -EINVAL;
}

static struct lws_vhost *client_vhost(struct ws_loop *w, const char *ca_file, struct err *err)
{
	struct lws_context_creation_info info;
	struct ws_client_vhost *v;

	list_each (known, &w->client_vhosts, struct ws_client_vhost, node) {
		if (str_eq(known->ca_file, ca_file))
			return known->vhost;
	}
	if (ca_file && check_ca_file(ca_file, err) < 0)
		return NULL;
	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.protocols = ws_client_protocols();
	info.vhost_name = ca_file ? ca_file : "client";
	/* not the proxies of the environment: the address is what was asked for, and the lanes go
	 * there too */
	info.http_proxy_address = "";
#if defined(LWS_WITH_SOCKS5)
	info.socks_proxy_address = "";
#endif
	info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	if (ca_file) {
		info.client_ssl_ca_filepath = ca_file;
		info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	}
	v = mem_new(struct ws_client_vhost);
	v->vhost = lws_create_vhost(w->context, &info);
	if (!v->vhost) {
		free(v);
		(void)err_set(err, -ENOMEM, "libwebsockets cannot be set up for a client");
		return NULL;
	}
	v->ca_file = mem_strdup(ca_file);
	list_add_tail(&w->client_vhosts, &v->node);
	return v->vhost;
}

static void on_deadline(struct timer *t)
{
	struct attempt *a = container_of(t, struct attempt, deadline);

	failed(a, WS_CLIENT_FAULT_CONNECT, "the server did not answer in time");
	if (a->wsi)
		lws_set_timeout(a->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void ws_client_init(struct ws_client *c, struct ws_loop *w, const struct ws_client_ops *ops)
{
	c->ops = ops;
	c->loop = w;
	c->attempt = NULL;
}

static int tls_flags(const struct ws_client_params *p)
{
	if (!p->tls)
		return 0;
	return p->verify ? LCCSCF_USE_SSL
			 : LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_EXPIRED |
				   LCCSCF_ALLOW_INSECURE | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
}

static struct attempt *new_attempt(struct ws_client *c, const struct ws_client_params *p)
{
	struct attempt *a = mem_new(struct attempt);

	a->client = c;
	a->loop = c->loop;
	a->address = p->address;
	a->verify = p->verify;
	a->v1 = p->v1;
	a->held = true;
	loop_task_init(&a->late, on_late);
	dial_init(&a->probe, c->loop->loop);
	a->bearer = mem_strdup(p->v1 ? NULL : p->bearer);
	timer_init(&a->deadline, c->loop->loop, on_deadline);
	timer_start(&a->deadline, p->timeout_ms);
	return a;
}

int ws_client_connect(struct ws_client *c, const struct ws_client_params *p, struct err *err)
{
	struct lws_client_connect_info info;
	char ip[ADDR_TEXT_MAX];
	const char *ca_file = p->tls && p->verify ? p->ca_file : NULL;
	struct lws_vhost *vhost;
	struct attempt *a;

	vhost = client_vhost(c->loop, ca_file, err);
	if (!vhost)
		return -EINVAL;
	addr_format_ip(&p->address, ip);
	a = new_attempt(c, p);
	c->attempt = a;
	memset(&info, 0, sizeof(info));
	info.context = c->loop->context;
	info.vhost = vhost;
	info.address = ip;
	info.port = addr_port(&p->address);
	info.path = p->path;
	info.host = p->host;
	info.protocol = p->v1 ? NULL : WS_LINK_PROTOCOL;
	info.local_protocol_name = WS_LINK_PROTOCOL;
	info.ssl_connection = tls_flags(p);
	info.alpn = p->v1 ? "http/1.1" : WS_SERVER_ALPN ",http/1.1";
	info.opaque_user_data = a;
	info.retry_and_idle_policy = &ws_loop_no_pings;
	info.pwsi = &a->wsi;
	if (!lws_client_connect_via_info(&info)) {
		a->wsi = NULL;
		a->held = false;
		failed(a, WS_CLIENT_FAULT_CONNECT, "the connection could not be begun");
	}
	return 0;
}

void ws_client_cancel(struct ws_client *c)
{
	struct attempt *a = c->attempt;

	if (!a)
		return;
	c->attempt = NULL;
	a->client = NULL;
	timer_stop(&a->deadline);
	if (a->telling) {
		loop_task_cancel(&a->late);
		dial_cancel(&a->probe);
		a->telling = false;
		let_go(a);
	}
	if (a->wsi)
		lws_set_timeout(a->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}
