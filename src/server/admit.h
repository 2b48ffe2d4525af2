/* SPDX-License-Identifier: MIT */
#pragma once

/* admit: what a client may claim: names and ports against its key and the configuration. Pure
 * decisions. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "conf/bind.h"
#include "proto/hello.h"
#include "proto/hostname.h"

/* Below each allowed host, the name that clients connect to. */
#define ADMIT_WORMHOLE "wormhole"

struct addr;
struct server_conf;
struct server_conf_key;
struct str_list;

/* What bounds one client: its key's row, or the anonymous limits. */
struct admit_rights {
	const struct str_list *allow;
	struct conf_port_range tcp;
	uint32_t max_tunnels;
};

void admit_rights_of_key(struct admit_rights *ret, const struct server_conf_key *key);
void admit_rights_of_anonymous(struct admit_rights *ret, const struct server_conf *c);
/* The host name @rq asks for (or is assigned: @assigned is its label), normalised. -1, or why it
 * may not have it. */
int admit_host(char ret[static HOSTNAME_MAX], const struct server_conf *c,
	const struct admit_rights *rights, const struct hello_register *rq, const char *assigned);
/* The ports among which @rq's may be. -1, or why there are none. */
int admit_ports(struct conf_port_range *ret, const struct server_conf *c,
	const struct admit_rights *rights, const struct hello_register *rq);
/* Is @a none of the blocked ones? */
bool admit_address(const struct server_conf *c, const struct addr *a);
/* Is @a a trusted proxy's? */
bool admit_trusts(const struct server_conf *c, const struct addr *a);
