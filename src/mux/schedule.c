/* SPDX-License-Identifier: MIT */
/*
 * schedule: who sends next.
 *
 * A stream's turn is: its OPEN if that was not sent, its WINDOW if one is due, then at most one
 * DATA. Those whose turn sends all they have (brief) come first, as long as half of what is pulled
 * is left to the others (ready). The others go round robin, RUN turns each: what the far side gets
 * in one piece it hands on by one system call. So a bulk stream delays a small answer by what is on
 * its way already, and another bulk stream by 64 KiB.
 */
#include "mux/schedule.h"

#include <assert.h>
#include <string.h>

#include "mux/session.h"
#include "mux/stream.h"

/* Less than this is not worth a DATA frame at the end of a full buffer. */
#define DATA_MIN 512
#define RUN      4

static uint8_t *put_u64(uint8_t *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (56 - 8 * i));
	return to + 8;
}

static size_t put_open(struct stream *st, uint8_t *out)
{
	frame_encode_header(out, FRAME_OPEN, 0, st->open_len, st->id);
	memcpy(out + FRAME_HEADER_SIZE, st->open_payload, st->open_len);
	st->open_pending = false;
	st->open_sent = true;
	return FRAME_HEADER_SIZE + (size_t)st->open_len;
}

static size_t put_window(struct stream *st, uint8_t *out)
{
	struct session *s = st->session;
	struct link *l = s->data_link;
	uint64_t budget = s->limits.memory > s->stats.memory ? s->limits.memory - s->stats.memory
							     : 0;

	if (!st->end_received)
		s->stats.memory += window_grow(&st->window, l->rtt_us, s->limits.window_max, budget,
			s->now);
	frame_encode_header(out, FRAME_WINDOW, 0, 16, st->id);
	(void)put_u64(put_u64(out + FRAME_HEADER_SIZE, window_grant(&st->window)),
		st->window.received + (st->end_received ? 1 : 0));
	st->window_due = false;
	list_del(&st->lagging);
	return FRAME_HEADER_SIZE + 16;
}

static size_t put_data(struct stream *st, uint8_t *out, size_t cap)
{
	uint64_t end = MIN(st->ring.end, st->limit);
	size_t n = end > st->sent ? (size_t)MIN(end - st->sent, (uint64_t)FRAME_MAX_DATA) : 0;
	bool last, held;

	n = MIN(n, cap - FRAME_HEADER_SIZE - 8);
	last = st->end_asked && !st->end_sent && st->sent + n == st->ring.end;
	if (n == 0 && !last)
		return 0;
	ring_copy(&st->ring, st->sent, out + FRAME_HEADER_SIZE + 8, n);
	(void)put_u64(out + FRAME_HEADER_SIZE, st->sent);
	st->sent += n;
	/* a ring that is short of memory: the next bytes wait for an acknowledgement, not for
	 * credit */
	held = st->sent == st->ring.end && stream_is_held(st);
	frame_encode_header(out, FRAME_DATA,
		(last ? FRAME_FLAG_END : 0) | (held ? FRAME_FLAG_HELD : 0), (uint16_t)(8 + n),
		st->id);
	st->end_sent = st->end_sent || last;
	st->sent_max = MAX(st->sent_max, st->sent + (st->end_sent ? 1 : 0));
	st->session->stats.bytes_tx += n;
	session_counted(st->session);
	stream_was_sent(st);
	return FRAME_HEADER_SIZE + 8 + n;
}

/* One stream's turn. */
static size_t turn(struct stream *st, uint8_t *out, size_t cap)
{
	size_t done = 0;

	if (st->open_pending)
		done += put_open(st, out);
	if (st->window_due)
		done += put_window(st, out + done);
	if (stream_has_data(st))
		done += put_data(st, out + done, cap - done);
	return done;
}

/* Of the streams in @list, each up to @run turns, into @cap bytes. */
static size_t pull_list(struct session *s, struct list *list, unsigned int run, uint8_t *out,
	size_t cap)
{
	/* what the small frames of one turn may take before DATA, and what DATA is worth it */
	const size_t least = FRAME_HEADER_SIZE + FRAME_MAX_OPEN + FRAME_HEADER_SIZE + 16 +
			     FRAME_HEADER_SIZE + 8 + DATA_MIN;
	size_t done = 0;
	struct list *n;

	while (cap - done >= least && (n = list_pop(list))) {
		struct stream *st = list_entry(n, struct stream, ready);

		if (list == &s->brief && !stream_is_brief(st)) {
			list_add_tail(&s->ready, &st->ready); /* it has grown meanwhile */
			continue;
		}
		done += turn(st, out + done, cap - done);
		for (unsigned int i = 1; i < run && stream_has_data(st) && cap - done >= least; i++)
			done += turn(st, out + done, cap - done);
		stream_schedule(st);
		stream_maybe_finish(st);
	}
	return done;
}

size_t schedule_pull(struct session *s, uint8_t *out, size_t cap)
{
	size_t share = list_is_empty(&s->ready) ? cap : cap / 2;
	size_t done = pull_list(s, &s->brief, 1, out, share);

	done += pull_list(s, &s->ready, RUN, out + done, cap - done);
	/* the others had less than their half */
	return done + pull_list(s, &s->brief, 1, out + done, cap - done);
}
