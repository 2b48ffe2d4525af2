/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_site: a small web site: answers from memory, and WebSockets of texts, on adopted sockets. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"
#include "io/addr.h"

struct err;
struct ws_loop;
struct ws_site;
struct ws_text;

/* Connections that are no WebSocket (yet): of more, the oldest makes room. Each has 10 s for its
 * request, and 10 s for its answer. */
#define WS_SITE_VISITS_MAX 24
/* WebSockets; more are answered 503. */
#define WS_SITE_SOCKETS_MAX 24
/* A request's head; a browser sends the cookies of all that was ever served at this address. */
#define WS_SITE_HEAD_MAX (32 * 1024)
/* The only subprotocol; it must be offered. */
#define WS_SITE_PROTOCOL "tunnelto.dashboard"

enum ws_site_method { WS_SITE_GET, WS_SITE_HEAD, WS_SITE_OTHER };

/* A field that is absent is "", one that is longer than there is room "?", which is nobody's value.
 * Fields that came more than once are joined by commas. */
struct ws_site_request {
	struct addr peer;
	enum ws_site_method method;
	bool upgrade;   /* to a WebSocket */
	char path[256]; /* without the query */
	char host[300];
	char origin[320];
	char protocols[256]; /* Sec-WebSocket-Protocol */
};

struct ws_site_answer {
	int status; /* 101 for an upgrade */
	const char *type;
	const void *bytes; /* live as long as the program */
	size_t n;
};

struct ws_site_ops {
	/* What @rq gets. The upgrade of one that is answered 101 goes on. */
	void (*asked)(struct ws_site *s, const struct ws_site_request *rq,
		struct ws_site_answer *ret);
	/* Upgraded: bind @t to a user before returning, or close it. */
	void (*opened)(struct ws_site *s, struct ws_text *t);
};

struct ws_site {
	const struct ws_site_ops *ops;
	const char *headers; /* of every answer: "Name: value\r\n"…, up to 1500 bytes */
	struct ws_loop *loop;
	void *vhost;
	struct list visits, sockets; /* oldest first */
	size_t n_visits, n_sockets;
};

int ws_site_open(struct ws_site *s, struct ws_loop *w, const struct ws_site_ops *ops,
	const char *headers, struct err *err) MUST_USE;
/* Hand over an accepted socket with no byte read yet. Takes @fd whatever happens. */
void ws_site_adopt(struct ws_site *s, int fd, const struct addr *peer);
/* Harmless when it is not open. WebSockets that live are closed and their users told. Never inside
 * what these, or the site, call. */
void ws_site_close(struct ws_site *s);
