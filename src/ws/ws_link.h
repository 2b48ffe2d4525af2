/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_link: a WebSocket as a link; shared by both ends, private to the room. */

#include <stdbool.h>

#include "base/list.h"
#include "io/loop.h"
#include "mux/link.h"

struct lws;
struct lws_context;
struct lws_protocols;
struct lws_vhost;

/* One message of ours; many frames travel in it. */
#define WS_LINK_MESSAGE_MAX (64 * 1024)
#define WS_LINK_PROTOCOL    "tunnelto.v2"

struct ws_guest;
struct ws_loop {
	struct loop *loop;
	struct lws_context *context;
	struct ws_guest *guest;
	unsigned char *buffer; /* LWS_PRE + WS_LINK_MESSAGE_MAX, for one write at a time */
	struct list client_vhosts;
	struct list server_refs;
};

/*
 * For every vhost and connection that carries links: whether a link lives is the session's
 * business, lws neither pings nor hangs up. A context's own policy cannot say so (lws takes its
 * zeroes for "the default", which is 300 s), and a client or server of version 1 does not survive a
 * ping.
 */
struct lws_retry_bo;
extern const struct lws_retry_bo ws_loop_no_pings;

/* What a server's vhost points at: connections may outlive the server by a turn or two of lws. */
struct ws_server;
struct ws_server_ref {
	struct list node;
	struct ws_server *server; /* NULL: closed */
};

struct ws_client_vhost {
	struct list node;
	struct lws_vhost *vhost;
	char *ca_file;
};

/* Of every client vhost, and of the context's first: lws asks that one about any server's
 * certificate. */
const struct lws_protocols *ws_client_protocols(void);

struct ws_link {
	struct link link;
	struct lws *wsi; /* NULL once lws has closed it */
	struct ws_loop *loop;
	struct grave grave;
	enum close_reason why;
	bool closing;
};

/* An upgraded connection; freed by itself when lws has closed it. */
struct ws_link *ws_link_new(struct ws_loop *w, struct lws *wsi);
/* What lws says of it. -1: lws is to close the connection. */
int ws_link_on_receive(struct ws_link *l, const void *in, size_t n);
int ws_link_on_writeable(struct ws_link *l);
void ws_link_on_closed(struct ws_link *l);
