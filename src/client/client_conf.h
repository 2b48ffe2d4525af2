/* SPDX-License-Identifier: MIT */
#pragma once

/* client_conf: tunneltod's configuration as a struct; tunneltod.yaml(5) describes it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "client/target.h"
#include "conf/bind.h"
#include "conf/report.h"
#include "dashboard/dashboard_conf.h"
#include "gate/verify_conf.h"
#include "inspector/inspector_conf.h"
#include "proto/hello.h"

/* One tunnel as it was written. */
struct client_conf_tunnel {
	struct list node;
	char *name;
	int proto; /* enum hello_proto */
	char *local;
	char *subdomain, *hostname, *host_header;
	uint16_t remote_port;
	int proxy_protocol; /* enum client_conf_proxy */
	bool autostart;
	struct {
		char *ca_file;
		bool verify;
	} tls;         /* to the origin */
	uint64_t idle; /* ms; 0: none */
	uint32_t max_streams;
	int inspect;               /* enum tap_level; http only */
	struct verify_conf verify; /* http only */
	char *file;                /* where it stands */
	unsigned int line;
	struct target target; /* `local`, parsed */
};

enum client_conf_protocol {
	CLIENT_CONF_PROTOCOL_AUTO, /* v2, and v1 where the server does not speak it */
	CLIENT_CONF_PROTOCOL_V2,
	CLIENT_CONF_PROTOCOL_V1,
};

struct client_conf {
	struct {
		char *url;
		char *key_file;
		char *ca_file;
		bool verify;
		int protocol; /* enum client_conf_protocol */
	} server;
	struct {
		uint64_t min, max;
	} reconnect;         /* ms */
	struct list tunnels; /* client_conf_tunnel */
	char *control_socket;
	uint64_t drain;
	struct dashboard_conf dashboard;
	struct {
		int level;
	} log;
	struct inspector_conf inspector;
	struct {
		uint64_t memory; /* of requests that wait to be checked */
	} webhooks;
};

/* What the origin is told before a visitor's bytes. */
enum client_conf_proxy { CLIENT_CONF_PROXY_NONE, CLIENT_CONF_PROXY_V2 };
extern const char *const client_conf_proxy_words[];

extern const struct conf_table client_conf_table;

void client_conf_init(struct client_conf *c);
void client_conf_deinit(struct client_conf *c);
/* The file and, beside it, tunnels.d/ *.yaml in the order of their names. True when there was no
 * mistake. */
bool client_conf_load(struct client_conf *c, const char *path, struct conf_report *report) MUST_USE;
struct client_conf_tunnel *client_conf_find(const struct client_conf *c, const char *name);
/* A copy, to be freed by client_conf_free_tunnel(). */
struct client_conf_tunnel *client_conf_copy_tunnel(const struct client_conf_tunnel *t) MUST_USE;
/* All that makes a difference to visitors and server; `inspect` makes none, nor does who signs. */
bool client_conf_same_tunnel(const struct client_conf_tunnel *a,
	const struct client_conf_tunnel *b);
void client_conf_free_tunnel(struct client_conf_tunnel *t);
/* One that is not from a file; the defaults are set. */
struct client_conf_tunnel *client_conf_new_tunnel(const char *name) MUST_USE;
/* What excludes what; NULL when it is sound, else words. Parses `local`. */
const char *client_conf_check_tunnel(struct client_conf_tunnel *t);
bool client_conf_is_name(const char *s);
