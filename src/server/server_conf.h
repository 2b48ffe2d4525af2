/* SPDX-License-Identifier: MIT */
#pragma once

/* server_conf: tunnelto-server's configuration as a struct; tunnelto-server.yaml(5) describes it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str_list.h"
#include "conf/bind.h"
#include "conf/report.h"

#define SERVER_CONF_SIG_KEY_LEN 32 /* as V1_TOKEN_KEY_LEN */

struct tls_certs;

struct server_conf_pair {
	struct list node;
	char *certificate, *key;
};

struct server_conf_tls {
	char *certificate, *key; /* the first pair */
	struct list pairs;       /* server_conf_pair: further ones */
	char *directory;
	struct tls_certs *certs; /* all of them, loaded; NULL: plain. A front takes them. */
};

struct server_conf_listener {
	struct list node;
	char *listen; /* as addr_parse() reads it */
	struct server_conf_tls tls;
	bool plain, clients, proxy_protocol;
	unsigned int line, col; /* where it stands; 0: in no file */
};

struct server_conf_key {
	struct list node;
	char *id; /* NULL for a key of the configuration that gives only its hash */
	char *name;
	char *hash;
	struct str_list allow; /* globs on subdomains and host names */
	struct conf_port_range tcp;
	uint32_t max_tunnels;
	uint64_t created_ms;
	bool revoked;
};

struct server_conf {
	struct list public_listeners, control_listeners; /* server_conf_listener */
	struct list keys;                                /* server_conf_key */
	struct str_list allowed_hosts;
	struct str_list reserved_subdomains, blocked_subdomains;
	struct str_list blocked_ips;
	struct str_list trusted_proxies; /* addresses, blocks, "unix" */
	struct {
		char *listen;
		char *host;
		struct conf_port_range ports;
	} tcp;
	bool anonymous;
	bool v1; /* clients of the Rust tunnelto are let in */
	struct {
		struct str_list allow;
		struct conf_port_range tcp;
		uint32_t max_tunnels;
	} anonymous_limits;
	int public_scheme; /* enum server_conf_scheme */
	uint16_t public_port;
	char *state_dir;
	char *control_socket;
	struct {
		uint32_t sessions, tunnels, streams, visitors;
		uint64_t session_memory, window, head, body_progress, parked_bytes;
		uint32_t parked;
	} limits;
	struct {
		uint64_t head, idle, response, body, slow, grace, park, drain;
	} timeouts; /* ms */
	struct {
		int level;
		bool access;
	} log;
	struct {
		uint8_t bytes[SERVER_CONF_SIG_KEY_LEN];
		bool is_set;
	} sig_key; /* of MASTER_SIG_KEY, from the environment alone */
};

enum server_conf_scheme {
	SERVER_CONF_SCHEME_AUTO,
	SERVER_CONF_SCHEME_HTTP,
	SERVER_CONF_SCHEME_HTTPS
};

extern const struct conf_table server_conf_table;

void server_conf_init(struct server_conf *c);
void server_conf_deinit(struct server_conf *c);
/*
 * Fill an initialised struct: the file, then the variables of server_env.h over it. The default
 * file may be missing when those are set. True when there was no mistake.
 */
bool server_conf_load(struct server_conf *c, const char *path, struct conf_report *report) MUST_USE;
/* The key file of the state directory: a list of keys under `keys`. A missing file is an empty
 * list. */
bool server_conf_load_keys(struct list *keys, const char *path,
	struct conf_report *report) MUST_USE;
/* Let one plain listener, as addr_parse() reads it, take the place of all of @listeners. */
void server_conf_listen(struct list *listeners, const char *listen);
void server_conf_free_keys(struct list *keys);
