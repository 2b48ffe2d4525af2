/* SPDX-License-Identifier: MIT */
#pragma once

/* conn: a non-blocking byte stream over a socket, plain or TLS; pull reads, bounded queued writes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <ev.h>

#include "base/buf.h"
#include "base/macros.h"
#include "io/addr.h"
#include "io/loop.h"
#include "io/timer.h"

struct loop;
struct tls_ctx;
struct conn;

enum conn_event {
	CONN_EV_READY,    /* TLS handshake done (plain connections never say it)               */
	CONN_EV_READABLE, /* conn_read() has something to say: bytes, end, or an error         */
	CONN_EV_DRAINED,  /* the output queue fell to or below the low mark after being above  */
	CONN_EV_FLUSHED,  /* the output queue is empty (after DRAINED); also after shutdown was sent
			   */
	CONN_EV_ERROR,    /* conn->error is set; the owner closes                              */
	CONN_EV_TIMEOUT,  /* the deadline passed                                               */
};

/* The owner may close the conn inside; nothing of it is touched after that. */
typedef void conn_event_f(struct conn *c, enum conn_event ev);

struct conn {
	struct loop *loop;
	conn_event_f *event;
	void *ssl; /* SSL * */
	struct tls_ctx *tls;
	ev_io rd, wr;
	struct timer deadline;
	struct loop_task later; /* events that an API call caused, said on the next turn */
	struct buf out;
	struct buf wire; /* TLS records that the kernel has not taken */
	size_t low_mark;
	uint64_t bytes_in, bytes_out; /* application bytes */
	int fd;
	int write_error; /* the peer is gone; what it had said before is still being read */
	int error;       /* negative errno, or -EPROTO with conn_error_text() for TLS */
	/* state bits */
	bool handshaking : 1, paused : 1, above_low : 1, read_ended : 1, shutdown_asked : 1,
		shutdown_sent : 1, read_wants_write : 1, closed : 1;
	bool readable_due : 1, drained_due : 1, flushed_due : 1, error_due : 1, flush_due : 1;
	char tls_error[160]; /* TLS_VERIFY_TEXT_MAX */
};

/* Zeroed state in which close is harmless. */
void conn_init(struct conn *c);
/* Take @fd (connected, non-blocking). Reading starts at once unless conn_pause() follows. */
void conn_open(struct conn *c, struct loop *loop, int fd, size_t out_max, conn_event_f *event);
/* Before any byte was read or written. Server side takes @name NULL; client side sends SNI and
 * verifies it (IP literals too). @alpn NULL or one protocol to offer. Holds a reference on @ctx. 0
 * or -errno. */
int conn_start_tls(struct conn *c, struct tls_ctx *ctx, const char *name,
	const char *alpn) MUST_USE;
/* The protocol negotiated by ALPN, or NULL. */
const char *conn_alpn(const struct conn *c);

/* Up to @n bytes: > 0 count, 0 clean end (FIN or close_notify), -EAGAIN nothing now, other:
 * negative errno. An end without close_notify on TLS is -ECONNRESET. A peer that went away while it
 * was written to can still be read to its end (an answer sent before an upload was over), then
 * comes CONN_EV_ERROR; pausing gives that up. */
ssize_t conn_read(struct conn *c, void *to, size_t n) MUST_USE;
/* Stop and restart readable events. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
bool conn_is_paused(const struct conn *c);

/* Take all @n bytes (sent at once as far as the socket allows, the rest queued), or as many as the
 * queue's maximum allows; returns how many. Errors come as CONN_EV_ERROR on the next turn. */
size_t conn_write(struct conn *c, const void *bytes, size_t n);
/* The same, but a piece of some size waits for those that follow before the turn ends, up to 64
 * KiB: each send() may wake somebody. A small one goes at once, with what waits. */
size_t conn_gather(struct conn *c, const void *bytes, size_t n);
/* Queue without trying to send now: many small writes, one conn_flush(). */
size_t conn_queue(struct conn *c, const void *bytes, size_t n);
/* Nothing is done where pieces are being gathered: all leaves together soon. */
void conn_flush(struct conn *c);
/* Bytes queued and not yet taken by the kernel; and how many more would fit. */
size_t conn_queued(const struct conn *c);
size_t conn_room(const struct conn *c);
/* DRAINED is said when the queue falls to this. Default: a quarter of the maximum. */
void conn_set_low_mark(struct conn *c, size_t low);

/* Half-close our direction once the queue has left (FIN; close_notify first on TLS). */
void conn_shutdown(struct conn *c);
/* One deadline per conn, lazily re-armed; 0 stops it. */
void conn_set_deadline(struct conn *c, uint64_t ms);
/* Words for what is in conn->error. */
const char *conn_error_text(const struct conn *c);

/* Close now; what is queued is lost. Idempotent. The owner frees @c only through the graveyard when
 * inside an event. */
void conn_close(struct conn *c);
/* Close with RST, so that the far side cannot take a cut body for a whole one. */
void conn_abort(struct conn *c);
/* Give the descriptor back and forget it (plain, nothing queued). -1 when that is not so. */
int conn_take_fd(struct conn *c);
