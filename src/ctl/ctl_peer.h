/* SPDX-License-Identifier: MIT */
#pragma once

/* ctl_peer: a caller of the daemon's Varlink interface, whatever carries its messages. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/macros.h"
#include "io/loop.h"
#include "proto/varlink.h"

struct ctl_call;
struct ctl_peer;
struct ctl_server;

#define CTL_MESSAGE_MAX (1024 * 1024) /* one JSON text, either direction */
/* Queued to a caller that does not read; then it is closed. */
#define CTL_OUT_MAX (4 * 1024 * 1024)

/* root and the daemon's uid: all; members of the operators' group, and the dashboard: up to
 * OPERATE; others: READ. */
enum ctl_right { CTL_RIGHT_READ, CTL_RIGHT_OPERATE, CTL_RIGHT_ADMIN };

/* --- calls: for those who answer ------------------------------------------------------------- */

/* Answer now or later by ctl_call_reply()/ctl_call_fail(), exactly once. @params: an object,
 * borrowed, types checked by the handler through ctl_call_bad_parameter(). */
typedef void ctl_method_f(struct ctl_call *c, json_t *params);

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

/* --- peers: for those who carry messages ----------------------------------------------------- */

/* What carries the messages. None of these calls back into the peer. */
struct ctl_peer_ops {
	/* Queue one JSON text of @n bytes; there is room for it. */
	void (*send)(struct ctl_peer *p, const char *text, size_t n);
	/* Bytes that are queued and have not left; and how many more would fit. */
	size_t (*queued)(struct ctl_peer *p);
	size_t (*room)(struct ctl_peer *p);
	/* Give no more input, or give it again. */
	void (*pause)(struct ctl_peer *p, bool pause);
	/* Call ctl_peer_timeout() after @ms, in place of what was asked before; 0: never. */
	void (*deadline)(struct ctl_peer *p, uint64_t ms);
	/* The peer is of no use any more, and this the last that is said of it: let go what carries
	 * it, and free it by ctl_peer_deinit() when nobody can be inside it any more. */
	void (*close)(struct ctl_peer *p);
};

struct ctl_call {
	struct ctl_peer *peer;
	struct ctl_watch *watch;
	struct varlink_call in;
	bool active;
};

/* What a peer's deadline is for. */
enum ctl_wait { CTL_WAIT_NOTHING, CTL_WAIT_MESSAGE, CTL_WAIT_ANSWER };

/* Embedded in what carries it. */
struct ctl_peer {
	const struct ctl_peer_ops *ops;
	struct ctl_server *server;
	struct list node;
	struct buf in;         /* messages, each ended by a NUL */
	struct loop_task next; /* take the message that waits */
	struct ctl_call call;  /* the one under way, if active */
	size_t slack;          /* what may still come after `pause` */
	uid_t uid;
	enum ctl_right right;
	enum ctl_wait wait;
	bool ended, paused, closed;
};

/* A new caller. @slack: of input that cannot be held back when `pause` is asked for. -EMFILE: there
 * are as many as may be, and nothing was done. */
int ctl_peer_open(struct ctl_peer *p, struct ctl_server *s, const struct ctl_peer_ops *ops,
	enum ctl_right right, size_t slack) MUST_USE;
void ctl_peer_deinit(struct ctl_peer *p);
/* How many bytes it takes now. 0: none, it was paused or closed. */
size_t ctl_peer_room(struct ctl_peer *p);
/* At most as many as there is room and slack for; messages end with a NUL. May close the peer. */
void ctl_peer_input(struct ctl_peer *p, const void *bytes, size_t n);
/* There will be no more input. */
void ctl_peer_end(struct ctl_peer *p);
/* All that was queued has left. */
void ctl_peer_flushed(struct ctl_peer *p);
void ctl_peer_timeout(struct ctl_peer *p);
/* It is gone, or is to go; harmless when it is closed already. The call's watch is told. */
void ctl_peer_close(struct ctl_peer *p);
