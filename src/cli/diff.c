/* SPDX-License-Identifier: MIT */
/*
 * diff: the shortest edit script by Myers' greedy algorithm (1986), then hunks with context.
 *
 * Done here instead of by diff(1): bodies of requests would lie in files meanwhile, minimal systems
 * do not have it, and bounded texts make it short. What the beginnings and the ends have in common
 * is set apart first; for the rest memory grows with the square of the edits, which are bounded.
 */
#include "cli/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

struct line {
	const char *at;
	size_t n; /* with its line feed, which the last one may lack */
	bool edited;
};

struct text {
	struct line *lines;
	size_t n;
};

/* What is left of both when the common ends are set apart, and how far each number of edits came on
 * each diagonal: the x of diagonal k after d edits is reached[d][k + d]. */
struct search {
	struct line *a, *b;
	long na, nb;
	long *reached[DIFF_EDITS_MAX + 1];
};

static void split(struct text *t, const char *text, size_t n)
{
	size_t lines = 1;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	t->lines = mem_zalloc(lines * sizeof(*t->lines));
	while (n > 0) {
		const char *lf = memchr(text, '\n', n);
		size_t len = lf && t->n + 1 < DIFF_LINES_MAX ? (size_t)(lf - text) + 1 : n;

		t->lines[t->n++] = (struct line){text, len, false};
		text += len;
		n -= len;
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->n == b->n && memcmp(a->at, b->at, a->n) == 0;
}

/* --- the shortest way from one to the other --------------------------------------------------- */

static long reached(const struct search *s, long d, long k)
{
	return s->reached[d][k + d];
}

/* Does the best way to diagonal @k with @d edits come from k + 1 (a line of b), not k - 1? */
static bool comes_down(const struct search *s, long d, long k)
{
	return k == -d || (k != d && reached(s, d - 1, k - 1) < reached(s, d - 1, k + 1));
}

static long step(const struct search *s, long d, long k)
{
	if (d == 0)
		return 0;
	return comes_down(s, d, k) ? reached(s, d - 1, k + 1) : reached(s, d - 1, k - 1) + 1;
}

/* All diagonals with @d edits; true when the end of both was reached. */
static bool advance(struct search *s, long d)
{
	s->reached[d] = mem_zalloc((size_t)(2 * d + 1) * sizeof(long));
	for (long k = -d; k <= d; k += 2) {
		long x = step(s, d, k), y = x - k;

		while (x < s->na && y < s->nb && same(&s->a[x], &s->b[y])) {
			x++;
			y++;
		}
		s->reached[d][k + d] = x;
		if (x >= s->na && y >= s->nb)
			return true;
	}
	return false;
}

/* From the end back to the beginning: which lines the @d edits are. */
static void mark_edits(struct search *s, long d)
{
	long k = s->na - s->nb;

	for (; d > 0; d--) {
		bool down = comes_down(s, d, k);
		long from = down ? k + 1 : k - 1, x = reached(s, d - 1, from);

		if (down)
			s->b[x - from].edited = true;
		else
			s->a[x].edited = true;
		k = from;
	}
}

static void mark_all(struct search *s)
{
	for (long i = 0; i < s->na; i++)
		s->a[i].edited = true;
	for (long i = 0; i < s->nb; i++)
		s->b[i].edited = true;
}

static void compare(struct text *a, struct text *b)
{
	struct search s = {.na = (long)a->n, .nb = (long)b->n};
	long d = 0, before = 0;

	while (before < s.na && before < s.nb && same(&a->lines[before], &b->lines[before]))
		before++;
	while (s.na > before && s.nb > before && same(&a->lines[s.na - 1], &b->lines[s.nb - 1])) {
		s.na--;
		s.nb--;
	}
	s.a = a->lines + before;
	s.b = b->lines + before;
	s.na -= before;
	s.nb -= before;
	while (d <= DIFF_EDITS_MAX && !advance(&s, d))
		d++;
	if (d <= DIFF_EDITS_MAX)
		mark_edits(&s, d);
	else
		mark_all(&s);
	for (d = 0; d <= DIFF_EDITS_MAX; d++)
		free(s.reached[d]);
}

/* --- hunks ------------------------------------------------------------------------------------ */

struct hunks {
	const struct text *a, *b;
	diff_line_f *line;
	void *arg;
};

static bool edited(const struct text *t, size_t i)
{
	return i < t->n && t->lines[i].edited;
}

static void say(const struct hunks *h, char kind, const struct line *l)
{
	bool ended = l->n > 0 && l->at[l->n - 1] == '\n';

	h->line(h->arg, kind, l->at, l->n - ended);
	if (!ended)
		h->line(h->arg, '\\', "No newline at end of file", 25);
}

/* "3,4": from the third line four; an empty range is said to be behind the line before it. */
static int range(char *to, size_t size, size_t at, size_t n)
{
	return snprintf(to, size, "%zu,%zu", n ? at + 1 : at, n);
}

/* From line @i of a and @j of b on: where the hunk ends in each. It goes on while the next edit is
 * no further than twice the context. */
static void measure(const struct hunks *h, size_t i, size_t j, size_t *ret_i, size_t *ret_j)
{
	size_t calm = 0;

	while (i < h->a->n || j < h->b->n) {
		if (edited(h->a, i) || edited(h->b, j)) {
			i += edited(h->a, i);
			j += edited(h->b, j);
			calm = 0;
			continue;
		}
		if (++calm > 2 * DIFF_CONTEXT)
			break;
		i++;
		j++;
	}
	calm = MIN(calm, (size_t)(2 * DIFF_CONTEXT));
	calm -= MIN(calm, (size_t)DIFF_CONTEXT);
	*ret_i = i - calm;
	*ret_j = j - calm;
}

static void say_hunk(const struct hunks *h, size_t i, size_t j, size_t to_i, size_t to_j)
{
	char left[48], right[48], head[128];
	int n;

	(void)range(left, sizeof(left), i, to_i - i);
	(void)range(right, sizeof(right), j, to_j - j);
	n = snprintf(head, sizeof(head), "@@ -%s +%s @@", left, right);
	h->line(h->arg, '@', head, (size_t)n);
	while (i < to_i || j < to_j) {
		if (i < to_i && edited(h->a, i))
			say(h, '-', &h->a->lines[i++]);
		else if (j < to_j && edited(h->b, j))
			say(h, '+', &h->b->lines[j++]);
		else {
			say(h, ' ', &h->a->lines[i++]);
			j++;
		}
	}
}

static bool say_hunks(const struct hunks *h)
{
	size_t i = 0, j = 0, done = 0; /* @done: lines of a that an earlier hunk had */
	bool any = false;

	while (i < h->a->n || j < h->b->n) {
		size_t back, to_i, to_j;

		if (!edited(h->a, i) && !edited(h->b, j)) {
			i++;
			j++;
			continue;
		}
		back = MIN(i - done, (size_t)DIFF_CONTEXT);
		measure(h, i, j, &to_i, &to_j);
		say_hunk(h, i - back, j - back, to_i, to_j);
		i = done = to_i;
		j = to_j;
		any = true;
	}
	return any;
}

bool diff_texts(const char *a, size_t na, const char *b, size_t nb, diff_line_f *line, void *arg)
{
	struct text ta = {0}, tb = {0};
	struct hunks h = {&ta, &tb, line, arg};
	bool any;

	split(&ta, a, na);
	split(&tb, b, nb);
	compare(&ta, &tb);
	any = say_hunks(&h);
	free(ta.lines);
	free(tb.lines);
	return any;
}
