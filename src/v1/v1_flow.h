/* SPDX-License-Identifier: MIT */
#pragma once

/* v1_flow: one visitor's bytes between a stock server's packets and a stream to the origin. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "mux/stream.h"
#include "proto/v1.h"
#include "v1/v1_dam.h"

struct v1_conn;

struct v1_flow {
	struct stream_user user;
	struct v1_conn *conn;
	struct list node; /* in conn->all */
	char key[2 * V1_ID_LEN + 1];
	uint8_t id[V1_ID_LEN];
	struct v1_pool pool; /* from the server, for an origin that has no room */
	bool ended;          /* End has come, perhaps before the pool is empty */
};

/* Init, Data or End. */
void v1_flow_on_packet(struct v1_conn *c, const struct v1_packet *p);
/* A Data packet of that id has left, with @n bytes. */
void v1_flow_credit(struct v1_conn *c, const uint8_t id[static V1_ID_LEN], size_t n);
/* Time passes. */
void v1_flow_sweep(struct v1_conn *c, clock_ms_t now);
/* Reset them all. */
void v1_flow_end_all(struct v1_conn *c, enum close_reason why);
