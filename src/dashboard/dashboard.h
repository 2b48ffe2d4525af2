/* SPDX-License-Identifier: MIT */
#pragma once

/* dashboard: the page on 127.0.0.1:4040, and the control interface behind it. */

#include <stdbool.h>
#include <stddef.h>

#include "dashboard/dashboard_conf.h"
#include "dashboard/dashboard_guard.h"
#include "io/listener.h"
#include "io/loop.h"
#include "ws/ws_site.h"

struct ctl_server;
struct loop;
struct ws_loop;

/* Where it is when nothing else is configured: the first port that is free. */
#define DASHBOARD_PORT_FIRST 4040
#define DASHBOARD_PORT_LAST  4060
#define DASHBOARD_URL_SIZE   192

struct dashboard {
	struct loop *loop;
	struct ws_loop *ws;
	struct ctl_server *ctl;
	struct dashboard_conf conf; /* that is in force */
	struct ws_site site;
	struct listener listener;
	struct loop_task move; /* a page's own call may have asked for it: not inside that */
	struct dashboard_guard guard;
	char error[512]; /* why there is none, "" else */
};

/* All zero is harmless to close. Who has @token is let in. */
void dashboard_init(struct dashboard *d, struct loop *loop, struct ws_loop *ws,
	struct ctl_server *ctl, const char token[static DASHBOARD_TOKEN_SIZE]);
/* Be where @conf says, by difference, before the loop next waits: pages stay connected unless the
 * address changes. What goes wrong is logged and stands in @d->error: the tunnels do not depend on
 * it. */
void dashboard_apply(struct dashboard *d, const struct dashboard_conf *conf);
void dashboard_close(struct dashboard *d);
/* "http://127.0.0.1:4040/"; false: there is none. */
bool dashboard_address(const struct dashboard *d, char ret[static DASHBOARD_URL_SIZE]);
/* The same with the token, which opens it: for operators' eyes only. */
bool dashboard_url(const struct dashboard *d, char ret[static DASHBOARD_URL_SIZE]);
