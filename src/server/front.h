/* SPDX-License-Identifier: MIT */
#pragma once

/* front: the server's listeners, and who gets a connection: visitors' edge, WebSocket, or lane. */

#include <stdbool.h>

#include "base/list.h"
#include "io/listener.h"
#include "lane/lane_server.h"
#include "ws/ws_server.h"

struct hub;
struct err;
struct server_conf_listener;
struct tls_ctx;

enum front_role { FRONT_PUBLIC, FRONT_CONTROL };

#define FRONT_PEEKS_MAX 1024
#define FRONT_PEEK_MS   10000

struct front {
	struct list node; /* in hub->fronts */
	struct hub *hub;
	struct listener listener;
	enum front_role role;
	struct tls_ctx *tls;      /* NULL: plain */
	struct ws_server ws;      /* control */
	struct lane_server lanes; /* control */
	struct list peeks;
	unsigned int n_peeks;
};

/* Open as configured, or take the passed @fd (>= 0). @conf NULL: plain (a passed socket that no row
 * describes); its certificates are taken. */
struct front *front_open(struct hub *h, enum front_role role, struct server_conf_listener *conf,
	int fd, struct err *err) MUST_USE;
void front_stop(struct front *f);
void front_close(struct front *f);
/* "public", "control" */
const char *front_role_name(const struct front *f);
