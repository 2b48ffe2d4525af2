/* SPDX-License-Identifier: MIT */
#pragma once

/* tunnel: one tunnel of the daemon: its definition, what is wanted of it, and how it is. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "proto/hello.h"

struct client_conf_tunnel;
struct tls_ctx;

enum tunnel_state {
	TUNNEL_OFF,        /* not wanted up */
	TUNNEL_CONNECTING, /* the server is not reached, or has not answered yet */
	TUNNEL_UP,
	TUNNEL_REFUSED, /* the server said no: error says why */
	TUNNEL_WAITING, /* was up, will be again */
};

struct tunnel {
	struct list node;
	struct client_conf_tunnel *def; /* owned */
	enum tunnel_state state;
	bool wanted, adhoc, retry; /* retry: a refusal that may pass by itself */
	uint32_t request;          /* number of the REGISTER under way, 0 none */
	uint32_t id;               /* the server's number while up */
	char url[HELLO_URL_MAX];
	char error[HELLO_TEXT_MAX + 64];
	struct tls_ctx *tls; /* to the origin; made when first needed */
	clock_ms_t since;
	struct list origins; /* connections to the origin */
	uint32_t streams;
	uint64_t streams_total, bytes_in, bytes_out;
};

/* Takes the definition. */
struct tunnel *tunnel_new(struct client_conf_tunnel *def, bool adhoc);
/* Its origins must be gone. */
void tunnel_free(struct tunnel *t);
/* @error NULL: none. */
void tunnel_set(struct tunnel *t, enum tunnel_state state, const char *error);
/* The same without a word in the log, where what it follows from has been told. */
void tunnel_follow(struct tunnel *t, enum tunnel_state state, const char *error);
/* Refused from now on: another client of the same key has it. */
void tunnel_taken(struct tunnel *t, const char *error);
const char *tunnel_state_word(enum tunnel_state s);
