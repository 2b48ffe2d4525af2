/* SPDX-License-Identifier: MIT */
/*
 * probe: tunnelto-protocol(7), Probes: a stream for tunnel 0 whose bytes come back.
 *
 * It goes the way of every visitor's stream: OPEN and DATA through the scheduler and over whichever
 * link carries data, credit and acknowledgement, and the same back. PING shows that a link is
 * alive, a probe that what goes over it is. Nothing here knows what a missing answer means, or when
 * one is missing.
 */
#include "mux/probe.h"

#include <string.h>

#include "base/rand.h"
#include "mux/session.h"

/* --- the question ---------------------------------------------------------------------------- */

static struct probe *probe_of(struct stream_user *u)
{
	return container_of(u, struct probe, user);
}

static void on_data(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct probe *p = probe_of(u);

	if (n > PROBE_SIZE - p->got || memcmp(p->bytes + p->got, bytes, n) != 0)
		p->differs = true;
	p->got = MIN(p->got + n, (size_t)PROBE_SIZE);
	u->stream->session->stats.probe_bytes += n;
	stream_consumed(u->stream, n);
}

static void on_end(struct stream_user *u)
{
	struct probe *p = probe_of(u);

	stream_release(u->stream, CLOSE_DONE);
	p->done(p, p->got == PROBE_SIZE && !p->differs);
}

static void on_reset(struct stream_user *u, enum close_reason why, const char *text)
{
	struct probe *p = probe_of(u);

	/* a server of before probes resets them as "no_tunnel": that came through, too */
	p->done(p, /* sound= */ true);
}

static void on_writable(struct stream_user *u)
{
}

static const struct stream_user_ops question_ops = {
	.data = on_data,
	.end = on_end,
	.reset = on_reset,
	.writable = on_writable,
};

bool probe_start(struct probe *p, struct session *s, probe_done_f *done)
{
	static const struct frame_open open;
	struct stream *st = session_open(s, &open);

	if (!st)
		return false;
	p->done = done;
	p->got = 0;
	p->differs = false;
	rand_bytes(p->bytes, sizeof(p->bytes));
	stream_bind(st, &p->user, &question_ops);
	if (stream_write(st, p->bytes, sizeof(p->bytes)) != sizeof(p->bytes)) {
		probe_cancel(p); /* no memory is left to the session's streams */
		return false;
	}
	s->stats.probe_bytes += sizeof(p->bytes);
	stream_end(st);
	return true;
}

bool probe_is_running(const struct probe *p)
{
	return p->user.stream != NULL;
}

void probe_cancel(struct probe *p)
{
	if (p->user.stream)
		stream_reset(p->user.stream, CLOSE_DONE, "");
}

/* --- the answer ------------------------------------------------------------------------------ */

static void on_asked(struct stream_user *u, const uint8_t *bytes, size_t n)
{
	struct probe_echo *e = container_of(u, struct probe_echo, user);

	if (n > PROBE_ECHO_MAX - e->n || stream_write(u->stream, bytes, n) != n) {
		stream_reset(u->stream, CLOSE_LIMIT, "a probe has too many bytes");
		return;
	}
	e->n += n;
	stream_consumed(u->stream, n);
}

static void on_asked_end(struct stream_user *u)
{
	stream_end(u->stream);
	stream_release(u->stream, CLOSE_DONE);
}

static void on_asked_reset(struct stream_user *u, enum close_reason why, const char *text)
{
}

static const struct stream_user_ops answer_ops = {
	.data = on_asked,
	.end = on_asked_end,
	.reset = on_asked_reset,
	.writable = on_writable,
};

bool probe_is_meant(const struct frame_open *open)
{
	return open->tunnel == 0;
}

void probe_answer(struct probe_echo *e, struct stream *st)
{
	if (e->user.stream)
		stream_reset(e->user.stream, CLOSE_LIMIT, "a newer probe takes its place");
	e->n = 0;
	stream_bind(st, &e->user, &answer_ops);
}

bool probe_is_answering(const struct probe_echo *e)
{
	return e->user.stream != NULL;
}
