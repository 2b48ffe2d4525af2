/* SPDX-License-Identifier: MIT */
#pragma once

/* agent: the root object of tunneltod: configuration, tunnels, the uplink, the control socket. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "client/client_conf.h"
#include "client/health.h"
#include "client/replay.h"
#include "client/status_verb.h"
#include "client/tunnel.h"
#include "client/uplink.h"
#include "ctl/ctl_events.h"
#include "ctl/ctl_server.h"
#include "dashboard/dashboard.h"
#include "gate/gate.h"
#include "inspector/inspect_body.h"
#include "inspector/inspector.h"
#include "io/loop.h"
#include "io/sig.h"
#include "io/timer.h"

struct agent;
struct err;

#define agent_no_server "no server is configured (server: url:)"

struct agent {
	struct loop *loop;
	const char *conf_path; /* NULL: one-shot */
	struct client_conf conf;
	struct resolver *resolver;
	struct ws_loop *ws;
	struct uplink uplink;
	struct list tunnels;
	uint32_t next_request;
	struct ctl_server ctl;
	struct ctl_events events;
	struct dashboard dashboard;
	struct status_feed feed;
	struct list waiters; /* calls of the control socket that wait for a state */
	struct health health;
	struct inspector inspector;
	struct inspect_body inspected;
	struct replays replays;
	struct gate_account gates;
	struct timer again, drain, status;
	struct sig term, interrupt, hangup;
	struct loop_task changed;           /* tell the waiters and STATUS=, once a turn */
	void (*on_change)(struct agent *a); /* one-shot */
	clock_ms_t drain_until;
	char told[512]; /* the last STATUS= */
	bool draining, with_ctl;
	bool has_mistakes; /* the last reload failed */
	bool verbose;      /* whatever the configuration says */
	int exit_code;
};

/* @a->conf is filled. The key comes from the configuration, a credential or the environment. */
int agent_open(struct agent *a, struct loop *loop, const char *conf_path, bool user,
	struct err *err) MUST_USE;
void agent_close(struct agent *a);
/* Stop: open connections may finish, then the loop stops. A second call stops at once. */
void agent_stop(struct agent *a);

struct tunnel *agent_find(const struct agent *a, const char *name);
/* Takes the definition; the tunnel goes up if it is wanted. */
struct tunnel *agent_add(struct agent *a, struct client_conf_tunnel *def, bool adhoc);
void agent_remove(struct agent *a, struct tunnel *t);
void agent_up(struct agent *a, struct tunnel *t);
void agent_down(struct agent *a, struct tunnel *t);
/* The uplink is to be there while some tunnel wants it. */
void agent_want_uplink(struct agent *a);
void agent_set(struct agent *a, struct tunnel *t, enum tunnel_state state, const char *error);
/* Some state has changed: everybody who waits is told before the loop next waits. */
void agent_changed(struct agent *a);
/* "2 of 3 tunnels up; db: key refused" */
void agent_status_text(const struct agent *a, char *to, size_t size);
