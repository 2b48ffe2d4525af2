/* SPDX-License-Identifier: MIT */
#pragma once

/* probe: a stream that shows that streams move: a client's question, a server's echo. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "mux/stream.h"

struct session;
struct probe;

#define PROBE_SIZE     16 /* bytes that are asked with */
#define PROBE_ECHO_MAX 64 /* bytes that are echoed */

/* It is over. @sound: the same bytes came back, or the peer refused it, or the session ended
 * underneath; false: other bytes came back. */
typedef void probe_done_f(struct probe *p, bool sound);

/* The end that asks. All zero is idle. */
struct probe {
	struct stream_user user;
	probe_done_f *done;
	uint8_t bytes[PROBE_SIZE];
	size_t got;
	bool differs;
};

/* False: the session opens no streams now. Never calls @done before it returns. */
bool probe_start(struct probe *p, struct session *s, probe_done_f *done) MUST_USE;
bool probe_is_running(const struct probe *p);
/* End it without a call; harmless when idle. */
void probe_cancel(struct probe *p);

/* The end that answers; one at a time for a session. */
struct probe_echo {
	struct stream_user user;
	size_t n;
};

/* Is that what this stream is for? */
bool probe_is_meant(const struct frame_open *open);
/* Answer on @st, inside session_ops.opened; a probe that is being answered still is given up. */
void probe_answer(struct probe_echo *e, struct stream *st);
bool probe_is_answering(const struct probe_echo *e);
