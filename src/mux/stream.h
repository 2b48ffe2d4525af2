/* SPDX-License-Identifier: MIT */
#pragma once

/* stream: one visitor's bytes inside a session, both directions, half-close correct. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/macros.h"
#include "mux/ring.h"
#include "mux/window.h"
#include "proto/close.h"
#include "proto/frame.h"

struct session;
struct stream;
struct stream_user;

struct stream_user_ops {
	/* In order, each byte once, borrowed for the call. Every byte is to be handed back by
	 * stream_consumed() when it has left towards the far side: until then it uses the peer's
	 * credit. */
	void (*data)(struct stream_user *u, const uint8_t *bytes, size_t n);
	/* The peer has sent its last byte. Sending may go on. */
	void (*end)(struct stream_user *u);
	/* It is over abnormally; the stream is unbound already (u->stream is NULL). @text "" or
	 * words. */
	void (*reset)(struct stream_user *u, enum close_reason why, const char *text);
	/* After stream_write()/stream_reserve() came short: there is room again. */
	void (*writable)(struct stream_user *u);
};

/* Embedded in whoever uses a stream. */
struct stream_user {
	const struct stream_user_ops *ops;
	struct stream *stream; /* NULL when there is none (any more) */
};

struct stream {
	struct session *session;
	struct stream_user *user;
	uint32_t id;
	struct list all;      /* in session->all, then in session->dead */
	struct list ready;    /* in session->brief or ->ready while it has something to send */
	struct list lagging;  /* in session->lagging while consumption was not announced */
	struct list spacious; /* in session->spacious while its ring holds memory for nothing */
	struct list roomy;    /* in session->roomy while its user is to be told of room */

	struct ring ring;      /* bytes sent and not acknowledged, then bytes not yet sent */
	uint64_t sent;         /* next offset to send */
	uint64_t spacious_end; /* the ring's end when it was put there */
	uint64_t sent_max;     /* highest offset ever sent, the end counting one; resumption takes
				  `sent` back */
	uint64_t limit;        /* the peer's credit */
	struct window window;  /* of the receiving direction */

	uint8_t *open_payload; /* kept until the peer's first sign of life, for resumption */
	uint16_t open_len;
	bool open_pending : 1; /* OPEN is to be sent */
	bool open_sent : 1;    /* OPEN was sent at least once */
	bool ours : 1;         /* we opened it */
	bool end_asked : 1, end_sent : 1, end_acked : 1;
	bool end_received : 1, window_due : 1;
	bool wants_room : 1, released : 1, is_dead : 1;
	bool resume_seen : 1; /* the peer's RESUME has it */
};

/* For mux alone. */
struct stream *stream_new(struct session *s, uint32_t id, uint32_t window);
/* Unlink and free when the outermost call returns; nobody is told. */
void stream_destroy(struct stream *st);
/* The peer, or the session, ends it: the user is told. */
void stream_abort(struct stream *st, enum close_reason why, const char *text);
/* A DATA, WINDOW or RESET for it. False: the session was closed because of it. */
void stream_on_frame(struct stream *st, const struct frame *f);
/* The peer states (RESUME) what it has received and grants. False: it cannot be true. */
bool stream_rewind(struct stream *st, uint64_t received, uint64_t limit);
/* Put it among those that have something to send, if it has. */
void stream_schedule(struct stream *st);
bool stream_has_data(const struct stream *st);
/* Its next turn sends all it has; or it is to be opened: OPENs keep the order of their ids, so they
 * all stand in one list. */
bool stream_is_brief(const struct stream *st);
/* Its user waits for room that only an acknowledgement makes. */
bool stream_is_held(const struct stream *st);
/* Bytes have left the ring's unsent part: its user may be told when the outermost call returns. */
void stream_was_sent(struct stream *st);
/* Tell a user that waits for room of it, when there is some. */
void stream_say_room(struct stream *st);
/* Its ring may have held memory for nothing for a while: give that back unless it was in use. */
void stream_shrink(struct stream *st);
/* The peer no longer has it. True: both ends were sent and received, so it finished there, and now
 * here. */
bool stream_assume_finished(struct stream *st);
/* Both directions are finished and nobody uses it any more: destroy. */
void stream_maybe_finish(struct stream *st);

/* A stream has one user; binding makes u->stream = st. */
void stream_bind(struct stream *st, struct stream_user *u, const struct stream_user_ops *ops);
/* Let another user have it, mid-stream. */
void stream_rebind(struct stream *st, struct stream_user *to, const struct stream_user_ops *ops);

/* Bytes that stream_write() would take now; 0 after stream_end(). Bounded by the window the peer
 * granted and the session's memory. */
size_t stream_room(const struct stream *st);
/* Copy up to @n bytes in; returns how many. Short: `writable` will be said. */
size_t stream_write(struct stream *st, const void *bytes, size_t n);
/* Contiguous space inside the ring (at most *ret_n bytes wanted on entry, size given on return), to
 * read into directly; NULL when there is no room (then `writable` will be said). Then commit what
 * was filled, perhaps 0, before anything is written to another stream. */
uint8_t *stream_reserve(struct stream *st, size_t *io_n) MUST_USE;
void stream_commit(struct stream *st, size_t n);
/* No more bytes from us; those written still go out. */
void stream_end(struct stream *st);
/* @n bytes given by `data` have left towards the far side. */
void stream_consumed(struct stream *st, size_t n);
/* End abnormally, now, both directions. The user is unbound and not called. */
void stream_reset(struct stream *st, enum close_reason why, const char *text);
/* The user is done with it: what was written and ended still reaches the peer in the background
 * when both directions are ended; otherwise this resets with @why. The user is unbound and not
 * called. */
void stream_release(struct stream *st, enum close_reason why);
/* All that was written, and the end if it was asked for, has been handed to a link. */
bool stream_is_flushed(const struct stream *st);
bool stream_is_ended(const struct stream *st); /* both directions */
uint64_t stream_bytes_sent(const struct stream *st);
uint64_t stream_bytes_arrived(const struct stream *st); /* of those, as the peer has said */
uint64_t stream_bytes_received(const struct stream *st);
