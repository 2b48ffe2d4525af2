/* SPDX-License-Identifier: MIT */
/*
 * cells: nothing that a stranger wrote may move the cursor, turn the line's direction, or take more
 * room than it was given.
 */
#include "cli/cells.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/macros.h"

struct writer {
	wchar_t *out;
	size_t n;             /* characters */
	size_t used, columns; /* of them, and what there is */
	size_t skip;          /* columns that are still to be left out */
	bool more;            /* something did not fit */
};

static void put(struct writer *w, wchar_t c, size_t width)
{
	if (w->skip > 0) {
		w->skip -= MIN(w->skip, width);
		return;
	}
	if (w->more || w->used + width > w->columns) {
		w->more = true;
		return;
	}
	w->out[w->n++] = c;
	w->used += width;
}

static void put_escaped(struct writer *w, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[8];

		(void)snprintf(text, sizeof(text), "\\x%02x", (unsigned char)bytes[i]);
		for (const char *p = text; *p; p++)
			put(w, (wchar_t)*p, 1);
	}
}

/* The last column, or two, make room for the sign that there is more. */
static void end_with_mark(struct writer *w)
{
	wchar_t mark = wcwidth(L'…') == 1 ? L'…' : L'.';

	while (w->n > 0 && w->used + 1 > w->columns)
		w->used -= (size_t)wcwidth(w->out[--w->n]);
	if (w->used + 1 > w->columns)
		return;
	w->out[w->n++] = mark;
	w->used++;
}

size_t cells_fit(wchar_t *ret, size_t columns, const char *text, size_t skip)
{
	struct writer w = {.out = ret, .columns = columns, .skip = skip};
	size_t left = strlen(text);
	mbstate_t state = {0};

	while (left > 0 && !w.more) {
		wchar_t c = L'\0';
		size_t n = mbrtowc(&c, text, left, &state);
		int width;

		if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
			memset(&state, 0, sizeof(state));
			n = 1;
			width = 0;
		} else {
			width = iswprint((wint_t)c) ? wcwidth(c) : 0;
		}
		if (c == L'\t' && n == 1)
			put(&w, L' ', 1);
		else if (width > 0)
			put(&w, c, (size_t)width);
		else
			put_escaped(&w, text, n);
		text += n;
		left -= n;
	}
	if (w.more)
		end_with_mark(&w);
	ret[w.n] = L'\0';
	return w.used;
}
