/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_server: the control socket's server end: Varlink on the loop, with the caller's rights
 * checked. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/list.h"
#include "base/macros.h"
#include "io/listener.h"

struct ctl_call;
struct ctl_server;
struct err;
struct loop;

#define CTL_MESSAGE_MAX     (1024 * 1024) /* one JSON text, either direction */
#define CTL_CONNECTIONS_MAX 64
#define CTL_READERS_MAX     32 /* of them, by those who may only read: they shut nobody out */
/* Queued to a caller that does not read; then it is closed. */
#define CTL_OUT_MAX (4 * 1024 * 1024)

/* root and the daemon's uid: all; members of the operators' group: up to OPERATE; others: READ. */
enum ctl_right { CTL_RIGHT_READ, CTL_RIGHT_OPERATE, CTL_RIGHT_ADMIN };

/* Answer now or later by ctl_call_reply()/ctl_call_fail(), exactly once. @params: an object,
 * borrowed, types checked by the handler through ctl_call_bad_parameter(). */
typedef void ctl_method_f(struct ctl_call *c, json_t *params);

struct ctl_method {
	const char *name; /* "Up" */
	enum ctl_right right;
	ctl_method_f *call;
};

struct ctl_interface {
	const char *name;        /* "io.tunnelto.Client" */
	const char *description; /* the .varlink file's text */
	const struct ctl_method *methods;
	size_t n_methods;
};

struct ctl_server {
	struct loop *loop;
	const struct ctl_interface *interface;
	const char *product; /* "tunneltod" */
	struct listener listener;
	struct list connections;
	size_t n_connections, n_readers;
	gid_t operators; /* (gid_t)-1: none */
};

/* Watches one call that is not answered yet. */
struct ctl_watch;
typedef void ctl_watch_gone_f(struct ctl_watch *w);
typedef void ctl_watch_flushed_f(struct ctl_watch *w);
struct ctl_watch {
	struct ctl_call *call;
	ctl_watch_gone_f *gone;
	/* Everything that was queued has left; NULL: no matter. Set before ctl_call_watch(). */
	ctl_watch_flushed_f *flushed;
};

void ctl_server_init(struct ctl_server *s, struct loop *loop, const struct ctl_interface *i,
	const char *product, const char *operators_group);
/* Bind @path (mode 0660, the group set when it exists), or take a passed descriptor (@fd >= 0). */
int ctl_server_open(struct ctl_server *s, const char *path, int fd, struct err *err) MUST_USE;
/* Closes every connection; calls' watches are told. */
void ctl_server_close(struct ctl_server *s);

/* The owner is found by container_of(ctl_call_server(c), …). */
struct ctl_server *ctl_call_server(struct ctl_call *c);
bool ctl_call_wants_more(const struct ctl_call *c);
uid_t ctl_call_uid(const struct ctl_call *c);
/* Bytes of answers that the caller has not taken yet: whoever has much to say waits for `flushed`
 * of its watch instead of adding to them. */
size_t ctl_call_queued(const struct ctl_call *c);
/* Tell @w when the caller goes away before the answer; afterwards the call must not be touched. */
void ctl_call_watch(struct ctl_call *c, struct ctl_watch *w, ctl_watch_gone_f *gone);
/* Final answer; steals @params (NULL: empty object). The call is gone after it. */
void ctl_call_reply(struct ctl_call *c, json_t *params);
/* One of several ("continues": true); only when the caller wants more. Steals @params. False: the
 * caller reads too slowly and was closed. */
bool ctl_call_continue(struct ctl_call *c, json_t *params);
/* @error: "NoSuchTunnel" (the interface's own name is put in front) or a full
 * "org.varlink.service.X". Steals @params. */
void ctl_call_fail(struct ctl_call *c, const char *error, json_t *params);
void ctl_call_bad_parameter(struct ctl_call *c, const char *parameter);
