/* SPDX-License-Identifier: MIT */
#pragma once

/* hub: the root object of tunnelto-server: everything it owns hangs here. */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/log.h"
#include "ctl/ctl_events.h"
#include "ctl/ctl_server.h"
#include "io/loop.h"
#include "io/sig.h"
#include "io/timer.h"
#include "server/admit.h"
#include "server/edge_http.h"
#include "server/front.h"
#include "server/guests.h"
#include "server/health.h"
#include "server/kept.h"
#include "server/keys.h"
#include "server/names.h"
#include "server/names_file.h"
#include "server/parking.h"
#include "server/server_conf.h"

struct edge_tcp;
struct err;
struct hub;
struct peer;
struct session;
struct session_limits;
struct tunnel;
struct ws_loop;
struct ws_request;

/* What the owner of a client without a key begins with. */
#define HUB_ANONYMOUS "anonymous:"

struct hub {
	struct loop *loop;
	const char *conf_path;
	struct server_conf conf;
	struct keys keys;
	struct names names;
	struct names_file names_file;
	struct kept kept;
	struct parking parking;
	struct list peers;
	struct list v1_clients; /* of the Rust tunnelto; each has a peer once it is let in */
	uint32_t n_peers, n_tunnels, n_v1_waiting;
	struct list fronts, retired; /* front; retired ones accept nobody any more */
	struct front_counters fronts_said;
	struct edge_http edge;
	struct guests passed; /* visitors whose TLS is passed through */
	struct ws_loop *ws;
	struct ctl_server ctl;
	struct ctl_events events;
	struct health health;
	struct timer status, drain;
	struct sig term, interrupt, hangup;
	uint8_t name_secret[32];
	clock_ms_t drain_until, goodbye_at;
	char told[256];                       /* the last STATUS= */
	struct log_limit refusals, strangers; /* lines that anybody can cause */
	bool has_mistakes;                    /* the last reload failed */
	bool draining, ended; /* ended: sessions and visitors are, their last words are leaving */
	bool verbose;         /* whatever the configuration says */
};

/* Open everything as configured (@h->conf is filled). Words on failure; hub_close() all the same.
 */
int hub_open(struct hub *h, struct loop *loop, const char *conf_path, struct err *err) MUST_USE;
void hub_close(struct hub *h);

/* For the rooms' own parts: */
/* Bring what was copied out of @h->conf in line with it. */
void hub_apply_conf(struct hub *h);
/* Something that STATUS= tells has changed. */
void hub_changed(struct hub *h);
void hub_status_text(const struct hub *h, char *to, size_t size);
struct peer *hub_find_peer(const struct hub *h, const char *session_id);
struct admit_rights hub_rights_of(const struct hub *h, const struct peer *p);
struct session_limits hub_session_limits(const struct hub *h);
/* The URL that visitors use; to be freed. */
char *hub_url(const struct hub *h, const struct tunnel *t);
/* May this WebSocket be opened? 0, or an HTTP status and words. */
int hub_check(struct hub *h, const struct ws_request *rq, const char **ret_text);
struct session *hub_claim_lane(struct hub *h, const char *token);
/* The first public listener, which says what is not configured; or NULL. */
const struct front *hub_first_public(const struct hub *h);
/* Anybody can be an anonymous client: what is logged of them all has a limit. */
bool hub_may_log(struct hub *h, const struct peer *p);
/* May @owner (of a tunnel) still have names? */
bool hub_is_owner_good(const struct hub *h, const char *owner);
/* A listener for @t's port; NULL and words. */
struct edge_tcp *hub_open_port(struct hub *h, struct tunnel *t, struct err *err) MUST_USE;
/* End the sessions of keys that are no longer good; how many. */
unsigned int hub_enforce_keys(struct hub *h);
