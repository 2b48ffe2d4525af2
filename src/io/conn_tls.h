/* SPDX-License-Identifier: MIT */
#pragma once

/* conn_tls: TLS on a conn's socket, for conn alone. It never starts or stops a watcher. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

struct conn;
struct tls_ctx;

/* See conn_start_tls(). */
int conn_tls_start(struct conn *c, struct tls_ctx *ctx, const char *name,
	const char *alpn) MUST_USE;
/* 1 done, -EAGAIN under way, other: negative errno. */
int conn_tls_handshake(struct conn *c) MUST_USE;
/* As conn_read(). Sets c->read_wants_write when it cannot go on before something was sent. */
ssize_t conn_tls_read(struct conn *c, void *to, size_t n) MUST_USE;
/* Is there something to read that the socket will not tell of? */
bool conn_tls_pending(const struct conn *c);
/* Bytes taken (records of them were sent or wait in c->wire), 0 when the kernel is full, or a
 * negative errno. */
ssize_t conn_tls_write(struct conn *c, const uint8_t *bytes, size_t n) MUST_USE;
/* Send what waits in c->wire, as far as the kernel takes it: 0 or a negative errno. */
int conn_tls_flush(struct conn *c) MUST_USE;
/* close_notify, once. True when it, and all before it, has left. */
bool conn_tls_shutdown(struct conn *c);
/* See conn_alpn(). */
const char *conn_tls_alpn(const struct conn *c);
void conn_tls_free(struct conn *c);
