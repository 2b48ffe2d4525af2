/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_pipe: a WebSocket as a pipe of whole messages, for peers of the Rust tunnelto's protocol. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lws;
struct ws_loop;
struct ws_pipe;
struct ws_pipe_user;

/* A longer message ends the connection. The Rust tunnelto sends at most 4105 bytes. */
#define WS_PIPE_MESSAGE_MAX (256 * 1024)
/* The room for one message that is sent. */
#define WS_PIPE_SEND_MAX (64 * 1024)

struct ws_pipe_user_ops {
	/* A whole message, text or binary, borrowed for the call. May close the pipe. */
	void (*message)(struct ws_pipe_user *u, const uint8_t *bytes, size_t n);
	/* Write the next message to send into @out, @cap is WS_PIPE_SEND_MAX; its length, 0 when
	 * there is none. Asked after ws_pipe_wake(), and again until there is none. */
	size_t (*next)(struct ws_pipe_user *u, uint8_t *out, size_t cap);
	/* The connection is gone; u->pipe is NULL already. */
	void (*closed)(struct ws_pipe_user *u);
};

/* Embedded in whoever uses a pipe. */
struct ws_pipe_user {
	const struct ws_pipe_user_ops *ops;
	struct ws_pipe *pipe; /* NULL when there is none (any more) */
};

enum ws_pipe_end {
	WS_PIPE_CLOSE,  /* with a WebSocket Close, which makes a Rust client come back at once */
	WS_PIPE_ABRUPT, /* without: what it takes for a lost connection */
};

/* A pipe that was just opened gets its user, before the opener returns. */
void ws_pipe_bind(struct ws_pipe *p, struct ws_pipe_user *u, const struct ws_pipe_user_ops *ops);
/* There is something to send. */
void ws_pipe_wake(struct ws_pipe *p);
/* Take no more messages from the peer; one or two that are here already may still come. */
void ws_pipe_pause(struct ws_pipe *p, bool pause);
/* Let go: what `next` has to give now is taken and sent within some seconds, then the connection
 * ends. The user is unbound and is not told. */
void ws_pipe_close(struct ws_pipe *p, enum ws_pipe_end how);

/* For the room alone: an upgraded connection; frees itself when lws has closed it. */
struct ws_pipe *ws_pipe_new(struct ws_loop *w, struct lws *wsi);
/* What lws says of it. -1: lws is to close the connection. */
int ws_pipe_on_receive(struct ws_pipe *p, const void *in, size_t n);
int ws_pipe_on_writeable(struct ws_pipe *p);
void ws_pipe_on_closed(struct ws_pipe *p);
