/* SPDX-License-Identifier: MIT */
#pragma once

/* uplink_dial: one attempt of the uplink to have a link with its server, by whatever it speaks. */

#include <stdbool.h>
#include <stddef.h>

#include "io/resolve.h"
#include "v1/v1_guest.h"
#include "ws/ws_client.h"

struct link;
struct uplink_dial;

/* How an attempt ends. */
struct uplink_dial_ops {
	void (*linked)(struct uplink_dial *d, struct link *l);
	void (*failed)(struct uplink_dial *d, const char *text);
	/* The server said no, and will say it again until a person mends something. */
	void (*refused)(struct uplink_dial *d, const char *text);
};

/* Embedded in struct uplink as `dial`, whose url, key and configuration it takes. */
struct uplink_dial {
	const struct uplink_dial_ops *ops;
	struct loop *loop;
	struct resolver *resolver;
	struct ws_loop *ws;
	struct resolve resolve;
	struct addr list[RESOLVE_MAX], address; /* of the name; the one in use */
	size_t n_list, next;
	struct ws_client client;
	bool resolving;
	bool fall_back; /* this server does not speak v2: v1 is tried */
	bool v1;        /* the link is a v1 guest's */
	struct v1_memory v1_memory;
};

void uplink_dial_init(struct uplink_dial *d, struct loop *loop, struct resolver *r,
	struct ws_loop *ws, const struct uplink_dial_ops *ops);
/* None is under way. */
void uplink_dial_start(struct uplink_dial *d);
/* Give up what is under way; none of the ops follows. */
void uplink_dial_stop(struct uplink_dial *d);
/* Another server, or the end: what was learnt of v1 is forgotten. */
void uplink_dial_forget(struct uplink_dial *d);
