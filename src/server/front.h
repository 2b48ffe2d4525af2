/* SPDX-License-Identifier: MIT */
#pragma once

/* front: one of the server's listeners, and who gets a connection: visitors' edge, WebSocket, or
 * lane. */

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
/* What became of connections that were for nobody. */
struct front_counters {
	uint64_t garbage;   /* neither TLS nor HTTP where that was spoken */
	uint64_t strangers; /* TLS for a name that nobody has here */
	uint64_t silent;    /* nothing, or not enough, within the deadline */
	uint64_t unproxied; /* no PROXY header, or from somebody who is not trusted */
};

/* Passed sockets of this name are served by rows with a certificate. */
#define FRONT_PASSED_TLS "public-tls"

struct front {
	struct list node; /* in hub->fronts or hub->retired */
	struct hub *hub;
	struct listener listener;
	enum front_role role;
	char *address;       /* as configured; NULL: passed */
	const char *passed;  /* the name it was passed by, static; NULL: bound here */
	struct tls_ctx *tls; /* from the first certificate on; kept for the tickets it gave */
	bool uses_tls;
	bool plain;                  /* with TLS: plain connections, too */
	bool clients;                /* public: clients, too */
	bool proxied;                /* every connection begins with a PROXY header */
	struct ws_server ws, ws_tls; /* control */
	struct lane_server lanes;    /* control */
	struct list peeks;
	unsigned int n_peeks;
};

/* Bind @address, or take the passed @fd (>= 0). Nothing is accepted before front_configure(), if
 * that comes in the same turn. It is in no list yet. */
struct front *front_open(struct hub *h, enum front_role role, const char *address, int fd,
	struct err *err) MUST_USE;
/* Make ready for @conf (NULL: plain), leaving what is served as it is. */
int front_prepare(struct front *f, const struct server_conf_listener *conf,
	struct err *err) MUST_USE;
bool front_would_change(const struct front *f, const struct server_conf_listener *conf);
/* Serve new connections as @conf (NULL: plain) says, for which it was prepared. Takes the
 * certificates. */
void front_configure(struct front *f, struct server_conf_listener *conf);
/* Accept nobody any more but who is in the backlog, which of a passed socket is the next process's;
 * what it has goes on. */
void front_stop(struct front *f);
/* The same, and close the listening socket. */
void front_retire(struct front *f);
/* Has it connections of its own (visitors belong to the edge)? */
bool front_is_busy(const struct front *f);
/* Those are closed with it. */
void front_close(struct front *f);
/* "public", "control" */
const char *front_role_name(const struct front *f);
/* "public[*:443]"; to be freed. */
char *front_label(const struct front *f) MUST_USE;
