/* SPDX-License-Identifier: MIT */
/*
 * event_ring: log events, each a record of
 *
 *	time (8 bytes, big-endian), level (1), message NUL, then key NUL value NUL for each field
 *
 * behind the other in one block, from its beginning again when the next does not fit at the end.
 *
 * A server logs every request. Kept as objects of their own, the events would be hundreds of small
 * allocations that live on among those of visitors and hold their pages when the visitors have
 * gone; and making objects that hardly anybody looks at would cost more than the request itself.
 */
#include "ctl/event_ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/macros.h"
#include "base/mem.h"

/* An event is at most so large, so that many of them fit. */
#define RECORD_MAX 8192

void event_ring_init(struct event_ring *r)
{
	memset(r, 0, sizeof(*r));
}

void event_ring_deinit(struct event_ring *r)
{
	free(TAKE_PTR(r->bytes));
	event_ring_init(r);
}

static struct event_place *place(struct event_ring *r, uint64_t seq)
{
	return &r->places[seq % EVENT_RING_EVENTS];
}

static size_t encode(uint8_t *to, size_t cap, const struct event *ev, size_t n_fields)
{
	struct cursor c;

	cursor_write_init(&c, to, cap);
	cursor_put_u64(&c, ev->time_ms);
	cursor_put_u8(&c, (uint8_t)ev->level);
	cursor_put(&c, ev->message, strlen(ev->message) + 1);
	for (size_t i = 0, kept = 0; i < n_fields && kept < EVENT_RING_FIELDS; i++) {
		const struct log_field *f = &ev->fields[i];

		if (!f->value)
			continue;
		cursor_put(&c, f->key, strlen(f->key) + 1);
		cursor_put(&c, f->value, strlen(f->value) + 1);
		kept++;
	}
	return c.failed ? 0 : c.pos;
}

/* The oldest events in the way of @n bytes at `at` go; those behind it are older than those before.
 */
static void make_room(struct event_ring *r, size_t n)
{
	if (r->at + n > EVENT_RING_BYTES) {
		while (r->oldest < r->next && place(r, r->oldest)->at >= r->at)
			r->oldest++;
		r->at = 0;
	}
	while (r->oldest < r->next && place(r, r->oldest)->at >= r->at &&
		place(r, r->oldest)->at < r->at + n)
		r->oldest++;
	if (r->next - r->oldest == EVENT_RING_EVENTS)
		r->oldest++;
}

void event_ring_add(struct event_ring *r, const struct event *ev)
{
	uint8_t record[RECORD_MAX];
	size_t n = encode(record, sizeof(record), ev, ev->n);

	if (n == 0)
		n = encode(record, sizeof(record), ev, /* n_fields= */ 0);
	if (n == 0)
		return; /* a message of this size is none of ours: log cuts them before */
	if (!r->bytes)
		r->bytes = mem_alloc(EVENT_RING_BYTES);
	make_room(r, n);
	memcpy(r->bytes + r->at, record, n);
	*place(r, r->next) = (struct event_place){(uint32_t)r->at, (uint32_t)n};
	r->at += n;
	r->next++;
}

/* The string at the cursor, which is behind its NUL then. */
static const char *take_text(struct cursor *c)
{
	const char *text = (const char *)c->data + c->pos;

	(void)cursor_bytes(c, strlen(text) + 1);
	return text;
}

void event_ring_get(const struct event_ring *r, uint64_t seq, struct event *ret,
	struct log_field fields[static EVENT_RING_FIELDS])
{
	const struct event_place *p = &r->places[seq % EVENT_RING_EVENTS];
	struct cursor c;

	assert(seq >= r->oldest && seq < r->next);
	cursor_read_init(&c, r->bytes + p->at, p->n);
	ret->time_ms = cursor_u64(&c);
	ret->level = (enum log_level)cursor_u8(&c);
	ret->message = take_text(&c);
	ret->fields = fields;
	for (ret->n = 0; cursor_left(&c) > 0; ret->n++) {
		fields[ret->n].key = take_text(&c);
		fields[ret->n].value = take_text(&c);
	}
}
