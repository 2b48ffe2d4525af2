/* SPDX-License-Identifier: MIT */
#pragma once

/* event_ring: the last log events in one piece of memory, however many come and go. */

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define EVENT_RING_EVENTS 500
#define EVENT_RING_BYTES  (256 * 1024)

/* One event as it was logged. @fields is an array of @n; all borrowed. */
struct event {
	uint64_t time_ms; /* wall clock */
	enum log_level level;
	const char *message;
	const struct log_field *fields;
	size_t n;
};

struct event_ring {
	uint8_t *bytes;        /* EVENT_RING_BYTES; NULL before the first event */
	size_t at;             /* where the next event goes */
	uint64_t oldest, next; /* sequence numbers: of the oldest event kept, of the next to come */
	struct event_place {
		uint32_t at, n;
	} places[EVENT_RING_EVENTS]; /* by sequence number */
};

/* Most fields an event keeps; more are left out. */
#define EVENT_RING_FIELDS 24

void event_ring_init(struct event_ring *r);
void event_ring_deinit(struct event_ring *r);
/* Copy @ev in; the oldest make room. One that is too large is kept without its fields. */
void event_ring_add(struct event_ring *r, const struct event *ev);
/* The event number @seq, in oldest..next-1. What it points to lives until the next
 * event_ring_add(); its fields are in @fields, their values never NULL. */
void event_ring_get(const struct event_ring *r, uint64_t seq, struct event *ret,
	struct log_field fields[static EVENT_RING_FIELDS]);
