/* SPDX-License-Identifier: MIT */
/* ws_guest: lws drives its sockets by its plugin for libev, on our loop. */
#include "ws/ws_guest.h"

#include <stddef.h>

#include <libwebsockets.h>

const char ws_guest_missing[] =
	"libwebsockets cannot use libev here: install its libev plugin (Debian: "
	"libwebsockets-evlib-ev)";

void ws_guest_prepare(struct lws_context_creation_info *info, void **foreign)
{
	info->options |= LWS_SERVER_OPTION_LIBEV;
	info->foreign_loops = foreign;
}

struct ws_guest *ws_guest_start(struct lws_context *context, struct loop *loop)
{
	return NULL;
}

void ws_guest_stop(struct ws_guest *g, struct loop *loop)
{
}
