/* SPDX-License-Identifier: MIT */
#pragma once

/* health: whether visitors get answers here, asked as one of them, told to the watchdog. */

#include <stdbool.h>

#include "io/conn.h"
#include "io/dial.h"
#include "sys/watchdog.h"

struct hub;
struct tls_ctx;

struct health {
	struct hub *hub;
	struct watchdog watchdog;
	struct dial dial;
	struct conn conn;
	struct tls_ctx *tls;        /* for a public listener with TLS; made when first needed */
	bool with_tls;              /* the listener under question */
	bool dialling, asked, mute; /* mute: said so already */
};

void health_start(struct health *h, struct hub *hub);
/* From here on nothing is asked; the watchdog is fed while the loop runs. */
void health_rest(struct health *h);
void health_stop(struct health *h);
