/* SPDX-License-Identifier: MIT */
#pragma once

/* resolver: c-ares' channel on a loop; only io itself looks inside (others: io/resolve.h). */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <ares.h>
#include <ev.h>

#include "base/list.h"
#include "io/timer.h"

#define RESOLVER_SOCKETS_MAX 16

struct loop;

struct resolver {
	struct loop *loop;
	ares_channel channel;
	struct timer timer;
	struct socket_watch {
		ev_io w;
		struct resolver *resolver;
		bool used;
	} sockets[RESOLVER_SOCKETS_MAX];
	struct list queries;
	struct timespec conf_changed; /* of RESOLV_CONF when the channel was made; 0: not there */
	const char *conf;
	uint64_t deadline_ms;
};

/* Before a question: use the name servers of now. */
void resolver_follow_conf(struct resolver *r);
/* After a question: when c-ares wants to be called next. */
void resolver_schedule(struct resolver *r);
