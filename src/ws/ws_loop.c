/* SPDX-License-Identifier: MIT */
/*
 * ws_loop: libwebsockets on our libev loop.
 *
 * One lws context lives on the loop as a guest (ws_guest says how); it binds no port, its sockets
 * are adopted or dialled. The room's rule: lws callbacks only translate into calls of ours.
 */
#include "ws/ws_loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/loop.h"
#include "ws/ws_guest.h"
#include "ws/ws_link.h"

static void on_lws_log(int level, const char *line)
{
	/* lws ends its lines itself; what matters to an operator we say ourselves */
	log_debug("libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

const struct lws_retry_bo ws_loop_no_pings = {
	.secs_since_valid_ping = 0,
	.secs_since_valid_hangup = 0,
};

/* See ws_client_protocols; it has no TLS of its own, nor any connection. */
static bool make_first_vhost(struct lws_context *context)
{
	struct lws_context_creation_info info;

	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.vhost_name = "first";
	info.protocols = ws_client_protocols();
	return lws_create_vhost(context, &info) != NULL;
}

struct ws_loop *ws_loop_new(struct loop *loop, size_t head_max, struct err *err)
{
	struct lws_context_creation_info info;
	struct ws_loop *w = mem_new(struct ws_loop);
	void *foreign[1] = {loop->ev};

	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.gid = (gid_t)-1;
	info.uid = (uid_t)-1;
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	ws_guest_prepare(&info, foreign);
	info.user = w;
	info.timeout_secs = 10;
	info.pt_serv_buf_size = 16 * 1024;
	info.max_http_header_data2 = (unsigned int)head_max;
	w->context = lws_create_context(&info);
	if (!w->context) {
		(void)err_set(err, -1, "%s", ws_guest_missing);
		free(w);
		return NULL;
	}
	if (!make_first_vhost(w->context)) {
		lws_context_destroy(w->context);
		free(w);
		(void)err_set(err, -ENOMEM, "libwebsockets cannot be set up");
		return NULL;
	}
	w->loop = loop;
	w->guest = ws_guest_start(w->context, loop);
	list_init(&w->client_vhosts);
	list_init(&w->server_refs);
	w->buffer = mem_alloc(LWS_PRE + WS_LINK_MESSAGE_MAX);
	return w;
}

void ws_loop_free(struct ws_loop *w)
{
	if (!w)
		return;
	ws_guest_stop(w->guest, w->loop);
	lws_context_destroy(w->context);
	list_each_safe (v, &w->client_vhosts, struct ws_client_vhost, node) {
		free(v->ca_file);
		free(v);
	}
	list_each_safe (r, &w->server_refs, struct ws_server_ref, node) {
		free(r);
	}
	free(w->buffer);
	free(w);
}
