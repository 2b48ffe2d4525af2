/* SPDX-License-Identifier: MIT */
#pragma once

/* sse: a text/event-stream as events (HTML, "server-sent events"). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct sse;

struct sse_ops {
	/* More of an event: its lines as they came, without the empty one behind them. */
	void (*more)(struct sse *s, const uint8_t *bytes, size_t n);
	/* It is whole; or (@event false) it was no event: nothing but comments. */
	void (*whole)(struct sse *s, bool event);
};

struct sse {
	const struct sse_ops *ops;
	bool in_line; /* of which something has come */
	bool after_cr;
	bool begun; /* `more` was said, `whole` not yet */
	bool event; /* there was a line that is no comment */
};

/* What the lines of one event say, as a browser tells it to a page. */
struct sse_event {
	struct str data;       /* of all its lines, LF between them; no more than `max` of it */
	const char *name, *id; /* borrowed of the lines, not NUL-terminated; NULL: none was given */
	size_t n_name, n_id;
	bool has_data; /* without it a page gets nothing */
};

void sse_init(struct sse *s, const struct sse_ops *ops);
void sse_take(struct sse *s, const uint8_t *bytes, size_t n);
/* Read the @n bytes of an event's lines. */
void sse_event_init(struct sse_event *ret, const char *bytes, size_t n);
void sse_event_deinit(struct sse_event *e);
