/* SPDX-License-Identifier: MIT */
#pragma once

/* lane_client: dials the server's address, upgrades to a lane, attaches it to the session. */

#include "base/macros.h"
#include "io/dial.h"
#include "lane/lane.h"

struct lane_client;
struct session;
struct tls_ctx;

/* NULL @why: attached. Otherwise words; the session goes on as it was. */
typedef void lane_client_done_f(struct lane_client *c, const char *why);

struct lane_client {
	struct loop *loop;
	struct dial dial;
	struct lane *lane; /* while shaking hands */
	struct session *session;
	struct tls_ctx *tls;
	lane_client_done_f *done;
	char host[256];
	char token[128];
	uint8_t *head; /* response head so far, bounded */
	size_t head_len;
};

void lane_client_init(struct lane_client *c, struct loop *loop, lane_client_done_f *done);
/* One attempt at a time. @tls NULL: plain. @host: Host field, SNI and verified name. */
void lane_client_start(struct lane_client *c, const struct addr *address, struct tls_ctx *tls,
	const char *host, const char *token, struct session *s);
/* Give up without a call; an attached lane lives on with its session. */
void lane_client_cancel(struct lane_client *c);
