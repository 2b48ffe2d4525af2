/* SPDX-License-Identifier: MIT */
#pragma once

/* edge_http: visitors over HTTP: reads heads strictly, routes every request by its own Host,
 * carries bodies. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/list.h"
#include "io/addr.h"
#include "io/timer.h"

struct edge_http;
struct loop;
struct parking;
struct session;
struct tls_ctx;
struct tunnel;

struct edge_http_limits {
	uint32_t head_max;            /* bytes of a request's or response's head: 32 KiB */
	uint32_t head_timeout_ms;     /* a whole request head from its first byte: 10 s */
	uint32_t idle_timeout_ms;     /* between requests: 60 s */
	uint32_t response_timeout_ms; /* from the request's end to the response's head: 60 s */
	uint32_t body_timeout_ms; /* no byte in either direction of a body: 60 s (upgraded: none) */
	uint32_t body_progress;   /* bytes that a request body brings per body_timeout_ms: 1 KiB */
	uint32_t connections_max; /* visitors at once */
};
extern const struct edge_http_limits edge_http_limits_default;

/* What the edge asks of its server. */
/* Answered whatever the host: load balancers in front of the Rust tunnelto ask for it. */
#define EDGE_HTTP_HEALTH_PATH "/0xDEADBEEF_HEALTH_CHECK"

struct edge_http_ops {
	/* The tunnel of a normalised host name (lower case, no port, no trailing dot), or NULL:
	 * 404. Not referenced. */
	struct tunnel *(*route)(struct edge_http *e, const char *host);
	/* May this visitor in? False: closed without a word. */
	bool (*admit)(struct edge_http *e, const struct addr *peer);
	/* Is @peer a proxy whose word on where a request comes from counts? */
	bool (*trusts)(struct edge_http *e, const struct addr *peer);
	/* Hosts that are this server's own (a plain 200 or 404 page says so), not a tunnel's. */
	bool (*is_own_host)(struct edge_http *e, const char *host);
};

struct edge_http {
	const struct edge_http_ops *ops;
	struct parking *parking; /* the server's: who waits for a client that is away */
	struct loop *loop;
	struct edge_http_limits limits;
	struct list visitors;
	uint32_t n_visitors;
	struct timer look; /* runs while a visitor's bytes wait */
	bool draining;
	uint64_t requests_total, faults_total;
	time_t date_at; /* when `date` was written */
	char date[32];
};

void edge_http_init(struct edge_http *e, struct loop *loop, const struct edge_http_limits *limits,
	const struct edge_http_ops *ops);
/* A visitor's accepted socket; @tls NULL: plain; @local NULL: where the socket is bound. Takes @fd.
 */
void edge_http_accept(struct edge_http *e, int fd, const struct addr *peer,
	const struct addr *local, struct tls_ctx *tls);
/* @s takes no new streams: let go of those that are kept between requests. */
void edge_http_release(struct edge_http *e, const struct session *s);
/* Visitors that were accepted and have not sent their first request yet. */
uint32_t edge_http_fresh(const struct edge_http *e);
/* Finish requests under way and those that are about to come from fresh visitors, close idle
 * visitors, answer `Connection: close` from here on. The second time: fresh ones had their chance.
 */
void edge_http_drain(struct edge_http *e);
/* Close everybody. */
void edge_http_deinit(struct edge_http *e);
