/* SPDX-License-Identifier: MIT */
/*
 * sse: lines to events.
 *
 * A line ends with CR, LF or both; an empty line ends the event. Nothing is buffered: pieces go to
 * the owner as they come, and what turned out to be no event is taken back by `whole`. What the
 * lines of a whole one say is read on request. A field's last line counts, but of `data`, where
 * each does; an `id` stays with its event, while a browser tells it of those behind, too.
 */
#include "inspect/sse.h"

#include <string.h>

#include "base/macros.h"
#include "base/str.h"

void sse_init(struct sse *s, const struct sse_ops *ops)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
}

static void more(struct sse *s, const uint8_t *bytes, size_t n)
{
	s->begun = true;
	s->ops->more(s, bytes, n);
}

static void end_line(struct sse *s, const uint8_t *end)
{
	s->after_cr = *end == '\r';
	if (s->in_line) {
		more(s, end, 1);
		s->in_line = false;
		return;
	}
	if (s->begun)
		s->ops->whole(s, s->event);
	s->begun = s->event = false;
}

/* Up to the end of the line: how much that is. */
static size_t take_line(struct sse *s, const uint8_t *bytes, size_t n)
{
	size_t len = 0;

	while (len < n && bytes[len] != '\r' && bytes[len] != '\n')
		len++;
	if (len > 0) {
		if (!s->in_line && *bytes != ':')
			s->event = true;
		s->in_line = true;
		more(s, bytes, len);
	}
	if (len == n)
		return n;
	end_line(s, bytes + len);
	return len + 1;
}

void sse_take(struct sse *s, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		size_t taken = 1;

		if (s->after_cr && *bytes == '\n') {
			/* the second half of a line's end; of the empty line's it is nobody's */
			s->after_cr = false;
			if (s->begun)
				more(s, bytes, 1);
		} else {
			s->after_cr = false;
			taken = take_line(s, bytes, n);
		}
		bytes += taken;
		n -= taken;
	}
}

/* --- one event ------------------------------------------------------------------------------- */

static bool is_field(const char *line, size_t n, const char *name)
{
	return n == strlen(name) && memcmp(line, name, n) == 0;
}

static void take_field(struct sse_event *e, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n), *value = colon ? colon + 1 : line + n;
	size_t n_name = colon ? (size_t)(colon - line) : n, n_value;

	if (value < line + n && *value == ' ')
		value++;
	n_value = (size_t)(line + n - value);
	if (is_field(line, n_name, "data")) {
		if (e->has_data)
			str_addc(&e->data, '\n');
		str_add_n(&e->data, value, n_value);
		e->has_data = true;
	} else if (is_field(line, n_name, "event")) {
		e->name = value;
		e->n_name = n_value;
	} else if (is_field(line, n_name, "id")) {
		e->id = value;
		e->n_id = n_value;
	}
}

void sse_event_init(struct sse_event *ret, const char *bytes, size_t n)
{
	*ret = (struct sse_event){.data = STR_INIT(n)};
	while (n > 0) {
		size_t len = 0;

		while (len < n && bytes[len] != '\r' && bytes[len] != '\n')
			len++;
		take_field(ret, bytes, len);
		len += len < n; /* of CR and LF the second ends an empty line, which says nothing */
		bytes += len;
		n -= len;
	}
}

void sse_event_deinit(struct sse_event *e)
{
	str_deinit(&e->data);
}
