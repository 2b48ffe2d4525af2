/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_server: the control socket's server end: Varlink on the loop, with the caller's rights
 * checked. */

#include <stddef.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/macros.h"
#include "ctl/ctl_peer.h"
#include "io/listener.h"

struct ctl_server;
struct err;
struct loop;

#define CTL_CONNECTIONS_MAX 64
#define CTL_READERS_MAX     32 /* of them, by those who may only read: they shut nobody out */

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
	struct list connections; /* ctl_peer */
	size_t n_connections, n_readers;
	gid_t operators; /* (gid_t)-1: none */
};

/* Callers may come by other ways than the socket as soon as it is initialised (ctl_peer.h). */
void ctl_server_init(struct ctl_server *s, struct loop *loop, const struct ctl_interface *i,
	const char *product, const char *operators_group);
/* Bind @path (mode 0660, the group set when it exists), or take a passed descriptor (@fd >= 0). */
int ctl_server_open(struct ctl_server *s, const char *path, int fd, struct err *err) MUST_USE;
/* Closes every connection; calls' watches are told. */
void ctl_server_close(struct ctl_server *s);
