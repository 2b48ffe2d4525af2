/* SPDX-License-Identifier: MIT */
#pragma once

/* ws_text: a WebSocket that carries texts both ways, each a message, with a bounded queue. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lws;
struct ws_loop;
struct ws_text;
struct ws_text_user;

/* What may still come in after ws_text_pause(). */
#define WS_TEXT_SLACK (64 * 1024)

struct ws_text_user_ops {
	/* A piece of a text, which ends with @last. Nothing is known of its size or its bytes. May
	 * close. */
	void (*received)(struct ws_text_user *u, const uint8_t *bytes, size_t n, bool last);
	/* All that was queued has left. */
	void (*flushed)(struct ws_text_user *u);
	/* The connection is gone; u->text is NULL already. */
	void (*closed)(struct ws_text_user *u);
};

/* Embedded in whoever uses it. */
struct ws_text_user {
	const struct ws_text_user_ops *ops;
	struct ws_text *text; /* NULL when there is none (any more) */
};

/* One that was just opened gets its user, before the opener returns. @out_max: bytes that may be
 * queued. */
void ws_text_bind(struct ws_text *t, struct ws_text_user *u, const struct ws_text_user_ops *ops,
	size_t out_max);
/* Queue a text, for which there is room. */
void ws_text_send(struct ws_text *t, const char *text, size_t n);
size_t ws_text_room(const struct ws_text *t);
/* Bytes that have not left, 0: none. */
size_t ws_text_queued(const struct ws_text *t);
void ws_text_pause(struct ws_text *t, bool pause);
/* Let go: what is queued may not leave any more. The user is unbound and is not told. */
void ws_text_close(struct ws_text *t);

/* For the room alone: an upgraded connection; frees itself when lws has closed it. */
struct ws_text *ws_text_new(struct ws_loop *w, struct lws *wsi);
/* What lws says of it. -1: lws is to close the connection. */
int ws_text_on_receive(struct ws_text *t, const void *in, size_t n);
int ws_text_on_writeable(struct ws_text *t);
void ws_text_on_closed(struct ws_text *t);
